import { appendFileSync } from "node:fs";
import { loadScenario } from "../emulator/scenario.ts";
import { startServer } from "../emulator/server.ts";
import { AksMiError, fileProblem } from "../engine/errors.ts";
import { openPrivately } from "../plan/private-file.ts";
import { Interrupted, interruptible } from "./interrupt.ts";

/** The flags of `emulator`. */
export interface EmulatorFlags {
  readonly port: number;
  readonly scenario?: string;
  readonly timeScale: number;
  readonly seed: number;
  readonly record?: string;
}

/**
 * Serves the emulator until it is stopped.
 * @returns the exit code
 * @throws AksMiError `USAGE` when the port is taken
 */
export async function emulator(flags: EmulatorFlags): Promise<number> {
  const scenario = flags.scenario ? await loadScenario(flags.scenario) : undefined;
  const record = flags.record === undefined ? undefined : openRecording(flags.record);
  const server = await startServer({
    port: flags.port,
    timeScale: flags.timeScale,
    seed: flags.seed,
    ...(scenario ? { scenario } : {}),
    ...(record === undefined
      ? {}
      : { onRequest: (exchange: object) => appendFileSync(record, `${JSON.stringify(exchange)}\n`) }),
  }).catch((error: NodeJS.ErrnoException) => {
    throw new AksMiError(
      "USAGE",
      `The emulator cannot listen on port ${flags.port}: ${error.message}`,
      "Choose another --port; 0 picks a free one.",
    );
  });
  process.stdout.write(`${JSON.stringify({ endpoint: server.endpoint })}\n`);
  try {
    await interruptible(
      (signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    );
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
  }
  await server.close();
  return 0;
}

/** @throws AksMiError `USAGE` when nothing can be recorded there */
function openRecording(file: string): number {
  try {
    return openPrivately(file, "a");
  } catch (cause) {
    throw new AksMiError(
      "USAGE",
      `Nothing can be recorded in ${file}: ${fileProblem(cause)}`,
      "Name another place with --record.",
      { cause },
    );
  }
}
