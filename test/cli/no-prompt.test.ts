import { spawn } from "node:child_process";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { buildProgram } from "../../src/program.ts";
import { outlineProgram } from "../../src/program-outline.ts";
import { CLI, CommandLine, DEMO_CLUSTER } from "../support/cli.ts";
import { InProcessCommandLine, type Surroundings } from "../support/in-process.ts";
import { TerminalSession } from "../support/terminal.ts";

/** What each command is given, so that it gets as far as it can without being asked anything, and how it then ends. */
const CASES: Record<string, readonly [args: readonly string[], exitCode: number]> = {
  "": [[], 2],
  assess: [["--in-cluster"], 0],
  plan: [["--id", DEMO_CLUSTER], 0],
  apply: [["--plan", "PLAN"], 7],
  resume: [["--until", "assign-roles"], 8],
  rehearse: [["--plan", "PLAN"], 0],
  status: [["--watch"], 0],
  undo: [[], 7],
  verify: [["--id", DEMO_CLUSTER], 9],
  report: [[], 0],
  demo: [["--time-scale", "360000"], 0],
  completion: [["bash"], 0],
};

/** Serves until it is stopped, and asks nothing. */
const SERVES = "emulator";

const outline = outlineProgram(buildProgram(() => {}));
const asking = outline.map(({ name }) => name).filter((name) => name !== SERVES);
const mayBeTold = outline.filter(({ options }) => options.some(({ long }) => long === "--no-prompt"));

function commandOf(name: string, plan: string): string[] {
  const [args] = CASES[name]!;
  return [...(name ? [name] : []), ...args.map((arg) => (arg === "PLAN" ? plan : arg))];
}

test("every command of the program has a case", () => {
  expect([...asking].sort()).toEqual(Object.keys(CASES).sort());
});

describe("where nobody can answer", () => {
  let line: InProcessCommandLine;
  let plan: string;
  let written = 0;
  beforeAll(async () => {
    line = await InProcessCommandLine.openForAll();
    plan = await line.makePlan();
    // A run that has made something, so that there is something to undo and to resume.
    expect((await line.run("apply", "--plan", plan, "--yes", "--until", "assign-roles")).code).toBe(8);
    written = await countWrites();
  });
  // The run command, which `--in-cluster` uses, is a POST.
  const countWrites = async () => (await line.lab.writes()).filter(({ method }) => method !== "POST").length;
  afterAll(() => line.close());

  // Whoever asks listens to the standard input first.
  beforeEach(() => {
    const asked = () => {
      throw new Error("something was asked");
    };
    for (const listen of ["on", "once", "addListener", "resume", "read", "pipe"] as const)
      vi.spyOn(process.stdin, listen).mockImplementation(asked);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  const surroundings: readonly (readonly [where: string, Surroundings, flags: readonly string[]])[] = [
    ["without a terminal", {}, []],
    ["in a terminal, in CI", { terminal: true, env: { CI: "true" } }, []],
    ["in a terminal, with --no-prompt", { terminal: true }, ["--no-prompt"]],
  ];
  const cases = surroundings.flatMap(([where, place, flags]) =>
    asking
      .filter((name) => flags.length === 0 || mayBeTold.some((told) => told.name === name))
      .map((name) => ({ name, title: name || "aks-mi", where, place, flags })),
  );

  test.each(cases)("$title asks nothing and ends: $where", async (given) => {
    const ended = await line.runIn(given.place, ...commandOf(given.name, plan), ...given.flags);
    expect(ended.code, ended.stderr).toBe(CASES[given.name]![1]);
    expect(await countWrites()).toBe(written);
  });

  test("this would notice a question", async () => {
    const ended = await line.runIn({ terminal: true }, ...commandOf("apply", plan));
    expect(ended.stderr).toContain("something was asked");
  });
});

describe("as processes of their own", () => {
  let line: CommandLine;
  beforeAll(async () => {
    line = await CommandLine.open();
    const planned = await line.run(["plan", "--id", DEMO_CLUSTER, "--out", "plan.yaml"]);
    expect(planned.code, planned.stderr).toBe(0);
  });
  afterAll(() => line.close());

  /** Runs a command whose standard input never says anything, and stays open. */
  function runWithSilentInput(args: readonly string[]): Promise<number | null> {
    const child = spawn(process.execPath, [CLI, ...args], {
      cwd: line.folder,
      stdio: ["pipe", "ignore", "ignore"],
      env: { PATH: process.env["PATH"] ?? "", HOME: line.folder, AKS_MI_EMULATOR: line.endpoint },
    });
    return new Promise((done) => child.once("exit", done));
  }

  /** Those that ask in a terminal. */
  const ASKING = ["", "apply", "assess"];

  test("they don't wait for an input that never comes", async () => {
    const codes = await Promise.all(ASKING.map((name) => runWithSilentInput(commandOf(name, "plan.yaml"))));
    expect(codes).toEqual(ASKING.map((name) => CASES[name]![1]));
  });

  test("nor for a terminal in which nobody types, in CI", async () => {
    const env = { AKS_MI_EMULATOR: line.endpoint, CI: "true" };
    const size = { columns: 100, rows: 30, cwd: line.folder, env };
    const terminals = ["", "apply"].map((name) => new TerminalSession(commandOf(name, "plan.yaml"), size));
    expect(await Promise.all(terminals.map(({ ended }) => ended))).toEqual([2, 7]);
  });

  test("--plan alone needs an approval, in a terminal as well", async () => {
    const env = { AKS_MI_EMULATOR: line.endpoint };
    const terminal = new TerminalSession(["--plan", "plan.yaml"], { columns: 100, rows: 30, cwd: line.folder, env });
    expect(await terminal.ended).toBe(7);
  });
});
