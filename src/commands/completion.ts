import { completeInBash } from "../completion/bash.ts";
import { completeInFish } from "../completion/fish.ts";
import type { Shell } from "../completion/shells.ts";
import { completeInZsh } from "../completion/zsh.ts";
import type { CommandOutline } from "../program-outline.ts";

const WRITERS: Readonly<Record<Shell, (outline: readonly CommandOutline[]) => string>> = {
  bash: completeInBash,
  zsh: completeInZsh,
  fish: completeInFish,
};

/** Prints the completion script of a shell. @returns the exit code */
export function completion(shell: Shell, outline: readonly CommandOutline[]): number {
  process.stdout.write(WRITERS[shell](outline));
  return 0;
}
