/** The shells that completion scripts are made for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** A shell that completions can be made for. */
export type Shell = (typeof SHELLS)[number];
