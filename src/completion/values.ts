import type { ValueOutline } from "../program-outline.ts";

/** What completes a value. */
export type ValueKind =
  | { readonly kind: "choices"; readonly choices: readonly string[] }
  | { readonly kind: "file" }
  | { readonly kind: "directory" }
  /** The ids of the runs in the state directory. */
  | { readonly kind: "run" }
  /** Only the user knows: names in Azure, times, hashes. */
  | { readonly kind: "unknown" };

/** Where the runs of the state directory lie, for a shell. */
export const RUNS_FOLDER = `"\${AKS_MI_STATE_DIR:-.aks-mi}/runs"`;

/** How a value is completed, from what the help calls it. */
export function kindOfValue({ name, choices }: ValueOutline): ValueKind {
  if (choices.length > 0) return { kind: "choices", choices };
  if (/\bfile\b/.test(name)) return { kind: "file" };
  if (name === "dir") return { kind: "directory" };
  return { kind: name === "run" ? "run" : "unknown" };
}

/** A text as one word of bash or zsh. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
