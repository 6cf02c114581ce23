import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { DEMO_CLUSTER } from "../support/cli.ts";
import { InProcessCommandLine } from "../support/in-process.ts";

/** A run that is prepared, and stops before the switch. */
async function prepare(): Promise<{ line: InProcessCommandLine; journal: string }> {
  const line = await InProcessCommandLine.open();
  const plan = line.file("plan.yaml");
  await line.run("plan", "--id", DEMO_CLUSTER, "--out", plan);
  const paused = await line.run("apply", "--plan", plan, "--yes", "--until", "enable-managed-identity");
  expect(paused.code, paused.stderr).toBe(8);
  const [run] = readdirSync(line.file("state/runs"));
  return { line, journal: line.file(`state/runs/${run}/1-payments-prod/journal.jsonl`) };
}

test("a run whose process was killed is paused, in its report as in its status", async () => {
  const { line, journal } = await prepare();
  const lines = readFileSync(journal, "utf8").split("\n");
  writeFileSync(journal, lines.filter((text) => !text.includes('"run:paused"')).join("\n"));
  const { stdout } = await line.run("report");
  expect(stdout).toMatch(/^# Migration run .*: paused$/m);
  expect(stdout).toMatch(/^## payments-prod: paused$/m);
  expect(stdout).toContain("**Go on with the run.**");
  expect((await line.run("status")).stdout).toMatch(/^payments-prod: paused$/m);
});

test("a run that was taken back shows nothing of that as done", async () => {
  const { line } = await prepare();
  expect((await line.run("status")).stdout).toContain("✔ Create identities");
  expect((await line.run("undo", "--yes")).code).toBe(0);
  const { stdout } = await line.run("status");
  expect(stdout).not.toContain("✔");
  expect(stdout).toContain("paused: What the run had made was taken back by aks-mi undo.");
  expect((await line.run("report")).stdout).toMatch(/\| Create identities \| pending \|/);
});
