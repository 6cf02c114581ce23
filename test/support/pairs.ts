import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Emulator } from "../../src/emulator/emulator.ts";
import { isRecorded, recordingOf } from "../../src/emulator/record.ts";

/** Where the suite writes what it exchanges with emulators; nowhere unless this names a folder. */
const FOLDER = process.env["AKS_MI_PAIRS"];

let files = 0;

/** A new file in the folder for exchanges, one a line; undefined when none are to be written. */
export function pairsFile(): string | undefined {
  if (!FOLDER) return undefined;
  mkdirSync(FOLDER, { recursive: true });
  return join(FOLDER, `${process.pid}-${files++}.jsonl`);
}

/** An emulator that writes every exchange, when the suite is asked for them. */
export function withPairs(emulator: Emulator): Emulator {
  const file = pairsFile();
  if (!file) return emulator;
  return {
    ...emulator,
    clock: emulator.clock,
    async handle(request) {
      const response = await emulator.handle(request);
      if (isRecorded(request)) appendFileSync(file, `${JSON.stringify(recordingOf({ request, response }))}\n`);
      return response;
    },
  };
}
