import { expect, test } from "vitest";
import type { Assessment } from "../../src/assess/assess-estate.ts";
import { renderAssessmentMarkdown } from "../../src/assess/render/markdown.ts";
import { renderAssessmentSarif } from "../../src/assess/render/sarif.ts";
import { renderAssessmentTable } from "../../src/assess/render/table.ts";
import { sanitizeDeep } from "../../src/text/terminal.ts";
import { repeated } from "../support/repeated.ts";
import { CLUSTER } from "./readings.ts";

const assessment: Assessment = {
  clusters: [
    {
      id: CLUSTER,
      state: "service-principal",
      credentialsEnd: "2027-01-14T00:00:00.000Z",
      findings: [
        {
          check: "ID001",
          severity: "high",
          seen: "it uses the service principal a|b",
          remedy: "Make a plan.",
          link: "https://learn.microsoft.com/azure/aks/use-managed-identity",
          rules: ["Azure Policy da6e2401-19da-4532-9141-fb8fbde08431"],
        },
        { check: "OP004", severity: "medium", seen: "local accounts are on", remedy: "Disable them." },
        { check: "AD004", severity: "info", seen: "features are locked", remedy: "Wait." },
      ],
      notAssessed: [{ check: "WK001", reason: "the cluster was not read" }],
    },
  ],
  subscriptionsNotAssessed: [{ id: "s", reason: "you may not read it" }],
};

interface SarifResult {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly kind?: string;
  readonly level: string;
  readonly message: { readonly text: string };
  readonly locations: readonly {
    readonly physicalLocation: { readonly artifactLocation: { readonly uri: string } };
    readonly logicalLocations: readonly { readonly fullyQualifiedName: string }[];
  }[];
}

function sarif(from: Assessment) {
  return JSON.parse(renderAssessmentSarif(from, "1.2.3")) as {
    version: string;
    $schema: string;
    runs: {
      tool: { driver: { name: string; version: string; rules: { id: string; helpUri?: string }[] } };
      invocations: { executionSuccessful: boolean; toolExecutionNotifications: { message: { text: string } }[] }[];
      results: SarifResult[];
    }[];
  };
}

test("SARIF has what version 2.1.0 demands of a log: a driver with a name, and results with messages that name their rule", () => {
  const log = sarif(assessment);
  expect([log.version, log.runs.length]).toEqual(["2.1.0", 1]);
  const [run] = log.runs;
  expect(run!.tool.driver).toMatchObject({ name: "aks-mi", version: "1.2.3" });
  const ids = run!.tool.driver.rules.map(({ id }) => id);
  expect(repeated(ids)).toEqual([]);
  for (const result of run!.results) {
    expect(ids[result.ruleIndex]).toBe(result.ruleId);
    expect(result.message.text).not.toBe("");
    expect(["none", "note", "warning", "error"]).toContain(result.level);
    // A relative reference: it must not begin with a slash, and must be a URI.
    expect(result.locations[0]!.physicalLocation.artifactLocation.uri).toMatch(/^subscriptions\/[\w./-]+$/);
    expect(result.locations[0]!.logicalLocations[0]!.fullyQualifiedName).toBe(CLUSTER);
  }
  expect(run!.invocations[0]).toMatchObject({ executionSuccessful: true });
  expect(run!.invocations[0]!.toolExecutionNotifications[0]!.message.text).toContain("Subscription s was not assessed");
});

test("in SARIF a severity is a level, and what was not assessed is an open question of level none", () => {
  const levels = sarif(assessment).runs[0]!.results.map(({ ruleId, kind, level }) => [ruleId, kind, level]);
  expect(levels).toEqual([
    ["ID001", undefined, "error"],
    ["OP004", undefined, "warning"],
    ["AD004", undefined, "note"],
    ["WK001", "open", "none"],
  ]);
});

test("in SARIF a reason that holds for many clusters is one result with all of them as locations", () => {
  const clusters = [1, 2, 3].map((index) => ({ ...assessment.clusters[0]!, id: `${CLUSTER}-${index}` }));
  const open = sarif({ clusters }).runs[0]!.results.filter(({ kind }) => kind === "open");
  expect(open.map(({ message, locations }) => [message.text, locations.length])).toEqual([
    ["Not assessed on 3 clusters: the cluster was not read.", 3],
  ]);
});

test("an empty estate is a valid SARIF log without results", () => {
  expect(sarif({ clusters: [] }).runs[0]!.results).toEqual([]);
});

test("few clusters are told in full, with the rules of other tools", () => {
  const text = renderAssessmentTable(assessment);
  expect(text).toContain("shop     service-principal  2027-01-14   high   ID001 OP004 AD004");
  expect(text).toContain(`\nshop (service-principal)\n  ${CLUSTER}\n`);
  expect(text).toContain("    https://learn.microsoft.com/azure/aks/use-managed-identity\n");
  expect(text).toContain("also reported by Azure Policy da6e2401");
  expect(text).toContain("WK001 not assessed: the cluster was not read");
  expect(text).toContain("subscription s not assessed");
  expect(text).toContain("1 cluster: 1 service-principal");
});

test("many clusters are told by check, the worst first", () => {
  const clusters = Array.from({ length: 30 }, (_, index) => ({
    ...assessment.clusters[0]!,
    id: `${CLUSTER}-${index}`,
  }));
  const text = renderAssessmentTable({ clusters });
  expect(text).toContain("ID001 high: 30 clusters (shop-0, shop-1, shop-2, shop-3, shop-4 and 25 more)");
  expect(text.indexOf("ID001 high:")).toBeLessThan(text.indexOf("OP004 medium:"));
  expect(text).toContain("WK001 not assessed on 30 clusters: the cluster was not read");
});

test("in Markdown, text from Azure cannot break out of its cell", () => {
  const text = renderAssessmentMarkdown(assessment);
  expect(text).toContain("it uses the service principal a\\|b");
  expect(text).toContain("[ID001](https://learn.microsoft.com/azure/aks/use-managed-identity)");
  expect(text).toContain("- WK001: the cluster was not read");
});

test("in SARIF, text from Azure makes no link, and half a character no defect", () => {
  const [cluster] = assessment.clusters;
  const seen = "it uses [sign in](https://elsewhere.example) [a](0)";
  const id = `${CLUSTER}\ud800`;
  const reason = "[b](https://elsewhere.example)";
  const log = sarif(
    sanitizeDeep({
      clusters: [{ ...cluster!, id, findings: [{ ...cluster!.findings[0]!, seen, remedy: seen }] }],
      subscriptionsNotAssessed: [{ id: "s", reason }],
    }),
  );
  const text = JSON.stringify(log);
  expect(text).toContain("it uses [sign in\\\\](https://elsewhere.example) [a\\\\](0)");
  expect(text).not.toMatch(/[^\\]\]\(/);
});
