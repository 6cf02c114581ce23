import { askYes } from "./ask.ts";
import { mayPrompt } from "./context.ts";

const QUESTION =
  "Start a short-lived pod in each cluster, through the AKS run command? It reads pods, budgets, services and storage, and searches secrets and config maps for the old client id: only names are kept.";

/** The flags of commands that can look inside clusters. */
export interface InClusterFlags {
  readonly inCluster?: boolean;
  readonly yes?: boolean;
}

/**
 * True when clusters are to be looked into: `--in-cluster` was given and, where someone can be asked, nobody says no. Whoever
 * says no gets the rest, with what is inside "not assessed".
 */
export async function mayLookInside(flags: InClusterFlags & { readonly prompt: boolean }): Promise<boolean> {
  if (!flags.inCluster) return false;
  if (flags.yes || !mayPrompt(flags)) return true;
  return askYes(QUESTION);
}
