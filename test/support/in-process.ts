import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished, vi } from "vitest";
import type { ConnectOptions } from "../../src/azure/connection.ts";
import { DEMO_CLUSTER } from "./cli.ts";
import { Lab } from "./lab.ts";

/** The URL under which the command line finds the lab in this process. */
const ENDPOINT = "http://127.0.0.1:1";

/** Journals are flushed to disk event by event: in memory, where the system has a folder there, that costs no time. */
const TEMPORARY = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** What a machine or a CI system may have set must not change a test. */
const UNSET = ["CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "TF_BUILD", "AZURE_SUBSCRIPTION_ID", "AKS_MI_STATE_DIR"];

if (!process.env["AKS_MI_OWN_MODULES"])
  throw new Error(
    "A test that runs commands in its own process has to be named in REPLACING_MODULES of vitest.config.ts.",
  );

/** The lab that commands reach now: one command runs at a time. */
let reached: Lab | undefined;

vi.doMock("../../src/azure/connection.ts", async (importOriginal) => {
  const original = await importOriginal<typeof import("../../src/azure/connection.ts")>();
  const connect = (options: ConnectOptions) =>
    original.connect(options.emulator === ENDPOINT ? { ...options, emulator: reached!.emulator } : options);
  return { ...original, connect };
});

/** Where a command is run. */
export interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  readonly terminal?: boolean;
}

/** How a command ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The command line as users run it, without the cost of processes and of real time: arguments in, both streams and the exit
 * code out, against a lab on a virtual clock. Only the door to the emulator is another one; each command has a connection
 * of its own, as a process would.
 */
export class InProcessCommandLine {
  /** Where plans and runs are kept. */
  readonly folder = mkdtempSync(join(TEMPORARY, "aks-mi-in-process-"));
  readonly lab: Lab;

  private constructor(lab: Lab) {
    this.lab = lab;
  }

  /** A command line with a lab of its own, for the length of one test. */
  static async open(...lab: Parameters<typeof Lab.open>): Promise<InProcessCommandLine> {
    const line = await InProcessCommandLine.openForAll(...lab);
    onTestFinished(() => line.close());
    return line;
  }

  /** A command line with a lab that several tests share; the last one closes it. */
  static async openForAll(...lab: Parameters<typeof Lab.open>): Promise<InProcessCommandLine> {
    return new InProcessCommandLine(await Lab.open(...lab));
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A file in the folder. */
  file(name: string): string {
    return join(this.folder, name);
  }

  /** Runs a command to its end, without a terminal. */
  run(...args: readonly string[]): Promise<Ended> {
    return this.runIn({}, ...args);
  }

  /** Makes a plan for the demo's cluster. @returns its file */
  async makePlan(...flags: readonly string[]): Promise<string> {
    const file = this.file("plan.yaml");
    const { code, stderr } = await this.run("plan", "--id", DEMO_CLUSTER, ...flags, "--out", file);
    if (code !== 0) throw new Error(`No plan was made (exit ${code}): ${stderr}`);
    return file;
  }

  /** Runs a command to its end in this environment, with all three streams at a terminal or none of them. */
  async runIn({ env = {}, terminal = false }: Surroundings, ...args: readonly string[]): Promise<Ended> {
    const { runCommandLine } = await import("../../src/main.ts");
    const out: string[] = [];
    const err: string[] = [];
    const spies = [capture(process.stdout, out), capture(process.stderr, err)];
    for (const name of UNSET) vi.stubEnv(name, undefined);
    vi.stubEnv("AKS_MI_EMULATOR", ENDPOINT);
    vi.stubEnv("AKS_MI_STATE_DIR", this.file("state"));
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const streams = [process.stdin, process.stdout, process.stderr].map((stream) => setTerminal(stream, terminal));
    reached = this.lab;
    try {
      const code = await runCommandLine([process.execPath, "aks-mi", ...args]);
      return { code, stdout: out.join(""), stderr: err.join("") };
    } finally {
      reached = undefined;
      vi.unstubAllEnvs();
      for (const spy of spies) spy.mockRestore();
      for (const restore of streams) restore();
    }
  }
}

function capture(stream: NodeJS.WriteStream, chunks: string[]) {
  return vi.spyOn(stream, "write").mockImplementation((chunk) => {
    chunks.push(String(chunk));
    return true;
  });
}

function setTerminal(stream: { isTTY?: boolean }, terminal: boolean): () => void {
  const before = Object.getOwnPropertyDescriptor(stream, "isTTY");
  Object.defineProperty(stream, "isTTY", { value: terminal, configurable: true });
  return () => (before ? Object.defineProperty(stream, "isTTY", before) : delete stream.isTTY);
}
