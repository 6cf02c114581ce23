import { beforeAll, expect, test } from "vitest";
import type { StatusJson } from "../../src/report/status.ts";
import { faultsOf } from "../schemas/faults.ts";
import { DEMO_CLUSTER } from "../support/cli.ts";
import { type Ended, InProcessCommandLine } from "../support/in-process.ts";

/** The one JSON document that a command has printed. */
function documentOf({ stdout }: Ended): StatusJson {
  const lines = stdout.trimEnd().split("\n");
  expect(lines).toHaveLength(1);
  const document = JSON.parse(lines[0]!);
  expect(faultsOf("schemas/status.schema.json", document)).toEqual([]);
  return document;
}

let line: InProcessCommandLine;
let plan: string;
beforeAll(async () => {
  line = await InProcessCommandLine.openForAll();
  plan = await line.makePlan();
  return () => line.close();
});

test("a time box that is over before there is a run says in JSON that it is paused, and of which run: none", async () => {
  const early = ["--not-before", "2100-01-01T00:00:00Z", "--max-duration", "1h"];
  const paused = await line.run("apply", "--plan", plan, "--yes", "-o", "json", ...early);
  expect(paused.code).toBe(8);
  const { run, state, clusters } = documentOf(paused);
  expect([run, state, clusters[0]!.id]).toEqual([null, "paused", DEMO_CLUSTER]);
  expect(new Set(clusters[0]!.steps.map((step) => step.state))).toEqual(new Set(["pending"]));
});

test("a dry run has no events to print", async () => {
  const refused = await line.run("apply", "--plan", plan, "--dry-run", "-o", "jsonl");
  expect([refused.code, refused.stdout, refused.stderr]).toEqual([2, "", expect.stringContaining("-o json")]);
});

test("what there is to do, done or left is one JSON document, with and without a run", async () => {
  expect((await line.run("apply", "--plan", plan, "--yes", "--until", "assign-roles")).code).toBe(8);
  const resumed = documentOf(await line.run("resume", "-o", "json"));
  expect(resumed.state).toBe("done");

  const again = await line.run("apply", "--plan", plan, "--yes", "-o", "json");
  expect([again.code, again.stderr]).toEqual([0, expect.stringContaining("nothing to do")]);
  expect(documentOf(again)).toEqual({
    ...resumed,
    clusters: resumed.clusters.map(({ id, steps }) => ({
      id,
      steps: steps.map((step) => ({ id: step.id, state: "done" })),
    })),
  });
  const events = await line.run("apply", "--plan", plan, "--yes", "-o", "jsonl");
  expect([events.code, events.stdout]).toEqual([0, '{"type":"version","events":"1"}\n']);

  const empty = line.file("empty.yaml");
  await line.run("plan", "--id", DEMO_CLUSTER, "--out", empty);
  const none = await line.run("apply", "--plan", empty, "--yes", "-o", "json");
  expect([none.code, documentOf(none)]).toEqual([
    0,
    { run: null, state: "done", clusters: [{ id: DEMO_CLUSTER, steps: [] }] },
  ]);
});
