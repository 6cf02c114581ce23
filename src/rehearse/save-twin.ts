import { closeSync, writeFileSync } from "node:fs";
import { stringify } from "yaml";
import { AksMiError, fileProblem } from "../engine/errors.ts";
import { openPrivately } from "../plan/private-file.ts";
import type { Twin } from "./twin.ts";

/** A twin as a scenario file: what `aks-mi emulator --scenario FILE` loads. */
function formatScenario({ resources, behaviour, gaps }: Twin, about: string): string {
  const comments = [
    about,
    "Load it with `aks-mi emulator --scenario FILE`. Secrets were never read into it.",
    ...gaps.map(({ what, reason }) => `Not in it: ${what} (${reason}).`),
  ];
  const yaml = stringify({ behaviour, resources }, { lineWidth: 0, aliasDuplicateObjects: false });
  return `${comments.map((line) => `# ${line.replaceAll(/\s+/g, " ")}`).join("\n")}\n${yaml}`;
}

/** Writes a twin as a scenario file, readable by its owner. @throws AksMiError when it cannot be written */
export function saveTwin(file: string, twin: Twin, about: string): void {
  try {
    const handle = openPrivately(file, "w");
    try {
      writeFileSync(handle, formatScenario(twin, about));
    } finally {
      closeSync(handle);
    }
  } catch (cause) {
    throw new AksMiError(
      "STATE_UNWRITABLE",
      `The twin cannot be written to ${file}: ${fileProblem(cause)}`,
      "Name another place with --save.",
      { cause },
    );
  }
}
