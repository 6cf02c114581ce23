import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Event } from "../../src/engine/events.ts";
import { isApproved } from "../../src/execute/execute-cluster.ts";
import { DEMO_CLUSTER } from "../support/cli.ts";
import { InProcessCommandLine } from "../support/in-process.ts";
import { KEYS, TerminalSession } from "../support/terminal.ts";

function readJournal(line: InProcessCommandLine): { file: string; events: Event[] } {
  const run = join(line.file("state"), "runs", readdirSync(join(line.file("state"), "runs"))[0]!);
  const file = join(run, "1-payments-prod", "journal.jsonl");
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  return { file, events: lines.map((text) => JSON.parse(text) as Event) };
}

test("an approval reaches as far as it says", () => {
  const approved = { type: "run:approved", planHash: "h", by: "ada", how: "prompt" } as const;
  const event = (stopsBefore?: "enable-managed-identity") =>
    ({ ...approved, run: "r", seq: 1, at: "2026-11-22T08:00:00Z", stopsBefore }) satisfies Event;
  expect(isApproved([], "h", undefined)).toBe(false);
  expect(isApproved([event()], "h", undefined)).toBe(true);
  expect(isApproved([event()], "another", undefined)).toBe(false);
  const upToSwitch = [event("enable-managed-identity")];
  expect(isApproved(upToSwitch, "h", undefined)).toBe(false);
  expect(isApproved(upToSwitch, "h", "upgrade-node-images")).toBe(false);
  expect(isApproved(upToSwitch, "h", "enable-managed-identity")).toBe(true);
  expect(isApproved(upToSwitch, "h", "assign-roles")).toBe(true);
});

test("a run that was only approved up to the switch needs another approval to go further", async () => {
  const line = await InProcessCommandLine.open();
  const plan = line.file("plan.yaml");
  await line.run("plan", "--id", DEMO_CLUSTER, "--out", plan);
  const paused = await line.run("apply", "--plan", plan, "--yes", "--until", "enable-managed-identity");
  expect(paused.code, paused.stderr).toBe(8);
  // As the wizard records it for who only wants to prepare.
  const { file, events } = readJournal(line);
  const partial = events.map((event) =>
    event.type === "run:approved" ? { ...event, stopsBefore: "enable-managed-identity" } : event,
  );
  writeFileSync(file, `${partial.map((event) => JSON.stringify(event)).join("\n")}\n`);

  const refused = await line.run("resume");
  expect([refused.code, refused.stderr]).toEqual([7, expect.stringContaining("The plan has not been approved.")]);
  expect((await line.run("resume", "--until", "enable-managed-identity")).code).toBe(8);
  const resumed = await line.run("resume", "--yes");
  expect(resumed.code, resumed.stderr).toBe(0);
  const approvals = readJournal(line).events.filter((event) => event.type === "run:approved");
  expect(approvals).toMatchObject([
    { account: "the emulator's caller", stopsBefore: "enable-managed-identity" },
    { account: "the emulator's caller", how: "yes" },
  ]);
  expect(approvals[1]).not.toHaveProperty("stopsBefore");
});

test("Ctrl-C at the question of the approval is an answer, and no defect", async () => {
  const plan = join(import.meta.dirname, "../../plans/examples/user-assigned.yaml");
  const cwd = mkdtempSync(join(tmpdir(), "aks-mi-approval-"));
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
  const terminal = new TerminalSession(["apply", "--plan", plan, "--emulator", "http://127.0.0.1:9"], {
    columns: 80,
    rows: 24,
    cwd,
  });
  await terminal.see("to approve; there is no way back after the switch:");
  terminal.press(KEYS.interrupt);
  expect(await terminal.ended).toBe(130);
  expect(terminal.history).toContain("Nothing was approved or written.");
  expect(terminal.history).not.toContain("defect");
});
