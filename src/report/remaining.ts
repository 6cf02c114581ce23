import type { DurationRange, PoolRoll, StepEstimate } from "./durations.ts";
import { DURATIONS, isBeforeProof, stretchesOf, sumSteps } from "./durations.ts";
import type { ClusterView, StepView } from "./run-view.ts";
import { rangeSideBySide } from "./side-by-side.ts";

/** What is left of a cluster's migration. */
export interface Remaining {
  /** Until every node is proven to be migrated. */
  readonly proof: DurationRange;
  /** Until the last step, the token switchover included. */
  readonly all: DurationRange;
}

/** How far what was seen of the nodes so far may be off for those to come. */
const SPREAD = 0.25;

/** The time that is left of one cluster, if it never has to queue: the plan's expectations, corrected by what was seen. */
export function estimateRemaining(cluster: ClusterView, now: Date): Remaining {
  const { rests, perNode, nodes } = whatIsLeft(cluster, now);
  return { proof: sumSteps(rests.filter(isBeforeProof), perNode, nodes), all: sumSteps(rests, perNode, nodes) };
}

/** The time that is left of some clusters: not all of them can be worked on at once. */
export function estimateAllRemaining(clusters: readonly ClusterView[], now: Date): Remaining {
  // Who is at work has a place already.
  const order = [...clusters].sort((a, b) => Number(hasPlace(b)) - Number(hasPlace(a)));
  const left = order.map((cluster) => whatIsLeft(cluster, now));
  const range = (isCounted: (step: StepEstimate) => boolean) =>
    rangeSideBySide(left.map(({ rests, perNode, nodes }) => stretchesOf(rests.filter(isCounted), perNode, nodes)));
  return { proof: range(isBeforeProof), all: range(() => true) };
}

function hasPlace({ startedAt, steps }: ClusterView): boolean {
  return startedAt !== undefined && !steps.some(({ state, until, queued }) => state === "waiting" && (until || queued));
}

function whatIsLeft(cluster: ClusterView, now: Date) {
  const left = cluster.steps.filter(({ state }) => state !== "done");
  const perNode = observePerNode(cluster);
  const nodes = countNodesLeft(cluster);
  const rests = left.map(
    (step): StepEstimate => ({ ...step.estimate, rest: restOf(step, now), rolls: rollsLeft(cluster, step) }),
  );
  return { rests, perNode, nodes };
}

/** How long a step has been at work or waiting, over all its starts. */
export function timeSpentMs(step: StepView, now: Date): number {
  return step.spans.reduce((sum, { from, to }) => sum + (to ? Date.parse(to) : now.getTime()) - Date.parse(from), 0);
}

function restOf(step: StepView, now: Date): DurationRange {
  if (step.until) {
    const leftMs = Math.max(0, Date.parse(step.until) - now.getTime());
    return { minMs: leftMs, maxMs: leftMs };
  }
  const spentMs = step.state === "pending" ? 0 : timeSpentMs(step, now);
  const { minMs, maxMs } = step.estimate.rest;
  return { minMs: Math.max(0, minMs - spentMs), maxMs: Math.max(0, maxMs - spentMs) };
}

/** A drain that hung on Azure's answer is certain once its change has begun, or once all that might have drained the pool before is over. */
function rollsLeft({ steps }: ClusterView, step: StepView): readonly PoolRoll[] {
  return step.estimate.rolls.map((roll) => {
    const earlier = steps
      .slice(0, steps.indexOf(step))
      .filter(({ estimate }) => estimate.rolls.some(({ pool }) => pool === roll.pool));
    const isAnswered = earlier.length > 0 && earlier.every(({ state }) => state === "done");
    return { ...roll, certain: roll.certain || isAnswered || hasBegun(step, roll.pool) };
  });
}

function hasBegun({ changes }: StepView, pool: string): boolean {
  return changes.some(
    ({ drains, state }) => drains?.includes(pool) && ["started", "applied", "failed"].includes(state),
  );
}

/** What a node took so far; the plan's expectation as long as none is done. */
function observePerNode(cluster: ClusterView): DurationRange {
  let [nodes, totalMs] = [0, 0];
  for (const step of cluster.steps) {
    const reimaged = step.pools.reduce((sum, pool) => sum + pool.reimaged, 0);
    const last = step.pools
      .map(({ at }) => at)
      .sort()
      .at(-1);
    if (reimaged === 0 || !step.startedAt || !last) continue;
    nodes += reimaged;
    totalMs += Math.max(0, Date.parse(last) - Date.parse(step.startedAt));
  }
  if (nodes === 0 || totalMs === 0) return DURATIONS.rollNode;
  const seenMs = totalMs / nodes;
  return { minMs: seenMs * (1 - SPREAD), maxMs: seenMs * (1 + SPREAD) };
}

/** What the last step to look at a pool has seen of it: one that drains it once more begins anew. */
function countNodesLeft(cluster: ClusterView): Map<string, number> {
  const pools = cluster.steps.flatMap((step) => step.pools);
  return new Map(pools.map(({ pool, nodes, reimaged }) => [pool, Math.max(0, nodes - reimaged)]));
}
