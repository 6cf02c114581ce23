import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CommandLine, DEMO_CLUSTER } from "../support/cli.ts";
import { expectMigrated } from "../support/migrated.ts";

const APPLY = ["apply", "--plan", "plan.yaml", "--yes"];

let line: CommandLine;
beforeEach(async () => {
  line = await CommandLine.open();
  const planned = await line.run(["plan", "--id", DEMO_CLUSTER, "--out", "plan.yaml"]);
  expect(planned.code, planned.stderr).toBe(0);
});
afterEach(() => line.close());

describe("a migration from the command line", () => {
  test("is planned, applied and proven, each in a process of its own", async () => {
    const applied = await line.run(APPLY);
    expect(applied.code, applied.stderr).toBe(0);
    expect(applied.stdout).toBe("");
    await expectMigrated(line);

    const [verified, again, empty, status] = await Promise.all([
      line.run(["verify", "--id", DEMO_CLUSTER, "-o", "json"]),
      line.run(APPLY),
      line.run(["plan", "--id", DEMO_CLUSTER, "-o", "json"]),
      line.run(["status", "-o", "json"]),
    ]);
    expect(verified.code).toBe(0);
    expect(JSON.parse(verified.stdout).clusters[0]).toMatchObject({ state: "user-assigned", complete: true });
    expect(again.code, again.stderr).toBe(0);
    expect(again.stderr).toContain("nothing to do");
    expect(empty.code).toBe(0);
    expect(JSON.parse(empty.stdout).clusters[0].steps).toEqual([]);
    expect(JSON.parse(status.stdout)).toMatchObject({ state: "done" });
    await expectMigrated(line);

    const run = join(line.folder, ".aks-mi", "runs", readdirSync(join(line.folder, ".aks-mi", "runs"))[0]!);
    expect(statSync(run).mode & 0o777).toBe(0o700);
    expect(readdirSync(run).sort()).toEqual(["1-payments-prod", "plan.yaml", "report.html", "report.md"]);
    expect(readdirSync(join(run, "1-payments-prod", "operations"))).toEqual([]);
  });

  test("stopped by SIGTERM and resumed ends where an undisturbed one does", async () => {
    const first = line.start([...APPLY, "-o", "json"]);
    first.process.stderr!.on("data", (data: Buffer) => {
      if (data.toString().includes("create-identities")) first.process.kill("SIGTERM");
    });
    const stopped = await first.ended;
    expect(stopped.code).toBe(143);
    expect(stopped.stderr).toMatch(/the checkpoint is saved\.\nReport: \S+\/report\.html\nNext: aks-mi resume/);
    expect(JSON.parse(stopped.stdout)).toMatchObject({ run: expect.any(String), state: "paused" });
    const resumed = await line.run(["resume"]);
    expect(resumed.code, resumed.stderr).toBe(0);
    await expectMigrated(line);
  });
});
