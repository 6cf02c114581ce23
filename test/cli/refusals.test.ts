import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CommandLine, DEMO_CLUSTER } from "../support/cli.ts";

let line: CommandLine;
beforeEach(async () => {
  line = await CommandLine.open();
  const planned = await line.run(["plan", "--id", DEMO_CLUSTER, "--out", "plan.yaml"]);
  expect(planned.code, planned.stderr).toBe(0);
});
afterEach(() => line.close());

function runFolder(): string {
  const runs = join(line.folder, ".aks-mi", "runs");
  return join(runs, readdirSync(runs)[0]!);
}

test("a plan edited after its approval is not resumed", async () => {
  expect((await line.run(["apply", "--plan", "plan.yaml", "--yes", "--until", "assign-roles"])).code).toBe(8);
  const file = join(runFolder(), "plan.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace("wait: 60m", "wait: 1s"));
  const writes = (await line.writes()).length;
  const refused = await line.run(["resume"]);
  expect(refused.code).toBe(5);
  expect(refused.stderr).toContain("not the one that was approved");
  expect((await line.writes()).length).toBe(writes);
});

test("a step that --until does not know is refused before anything is done", async () => {
  const refused = await line.run(["apply", "--plan", "plan.yaml", "--yes", "--until", "nonsense"]);
  expect(refused.code).toBe(2);
  expect(existsSync(join(line.folder, ".aks-mi"))).toBe(false);
});

test("a caller whom Azure refuses the very first write ends with 3, and later with 1", async () => {
  const caller = {
    objectId: "11111111-2222-4333-8444-555555555555",
    name: "reader",
    type: "User",
    roles: [{ role: "Reader", scope: "/" }],
  };
  await line.control("PATCH", "/_emulator/behaviour", { caller });
  const refused = await line.run(["apply", "--plan", "plan.yaml", "--yes"]);
  expect(refused.code, refused.stderr).toBe(3);
  expect(refused.stderr).toContain("AuthorizationFailed");
  expect(await line.writes()).toEqual([]);
});

test("a second run on a locked cluster ends with 6 and leaves the first one's report alone", async () => {
  expect((await line.run(["apply", "--plan", "plan.yaml", "--yes", "--until", "await-role-propagation"])).code).toBe(8);
  const report = readFileSync(join(runFolder(), "report.md"), "utf8");
  await line.control("PATCH", "/_emulator/behaviour", { tokenSwitchover: "6h" });
  const first = line.start(["resume", "--until", "verify-migration"]);
  await new Promise<void>((seen) =>
    first.process.stderr!.on("data", (data: Buffer) => data.toString().includes("await-role-propagation") && seen()),
  );
  const second = await line.run(["apply", "--plan", "plan.yaml", "--yes"]);
  const ended = await first.ended;
  expect([second.code, ended.code], second.stderr).toContainEqual(8);
  if (second.code === 6) {
    expect(second.stderr).toContain("is locked by run");
    expect(readFileSync(join(runFolder(), "report.md"), "utf8").length).toBeGreaterThanOrEqual(report.length);
  }
});

test("a short wait for roles is recorded as a warning in the plan", async () => {
  const planned = await line.run(["plan", "--id", DEMO_CLUSTER, "--role-propagation", "5m", "-o", "json"]);
  const { findings } = JSON.parse(planned.stdout).clusters[0];
  expect(findings).toContainEqual(expect.objectContaining({ check: "WAIT-ROLES", severity: "high" }));
});

test("an own kubelet identity is not planned blindly when nobody knows the registries", async () => {
  await line.control("PATCH", "/_emulator/behaviour", { graphDenied: true });
  const blocked = await line.run(["plan", "--id", DEMO_CLUSTER, "--out", "blind.yaml"]);
  expect(blocked.code).toBe(4);
  expect((await line.run(["apply", "--plan", "blind.yaml", "--yes"])).code).toBe(4);
  expect(await line.writes()).toEqual([]);
});

test("there is nothing to resume, to undo or to show where no run is", async () => {
  for (const command of ["resume", "status", "undo", "report"]) {
    const refused = await line.run([command]);
    expect(refused.code, command).toBe(2);
    expect(refused.stderr).toContain("There is no run");
  }
});
