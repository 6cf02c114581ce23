import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { parseScenario } from "../../src/emulator/scenario.ts";
import { DEMO_CLUSTER } from "../support/cli.ts";
import { InProcessCommandLine } from "../support/in-process.ts";

let line: InProcessCommandLine;
let plan: string;
beforeEach(async () => {
  line = await InProcessCommandLine.open();
  plan = await line.makePlan();
});

const OWNER = [{ role: "Owner", scope: "/" }];

function runFolder(): string {
  const runs = line.file("state/runs");
  return join(runs, readdirSync(runs)[0]!);
}

test("a plan edited after its approval is not resumed", async () => {
  expect((await line.run("apply", "--plan", plan, "--yes", "--until", "assign-roles")).code).toBe(8);
  const file = join(runFolder(), "plan.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace("wait: 60m", "wait: 1s"));
  const writes = (await line.lab.writes()).length;
  const refused = await line.run("resume");
  expect(refused.code).toBe(5);
  expect(refused.stderr).toContain("not the one that was approved");
  expect((await line.lab.writes()).length).toBe(writes);
});

test("a plan edited after its approval is not resumed for a cluster that had not begun, either", async () => {
  const two = await InProcessCommandLine.open(
    {},
    parseScenario("generate: { clusters: 2, subscriptions: 1 }", "two.yaml"),
  );
  const file = two.file("plan.yaml");
  const ids = (await two.lab.clusterIds()).flatMap((id) => ["--id", id]);
  await two.run("plan", ...ids, "--out", file);
  expect((await two.run("apply", "--plan", file, "--yes", "--until", "assign-roles")).code).toBe(8);
  const runs = two.file("state/runs");
  const run = join(runs, readdirSync(runs)[0]!);
  // As it is when the process dies before it comes to the second cluster.
  const second = readdirSync(run).find((name) => name.startsWith("2-"))!;
  rmSync(join(run, second, "journal.jsonl"));
  const planned = join(run, "plan.yaml");
  writeFileSync(planned, readFileSync(planned, "utf8").replace("wait: 60m", "wait: 1s"));
  const requests = (await two.lab.requests()).length;
  for (const command of [["resume"], ["resume", "--yes"], ["undo", "--yes"]]) {
    const refused = await two.run(...command);
    expect([refused.code, refused.stderr]).toEqual([5, expect.stringContaining("not the one that was approved")]);
  }
  expect((await two.lab.requests()).length).toBe(requests);
  expect(existsSync(join(run, second, "journal.jsonl"))).toBe(false);
});

test("a plan of another cloud, tenant or door is refused before anybody is asked to approve it, and before any request", async () => {
  expect((await line.run("apply", "--plan", plan, "--yes", "--until", "assign-roles")).code).toBe(8);
  const live = line.file("live.yaml");
  writeFileSync(live, readFileSync(plan, "utf8").replace("emulator: true", "emulator: false"));
  const requests = (await line.lab.requests()).length;
  const elsewhere = ["--tenant", "11111111-2222-4333-8444-555555555555"];
  for (const [code, ...command] of [
    [5, "apply", "--plan", plan, ...elsewhere],
    [5, "apply", "--plan", plan, "--cloud", "AzureChinaCloud"],
    [5, "apply", "--plan", live],
    [2, "resume", ...elsewhere],
    [2, "undo", ...elsewhere],
  ] as const) {
    for (const approval of [[], ["--yes"]]) {
      const refused = await line.run(...command, ...approval);
      expect([refused.code, refused.stderr, refused.stdout]).toEqual([
        code,
        expect.stringContaining("The plan was made"),
        "",
      ]);
    }
  }
  expect((await line.lab.requests()).length).toBe(requests);
});

test("a step that --until does not know is refused before anything is done", async () => {
  const refused = await line.run("apply", "--plan", plan, "--yes", "--until", "nonsense");
  expect(refused.code).toBe(2);
  expect(existsSync(line.file("state"))).toBe(false);
});

test("a caller whom Azure refuses the very first write ends with 3, and a later one with 1", async () => {
  const caller = {
    objectId: "11111111-2222-4333-8444-555555555555",
    name: "reader",
    type: "User",
    roles: [{ role: "Reader", scope: "/" }],
  };
  await line.lab.control("PATCH", "/_emulator/behaviour", { caller });
  const refused = await line.run("apply", "--plan", plan, "--yes");
  expect(refused.code, refused.stderr).toBe(3);
  expect(refused.stderr).toContain("AuthorizationFailed");
  expect(refused.stderr).toMatch(/perform action 'Microsoft\.[^']+\/write' over scope '\/subscriptions\/[^']+'/);
  expect(await line.lab.writes()).toEqual([]);

  await line.lab.control("PATCH", "/_emulator/behaviour", { caller: { ...caller, roles: OWNER } });
  expect((await line.run("resume", "--until", "assign-roles")).code).toBe(8);
  await line.lab.control("PATCH", "/_emulator/behaviour", { caller });
  expect((await line.run("resume")).code).toBe(1);
});

test("a short wait for roles is recorded as a warning in the plan", async () => {
  const planned = await line.run("plan", "--id", DEMO_CLUSTER, "--role-propagation", "5m", "-o", "json");
  const { findings } = JSON.parse(planned.stdout).clusters[0];
  expect(findings).toContainEqual(expect.objectContaining({ check: "WAIT-ROLES", severity: "high" }));
});

test("an own kubelet identity is not planned blindly when nobody knows the registries", async () => {
  await line.lab.control("PATCH", "/_emulator/behaviour", { graphDenied: true });
  const blocked = await line.run("plan", "--id", DEMO_CLUSTER, "--out", line.file("blind.yaml"));
  expect(blocked.code).toBe(4);
  expect((await line.run("apply", "--plan", line.file("blind.yaml"), "--yes")).code).toBe(4);
  expect(await line.lab.writes()).toEqual([]);
});

test("there is nothing to resume, to undo or to show where no run is", async () => {
  for (const command of ["resume", "status", "undo", "report"]) {
    const refused = await line.run(command);
    expect(refused.code, command).toBe(2);
    expect(refused.stderr).toContain("There is no run");
  }
});

test("a word that is no command is said to be none, whatever follows it, and an unknown flag one", async () => {
  for (const args of [["verfy"], ["verfy", "--id", DEMO_CLUSTER]]) {
    const refused = await line.run(...args);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("there is no command 'verfy'; the")]);
  }
  expect((await line.run("--bogus")).stderr).toContain("unknown option '--bogus'");
  expect((await line.run("verify", "--bogus")).stderr).toContain("unknown option '--bogus'");
});

test("an error names its code, what went wrong and a remedy", async () => {
  const { code, stderr } = await line.run("apply", "--plan", plan);
  expect(code).toBe(7);
  expect(stderr).toMatch(
    /^aks-mi: The plan has not been approved\. \(APPROVAL_NEEDED\)\n {2}→ Review it, then add --approve/,
  );
});
