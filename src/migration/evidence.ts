import { MINUTE_MS } from "../engine/clock.ts";

/**
 * What is known about which identity the nodes of a pool use. Azure has no field that says it, so evidence is ranked:
 * `rolled` (every instance runs a scale set model that carries the kubelet identity, and was provisioned after the
 * switch as far as that is known), `model` (only the model carries it), `none`, and `unknown` where nothing can be read.
 */
export type EvidenceRank = "rolled" | "model" | "none" | "unknown";

/** What is known about the nodes of a pool. */
export interface RankedNodes {
  readonly rank: EvidenceRank;
  readonly nodes: number;
  /** Names of the nodes that run the new model, or have taken an old one's place. */
  readonly reimaged: readonly string[];
  /** What was seen, in a sentence. */
  readonly seen: string;
}

/** How far the platform's clock and ours may be apart. */
export const CLOCK_SLACK_MS = 2 * MINUTE_MS;
