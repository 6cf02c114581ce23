import { spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { expect, test } from "vitest";
import { CLI } from "../support/cli.ts";

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
