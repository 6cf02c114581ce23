import { spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { expect, test } from "vitest";
import { CLI, CommandLine, DEMO_CLUSTER } from "../support/cli.ts";

test.runIf(process.platform === "linux")("an output that takes nothing more is said in words, without a stack", () => {
  const full = openSync("/dev/full", "w");
  try {
    const ended = spawnSync(process.execPath, [CLI, "completion", "bash"], { stdio: ["ignore", full, "pipe"] });
    expect(ended.stderr.toString()).toMatch(/^aks-mi: Standard output cannot be written: ENOSPC.*\n {2}→ Make room/);
    expect(ended.stderr.toString()).not.toContain("    at ");
    expect(ended.status).toBe(1);
  } finally {
    closeSync(full);
  }
});

test("a run that nobody reads any more stops as when its terminal is gone, and does not pass for one that is done", async () => {
  const line = await CommandLine.open({ timeScale: 3600 });
  try {
    await line.run(["plan", "--id", DEMO_CLUSTER, "--out", "plan.yaml"]);
    const run = line.start(["apply", "--plan", "plan.yaml", "--yes", "-o", "jsonl"]);
    run.process.stdout!.once("data", () => run.process.stdout!.destroy());
    const { code, stderr } = await run.ended;
    expect(stderr).toContain("Stopped by SIGHUP; the checkpoint is saved.");
    expect(code).toBe(129);
  } finally {
    await line.close();
  }
}, 60_000);
