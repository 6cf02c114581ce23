import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { canonicalJson, planHash } from "../../src/plan/canonical.ts";
import { planJsonSchema } from "../../src/plan/json-schema.ts";
import { formatPlanYaml, parsePlan, readPlanFile } from "../../src/plan/plan-file.ts";
import type { MigrationPlan } from "../../src/plan/schema.ts";
import { Lab } from "../support/lab.ts";

const lab = await Lab.open();
const plan = await lab.plan();

function withCluster(edit: (cluster: MigrationPlan["clusters"][number]) => object): string {
  return stringify({ ...plan, clusters: plan.clusters.map(edit) });
}

function messageOf(text: string): string {
  try {
    parsePlan(text, "plan.yaml");
  } catch (error) {
    expect(error).toMatchObject({ code: "PLAN_INVALID" });
    return (error as Error).message;
  }
  throw new Error("the plan was accepted");
}

describe("a plan file", () => {
  test("reads back as it was written, as YAML and as JSON", () => {
    expect(parsePlan(formatPlanYaml(plan), "plan.yaml")).toEqual(plan);
    expect(parsePlan(JSON.stringify(plan, undefined, 2), "plan.json")).toEqual(plan);
  });

  test("is block-style YAML with all five keys at the top", () => {
    const lines = formatPlanYaml(plan).split("\n");
    expect(lines.filter((line) => /^[a-z]/i.test(line)).map((line) => line.split(":")[0])).toEqual([
      "apiVersion",
      "kind",
      "metadata",
      "settings",
      "clusters",
    ]);
    expect(lines.some((line) => /: \{ /.test(line))).toBe(false);
  });

  test.each([
    ["", "plan.yaml:1: is empty"],
    ["\n\n", "plan.yaml:1: is empty"],
    ["a: [1\nb: 2\n", "is not valid YAML"],
    ["- 1\n- 2\n", "plan.yaml:1: is not a plan of aks-mi"],
    ["just words", "plan.yaml:1: is not a plan of aks-mi"],
    ["apiVersion: v1\nkind: Pod\n", 'plan.yaml:1: is not a plan of this version of aks-mi: its apiVersion is "v1"'],
    ["kind: MigrationPlan\n", "it has no apiVersion"],
    ["a: &x [1]\nb: *x\napiVersion: aks-mi/v1\n", "uses YAML aliases"],
    ["a: 1\na: 2\n", "is not valid YAML"],
    ["a: !!js/function 'x'\n", "is not valid YAML"],
  ])("that is none is refused: %j", (text, message) => {
    expect(messageOf(text)).toContain(message);
  });

  test("with an unknown key is refused, with its line and path", () => {
    const text = formatPlanYaml(plan).replace("    path: service", "    surprise: 1\n    path: service");
    const line = text.split("\n").findIndex((candidate) => candidate.includes("surprise")) + 1;
    expect(messageOf(text)).toBe(`plan.yaml:${line}: clusters[0].surprise is not a key that a plan has.`);
  });

  test("with a wrong type is refused, with its line and path", () => {
    const text = formatPlanYaml(plan).replace("nodes: 9", "nodes: nine");
    const line = text.split("\n").findIndex((candidate) => candidate.includes("nodes: nine")) + 1;
    expect(messageOf(text)).toMatch(
      new RegExp(`^plan\\.yaml:${line}: clusters\\[0\\]\\.steps\\[3\\]\\.changes\\[0\\]\\.nodes is of the wrong type`),
    );
  });

  test("with a bad cluster id is refused", () => {
    expect(messageOf(withCluster((cluster) => ({ ...cluster, id: "payments-prod" })))).toContain(
      "clusters[0].id must be the id of a managed cluster",
    );
  });

  test("that names a cluster twice, in whatever case, is refused", () => {
    const again = plan.clusters.map((cluster) => ({ ...cluster, id: cluster.id.replace("payments", "PAYMENTS") }));
    const text = JSON.stringify({ ...plan, clusters: [...plan.clusters, ...again] });
    expect(messageOf(text)).toBe("plan.yaml:1: clusters[1].id names the cluster of clusters[0] once more.");
  });

  test("without a required key is refused", () => {
    expect(messageOf(withCluster(({ facts: _facts, ...rest }) => rest))).toContain("clusters[0].facts is missing");
  });

  test("cannot reach into prototypes", () => {
    const text = formatPlanYaml(plan).replace(
      "kind: MigrationPlan",
      "kind: MigrationPlan\n__proto__:\n  polluted: true",
    );
    expect(messageOf(text)).toContain("__proto__");
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test("has the JSON Schema that ships (npm run schema)", async () => {
    await expect(planJsonSchema()).toMatchFileSnapshot("../../plans/plan.schema.json");
  });
});

describe("a plan's hash", () => {
  const change = (edit: (copy: MigrationPlan) => void) => {
    const copy = structuredClone(plan);
    edit(copy);
    return planHash(copy);
  };

  test("ignores the plan's name, date and tool, and nothing else", () => {
    expect(
      change((copy) => {
        Object.assign(copy.metadata, { name: "x", createdAt: "2020-01-01T00:00:00Z", tool: "aks-mi 9.9.9" });
      }),
    ).toBe(planHash(plan));
    expect(change((copy) => Object.assign(copy.metadata, { tenant: "x" }))).not.toBe(planHash(plan));
    expect(change((copy) => Object.assign(copy.settings.rolePropagation, { wait: "1m" }))).not.toBe(planHash(plan));
    expect(change((copy) => copy.clusters[0]!.steps[0]!.changes.pop())).not.toBe(planHash(plan));
  });

  test("is made from JSON as RFC 8785 writes it", () => {
    expect(canonicalJson({ b: [1, 1e21, "\u20ac"], a: { "\u00e9": null, A: true } })).toBe(
      '{"a":{"A":true,"\u00e9":null},"b":[1,1e+21,"\u20ac"]}',
    );
  });
});

describe("an example plan", () => {
  const folder = "plans/examples";
  test.each(readdirSync(folder))("is a valid plan: %s", (name) => {
    expect(readPlanFile(join(folder, name)).clusters).toHaveLength(1);
  });
});
