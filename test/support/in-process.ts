import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished, vi } from "vitest";
import type { ConnectOptions } from "../../src/azure/connection.ts";
import { Lab } from "./lab.ts";

/** The URL under which the command line finds the lab in this process. */
const ENDPOINT = "http://127.0.0.1:1";

/** Journals are flushed to disk event by event: in memory, where the system has a folder there, that costs no time. */
const TEMPORARY = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** What a machine or a CI system may have set must not change a test. */
const UNSET = ["CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "TF_BUILD", "AZURE_SUBSCRIPTION_ID", "AKS_MI_STATE_DIR"];

/** The lab that commands reach now: one command runs at a time. */
let reached: Lab | undefined;

vi.doMock("../../src/azure/connection.ts", async (importOriginal) => {
  const original = await importOriginal<typeof import("../../src/azure/connection.ts")>();
  const connect = (options: ConnectOptions) =>
    original.connect(options.emulator === ENDPOINT ? { ...options, emulator: reached!.emulator } : options);
  return { ...original, connect };
});

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
    const line = new InProcessCommandLine(await Lab.open(...lab));
    onTestFinished(() => rmSync(line.folder, { recursive: true, force: true }));
    return line;
  }

  /** A file in the folder. */
  file(name: string): string {
    return join(this.folder, name);
  }

  /** Runs a command to its end. */
  async run(...args: readonly string[]): Promise<Ended> {
    const { runCommandLine } = await import("../../src/main.ts");
    const out: string[] = [];
    const err: string[] = [];
    const spies = [capture(process.stdout, out), capture(process.stderr, err)];
    for (const name of UNSET) vi.stubEnv(name, undefined);
    vi.stubEnv("AKS_MI_EMULATOR", ENDPOINT);
    vi.stubEnv("AKS_MI_STATE_DIR", this.file("state"));
    reached = this.lab;
    try {
      const code = await runCommandLine([process.execPath, "aks-mi", ...args]);
      return { code, stdout: out.join(""), stderr: err.join("") };
    } finally {
      reached = undefined;
      vi.unstubAllEnvs();
      for (const spy of spies) spy.mockRestore();
    }
  }
}

function capture(stream: NodeJS.WriteStream, chunks: string[]) {
  return vi.spyOn(stream, "write").mockImplementation((chunk) => {
    chunks.push(String(chunk));
    return true;
  });
}
