import { spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildProgram } from "../../src/program.ts";
import { CLI, CommandLine, DEMO_CLUSTER } from "../support/cli.ts";
import { TerminalSession } from "../support/terminal.ts";

const SECONDS_MS = 1000;

/** What each command is given, so that it gets as far as it can without being asked anything, and how it then ends. */
const CASES: Record<string, readonly [args: readonly string[], exitCode: number]> = {
  "": [[], 2],
  assess: [[], 0],
  plan: [["--id", DEMO_CLUSTER], 0],
  apply: [["--plan", "plan.yaml"], 7],
  resume: [["--until", "assign-roles"], 8],
  rehearse: [["--plan", "plan.yaml"], 0],
  status: [["--watch"], 0],
  undo: [[], 7],
  verify: [["--id", DEMO_CLUSTER], 9],
  report: [[], 0],
  demo: [["--time-scale", "360000"], 0],
  completion: [["bash"], 0],
};

/** Serves until it is stopped, and asks nothing. */
const SERVES = "emulator";

let line: CommandLine;
let written = 0;

async function countWrites(): Promise<number> {
  return (await line.writes()).filter(({ method }) => method !== "POST").length;
}

beforeAll(async () => {
  line = await CommandLine.open();
  const planned = await line.run(["plan", "--id", DEMO_CLUSTER, "--out", "plan.yaml"]);
  expect(planned.code, planned.stderr).toBe(0);
  // A run that has made something, so that there is something to undo and to resume.
  const paused = await line.run(["apply", "--plan", "plan.yaml", "--yes", "--until", "assign-roles"]);
  expect(paused.code, paused.stderr).toBe(8);
  written = await countWrites();
}, 30 * SECONDS_MS);
afterAll(() => line.close());

const commands = ["", ...buildProgram(() => {}).commands.map((command) => command.name())];
const asking = commands.filter((name) => name !== SERVES);

test("every command of the program has a case", () => {
  expect(asking.sort()).toEqual(Object.keys(CASES).sort());
});

/** Runs a command whose standard input never says anything, and stays open. */
function runWithSilentInput(args: readonly string[], env: Record<string, string>): Promise<number | null> {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: line.folder,
    stdio: ["pipe", "ignore", "ignore"],
    env: { PATH: process.env["PATH"] ?? "", HOME: line.folder, AKS_MI_EMULATOR: line.endpoint, ...env },
  });
  return new Promise((done) => child.once("exit", done));
}

describe.each(asking.map((name) => [name || "aks-mi", name] as const))("%s never asks and never hangs", (_, name) => {
  const [rest, exitCode] = CASES[name] ?? [[], 0];
  const args = [...(name ? [name] : []), ...rest];

  test("without a terminal, its input closed", { timeout: 60 * SECONDS_MS }, async () => {
    const ended = await line.run(args);
    expect(ended.code, ended.stderr).toBe(exitCode);
  });

  test("without a terminal, its input open and silent", { timeout: 60 * SECONDS_MS }, async () => {
    expect(await runWithSilentInput(args, {})).toBe(exitCode);
  });

  test("in a terminal, in CI", { timeout: 60 * SECONDS_MS }, async () => {
    const env = { AKS_MI_EMULATOR: line.endpoint, CI: "true" };
    const terminal = new TerminalSession(args, { columns: 100, rows: 30, cwd: line.folder, env });
    expect(await terminal.ended, terminal.history).toBe(exitCode);
  });

  test.skipIf(name === "completion")("in a terminal, with --no-prompt", { timeout: 60 * SECONDS_MS }, async () => {
    const env = { AKS_MI_EMULATOR: line.endpoint };
    const terminal = new TerminalSession([...args, "--no-prompt"], { columns: 100, rows: 30, cwd: line.folder, env });
    expect(await terminal.ended, terminal.history).toBe(exitCode);
  });
});

test("nothing of all this has written to Azure", async () => {
  expect(written).toBeGreaterThan(0);
  expect(await countWrites()).toBe(written);
});

test("--plan alone needs an approval, in a terminal as well", async () => {
  const cwd = mkdtempSync(join(tmpdir(), "aks-mi-no-prompt-"));
  const env = { AKS_MI_EMULATOR: line.endpoint };
  const plan = join(line.folder, "plan.yaml");
  const terminal = new TerminalSession(["--plan", plan], { columns: 100, rows: 30, cwd, env });
  expect(await terminal.ended).toBe(7);
});
