import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { FINISHED, INTERRUPTED, ROLLING } from "../report/run-fixtures.ts";
import { CommandLine, DEMO_CLUSTER } from "../support/cli.ts";
import { InProcessCommandLine } from "../support/in-process.ts";
import { faultsOf } from "./faults.ts";
import { OUTPUT_SCHEMAS, outputJsonSchema } from "./output-schemas.ts";

type Name = keyof typeof OUTPUT_SCHEMAS;

const names = Object.keys(OUTPUT_SCHEMAS) as Name[];

const ofOutput = (name: Name, data: unknown) => faultsOf(`schemas/${name}.schema.json`, data);

test.each(names)("schemas/%s.schema.json is what ships (npm run schema)", async (name) => {
  await expect(outputJsonSchema(name)).toMatchFileSnapshot(`../../schemas/${name}.schema.json`);
});

test("the package ships every schema", () => {
  const { files } = JSON.parse(readFileSync("package.json", "utf8")) as { files: string[] };
  expect(files).toEqual(expect.arrayContaining(["schemas", "plans/plan.schema.json"]));
});

describe("the JSON outputs of a migration", () => {
  let line: CommandLine;
  const json = async (...args: string[]): Promise<unknown> =>
    JSON.parse((await line.run([...args, "-o", "json"])).stdout);

  beforeAll(async () => {
    line = await CommandLine.open();
  });
  afterAll(() => line.close());

  test("validate against the schemas that ship, before, in and after a run", async () => {
    expect(ofOutput("assess", await json("assess"))).toEqual([]);
    expect(ofOutput("verify", await json("verify", "--id", DEMO_CLUSTER))).toEqual([]);
    const plan = await json("plan", "--id", DEMO_CLUSTER, "--out", "plan.yaml");
    expect(faultsOf("plans/plan.schema.json", plan)).toEqual([]);
    expect(faultsOf("plans/plan.schema.json", parse(readFileSync(`${line.folder}/plan.yaml`, "utf8")))).toEqual([]);

    const paused = await line.run([
      "apply",
      "--plan",
      "plan.yaml",
      "--yes",
      "--until",
      "enable-managed-identity",
      "-o",
      "jsonl",
    ]);
    expect(paused.code).toBe(8);
    expect(ofOutput("status", await json("status"))).toEqual([]);
    expect(ofOutput("report", await json("report"))).toEqual([]);
    const done = await line.run(["resume", "-o", "jsonl"]);
    expect(done.code).toBe(0);
    for (const { stdout } of [paused, done]) {
      const events = stdout
        .trimEnd()
        .split("\n")
        .map((text) => JSON.parse(text) as { type: string });
      expect(events[0]).toEqual({ type: "version", events: "1" });
      expect(events.length).toBeGreaterThan(10);
      for (const event of events) expect(ofOutput("event", event), event.type).toEqual([]);
    }
    for (const name of ["status", "report"] as const) expect(ofOutput(name, await json(name))).toEqual([]);
    expect(ofOutput("report", await json("report", "--mask"))).toEqual([]);
    expect(ofOutput("verify", await json("verify", "--id", DEMO_CLUSTER))).toEqual([]);
    expect(ofOutput("assess", await json("assess"))).toEqual([]);
  });
});

test("what an undo says validates against its schema", async () => {
  const line = await InProcessCommandLine.open({}, "kubenet-plain");
  const [cluster] = await line.lab.clusterIds();
  await line.run("plan", "--id", cluster!, "--out", line.file("plan.yaml"));
  await line.run("apply", "--plan", line.file("plan.yaml"), "--yes", "--until", "enable-managed-identity");
  const { stdout } = await line.run("undo", "--yes", "-o", "json");
  expect(ofOutput("undo", JSON.parse(stdout))).toEqual([]);
  expect(stdout).toContain("/roleAssignments/");
});

test("every event of the fixtures is one of the schema's", () => {
  for (const event of [...INTERRUPTED, ...ROLLING, ...FINISHED]) expect(ofOutput("event", event)).toEqual([]);
});

test.each([
  ["status", { run: "r1", state: "asleep", clusters: [] }],
  ["event", { type: "step:done", run: "r1", seq: 1, at: "2026-11-22T08:00:00Z" }],
  ["verify", { clusters: [{ id: DEMO_CLUSTER }] }],
  ["rehearse", { plan: "shop", through: true, rehearsals: [{ assumption: "as expected" }] }],
  ["undo", { run: "r1" }],
] as const)("the schema of %s refuses what is none", (name, data) => {
  expect(ofOutput(name, data)).not.toEqual([]);
});
