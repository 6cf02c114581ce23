import { shell } from "../engine/shell.ts";
import type { MigrationPlan } from "./schema.ts";

/** Where a command finds Azure and its runs: the flags that lead there. */
export interface Place {
  readonly tenant?: string | undefined;
  readonly cloud?: MigrationPlan["metadata"]["cloud"] | undefined;
  readonly emulator?: string | undefined;
  readonly stateDir: string;
}

/** Where runs are kept if no flag says otherwise. */
export const DEFAULT_STATE_DIR = ".aks-mi";

/** A command of aks-mi as it is typed. */
export function commandLine(...words: readonly string[]): string {
  return ["aks-mi", ...words.map(shell)].join(" ");
}

/** A flag with its value, where it has one. */
export function flag(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [name, value];
}

/** The flag with which a command finds its runs. */
export function runsFlags(stateDir: string): string[] {
  return stateDir === DEFAULT_STATE_DIR ? [] : ["--state-dir", stateDir];
}

/** The flags with which a command that is not given the plan finds its cloud; none for the one that everybody means. */
export function cloudFlags({ cloud }: MigrationPlan["metadata"]): string[] {
  return cloud === "AzureCloud" ? [] : ["--cloud", cloud];
}

/** The flag with which a command finds the emulator of a plan. Where nobody has named it, `URL` stands in its place. */
export function emulatorFlags(metadata: MigrationPlan["metadata"], { emulator }: Pick<Place, "emulator">): string[] {
  return flag("--emulator", emulator ?? (metadata.emulator ? "URL" : undefined));
}
