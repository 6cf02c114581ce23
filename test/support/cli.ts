import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Emulated } from "./emulated.ts";
import { pairsFile } from "./pairs.ts";

/** Where the command line was compiled to for this test run. */
export const CLI = resolve(process.env["AKS_MI_BUILD_DIR"] ?? "dist", "cli.js");

/** The cluster of the demo scenario. */
export const DEMO_CLUSTER =
  "/subscriptions/3f0b6c1e-9a54-4d1c-8f27-5b1d7c0a9e01/resourceGroups/rg-payments-prod/providers/Microsoft.ContainerService/managedClusters/payments-prod";

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command line as users run it: other processes, standard streams, exit codes. */
export class CommandLine extends Emulated {
  /** Where the commands run: state directory, plan files. */
  readonly folder = mkdtempSync(join(tmpdir(), "aks-mi-cli-"));
  readonly endpoint: string;
  readonly #emulator: ChildProcess;

  private constructor(emulator: ChildProcess, endpoint: string) {
    super();
    this.#emulator = emulator;
    this.endpoint = endpoint;
  }

  /** Starts an emulator in a process of its own, and a folder to work in. @param options `record` names a file */
  static async open(options: { scenario?: string; timeScale?: number; record?: string } = {}): Promise<CommandLine> {
    const args = ["emulator", "--port", "0", "--time-scale", String(options.timeScale ?? 36_000)];
    const pairs = options.record ?? pairsFile();
    if (pairs) args.push("--record", pairs);
    const emulator = spawn(process.execPath, [CLI, ...args, "--scenario", options.scenario ?? "demo"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const line = await new Promise<string>((done, fail) => {
      let text = "";
      emulator.stdout!.on("data", (data: Buffer) => {
        text += data.toString();
        if (text.includes("\n")) done(text.split("\n")[0]!);
      });
      emulator.once("exit", (code) => fail(new Error(`the emulator ended with ${code}`)));
    });
    return new CommandLine(emulator, (JSON.parse(line) as { endpoint: string }).endpoint);
  }

  async close(): Promise<void> {
    const gone = new Promise((done) => this.#emulator.once("exit", done));
    this.#emulator.kill();
    await gone;
  }

  /** Starts a command without waiting for its end. */
  start(args: readonly string[], env: Record<string, string> = {}): { process: ChildProcess; ended: Promise<Ended> } {
    const child = spawn(process.execPath, [CLI, ...args], {
      cwd: this.folder,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env["PATH"] ?? "",
        HOME: this.folder,
        NO_COLOR: "1",
        AKS_MI_EMULATOR: this.endpoint,
        ...env,
      },
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (data: Buffer) => {
      stdout += data.toString();
    });
    child.stderr.on("data", (data: Buffer) => {
      stderr += data.toString();
    });
    const ended = new Promise<Ended>((done) =>
      child.once("close", (code, signal) => done({ code, signal, stdout, stderr })),
    );
    return { process: child, ended };
  }

  /** Runs a command to its end. */
  run(args: readonly string[], env?: Record<string, string>): Promise<Ended> {
    return this.start(args, env).ended;
  }

  /** A call of the emulator's control API. */
  async control<T>(method: string, path: string, body?: unknown): Promise<T> {
    const init =
      body === undefined
        ? { method }
        : { method, body: JSON.stringify(body), headers: { "content-type": "application/json" } };
    const response = await fetch(new URL(path, this.endpoint), init);
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** A resource of the model, as it is now. */
  async resource<T>(id: string): Promise<T> {
    const response = await fetch(new URL(`${id}?api-version=2024-09-01`, this.endpoint));
    return (await response.json()) as T;
  }
}
