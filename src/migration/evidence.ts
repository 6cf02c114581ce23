import { SECOND_MS } from "../engine/clock.ts";

/**
 * What is known about which identity the nodes of a pool use. Azure has no field that says it, so evidence is ranked:
 * `rolled` (every instance runs a scale set model that carries the kubelet identity, and was provisioned after the
 * switch as far as that is known), `model` (only the model carries it, or there is no instance yet), `none`, and `unknown`
 * where nothing can be read.
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

/** True while a pool has nodes that are not proven to use the kubelet identity; one without a node has none to re-image. */
export function isUnproven({ rank, nodes }: Pick<RankedNodes, "rank" | "nodes">): boolean {
  return rank !== "rolled" && !isEmpty({ rank, nodes });
}

/** True for a pool without a node whose model carries the kubelet identity: what its next node will use is not proven. */
export function isEmpty({ rank, nodes }: Pick<RankedNodes, "rank" | "nodes">): boolean {
  return rank === "model" && nodes === 0;
}

/** True for a pool that is known to have nodes, or a model, without the kubelet identity. */
export function isBehind({ rank, nodes }: Pick<RankedNodes, "rank" | "nodes">): boolean {
  return rank === "none" || (rank === "model" && nodes > 0);
}

/**
 * How far the clocks may be apart that date an instance and the update: both are Azure's. More would take a node for new that
 * an earlier update has imaged minutes before; less costs nothing, for a node is drained before it is imaged (AKS
 * documentation of node image upgrades), which takes longer than this. No source says how far these clocks are apart.
 */
export const CLOCK_SLACK_MS = 5 * SECOND_MS;
