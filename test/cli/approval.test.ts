import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { parseScenario } from "../../src/emulator/scenario.ts";
import type { Event } from "../../src/engine/events.ts";
import { findApproval } from "../../src/execute/execute-cluster.ts";
import { InProcessCommandLine } from "../support/in-process.ts";
import { KEYS, TerminalSession } from "../support/terminal.ts";

function readJournal(line: InProcessCommandLine): { file: string; events: Event[] } {
  const run = join(line.file("state"), "runs", readdirSync(join(line.file("state"), "runs"))[0]!);
  const file = join(run, "1-payments-prod", "journal.jsonl");
  return { file, events: readEventsOf(file) };
}

function readEventsOf(journal: string): Event[] {
  const lines = readFileSync(journal, "utf8").trimEnd().split("\n");
  return lines.map((text) => JSON.parse(text) as Event);
}

test("an approval reaches as far as it says", () => {
  const approved = { type: "run:approved", planHash: "h", by: "ada", how: "prompt" } as const;
  const event = (stopsBefore?: "enable-managed-identity") =>
    ({ ...approved, run: "r", seq: 1, at: "2026-11-22T08:00:00Z", stopsBefore }) satisfies Event;
  expect(findApproval([], "h", undefined)).toBeUndefined();
  expect(findApproval([event()], "h", undefined)).toMatchObject({ by: "ada", givenAt: "2026-11-22T08:00:00Z" });
  expect(findApproval([event()], "another", undefined)).toBeUndefined();
  const upToSwitch = [event("enable-managed-identity")];
  expect(findApproval(upToSwitch, "h", undefined)).toBeUndefined();
  expect(findApproval(upToSwitch, "h", "upgrade-node-images")).toBeUndefined();
  expect(findApproval(upToSwitch, "h", "enable-managed-identity")).toMatchObject({
    by: "ada",
    givenAt: "2026-11-22T08:00:00Z",
  });
  expect(findApproval(upToSwitch, "h", "assign-roles")).toMatchObject({ by: "ada", givenAt: "2026-11-22T08:00:00Z" });
});

test("a run that was only approved up to the switch needs another approval to go further", async () => {
  const line = await InProcessCommandLine.open();
  const plan = await line.makePlan();
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

test("a cluster that had not begun gets the approval of its run into its own journal when it is resumed", async () => {
  const scenario = parseScenario("generate: { clusters: 2, subscriptions: 1 }", "two.yaml");
  const line = await InProcessCommandLine.open({}, scenario);
  const plan = line.file("plan.yaml");
  await line.run("plan", ...(await line.lab.clusterIds()).flatMap((id) => ["--id", id]), "--out", plan);
  expect((await line.run("apply", "--plan", plan, "--yes", "--until", "assign-roles")).code).toBe(8);
  const run = join(line.file("state/runs"), readdirSync(line.file("state/runs"))[0]!);
  const journals = readdirSync(run)
    .filter((name) => /^\d-/.test(name))
    .map((name) => join(run, name, "journal.jsonl"));
  const approvalsIn = (file: string) => readEventsOf(file).filter((event) => event.type === "run:approved");
  const [given] = approvalsIn(journals[1]!);
  // As it is when the process dies before it comes to the first cluster.
  rmSync(journals[0]!);

  expect((await line.run("resume", "--until", "assign-roles")).code).toBe(8);
  const { by, how, account, planHash, at } = given!;
  expect(approvalsIn(journals[0]!)).toMatchObject([{ by, how, account, planHash, givenAt: at }]);
  expect(approvalsIn(journals[1]!)).toEqual([given]);
  const { approvals } = JSON.parse((await line.run("report", "-o", "json")).stdout);
  expect(approvals).toEqual([{ by, how, account, planHash, at }]);
});

test("a hash that is not the plan's is refused where there is an approval already, too", async () => {
  const line = await InProcessCommandLine.open();
  const plan = await line.makePlan();
  expect((await line.run("apply", "--plan", plan, "--yes", "--until", "create-identities")).code).toBe(8);
  const { events } = readJournal(line);
  const refused = await line.run("resume", "--approve", "0".repeat(64), "--until", "assign-roles");
  expect([refused.code, refused.stderr]).toEqual([7, expect.stringContaining("is not this plan's")]);
  expect(readJournal(line).events).toEqual(events);
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
  await terminal.see("There is no way back after the switch.", "to approve:");
  terminal.press(KEYS.interrupt);
  expect(await terminal.ended).toBe(130);
  expect(terminal.history).toContain("Nothing was approved or written.");
  expect(terminal.history).not.toContain("defect");
});
