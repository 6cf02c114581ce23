import { MINUTE_MS, parseDuration, SECOND_MS } from "../engine/clock.ts";
import type { Change, StepId } from "../engine/step.ts";
import type { ClusterPlan, MigrationPlan } from "../plan/schema.ts";

/** A duration between two bounds. */
export interface DurationRange {
  readonly minMs: number;
  readonly maxMs: number;
}

/** What things take, as documented or reported; AKS promises none of it. */
export const DURATIONS = {
  createIdentity: { minMs: 2 * SECOND_MS, maxMs: 20 * SECOND_MS },
  assignRole: { minMs: SECOND_MS, maxMs: 5 * SECOND_MS },
  /** Until Microsoft Entra ID knows a new identity everywhere; reported as 15 to 120 s. */
  principalReplication: { minMs: 0, maxMs: 2 * MINUTE_MS },
  identityUpdate: { minMs: 2 * MINUTE_MS, maxMs: 5 * MINUTE_MS },
  /** One node drained and re-imaged; a stuck drain takes up to 30 minutes more. */
  rollNode: { minMs: 5 * MINUTE_MS, maxMs: 10 * MINUTE_MS },
  verify: { minMs: 5 * SECOND_MS, maxMs: MINUTE_MS },
} as const;

/** AKS's default for `maxSurge`; the plan doesn't record another. */
const SURGE_NODES = 1;

const NOTHING: DurationRange = { minMs: 0, maxMs: 0 };

/** What one step is expected to take. */
export interface StepEstimate extends DurationRange {
  readonly step: StepId;
  /** True when the time passes without work: a wait of the plan. */
  readonly waits: boolean;
}

/** What a cluster's steps are expected to take. */
export interface ClusterEstimate {
  readonly cluster: string;
  readonly steps: readonly StepEstimate[];
  readonly total: DurationRange;
  /** How much of the total is waiting. */
  readonly waiting: DurationRange;
  /** From the point of no return to the proof: the change window. Undefined when nothing is irreversible. */
  readonly window?: DurationRange | undefined;
}

/** What a plan is expected to take; clusters are migrated side by side. */
export interface Estimate {
  readonly clusters: readonly ClusterEstimate[];
  readonly total: DurationRange;
}

/** Expected durations of a plan, from the plan alone. */
export function estimate(plan: MigrationPlan): Estimate {
  const clusters = plan.clusters.map((cluster) => estimateCluster(plan, cluster));
  return {
    clusters,
    total: {
      minMs: Math.max(...clusters.map(({ total }) => total.minMs)),
      maxMs: Math.max(...clusters.map(({ total }) => total.maxMs)),
    },
  };
}

/** The sum of ranges. */
export function addRanges(ranges: readonly DurationRange[]): DurationRange {
  return ranges.reduce((sum, { minMs, maxMs }) => ({ minMs: sum.minMs + minMs, maxMs: sum.maxMs + maxMs }), NOTHING);
}

/** How long it takes to drain and re-image that many nodes of one pool. */
export function rollNodes(nodes: number): DurationRange {
  return timesRange(DURATIONS.rollNode, Math.ceil(nodes / SURGE_NODES));
}

function timesRange({ minMs, maxMs }: DurationRange, times: number): DurationRange {
  return { minMs: minMs * times, maxMs: maxMs * times };
}

function estimateCluster(plan: MigrationPlan, cluster: ClusterPlan): ClusterEstimate {
  const changing = cluster.steps.some(({ changes }) => changes.length > 0);
  const steps = cluster.steps.map(({ id, changes }): StepEstimate => {
    const waits = id.startsWith("await-");
    if (waits) return { step: id, waits, ...(changing ? estimateWait(plan, cluster, id) : NOTHING) };
    return { step: id, waits, ...addRanges([estimateWrites(id, changes, changing), rollPools(cluster, changes)]) };
  });
  const total = (from: number) => addRanges([...waitsFrom(steps, from), ...workFrom(cluster, from, changing)]);
  const final = cluster.steps.findIndex(({ changes }) => changes.some(({ risk }) => risk === "irreversible"));
  return {
    cluster: cluster.id,
    steps,
    total: total(0),
    waiting: addRanges(waitsFrom(steps, 0)),
    window: final < 0 ? undefined : addRanges([...proofWaits(steps, final), ...workFrom(cluster, final, changing)]),
  };
}

function waitsFrom(steps: readonly StepEstimate[], from: number): StepEstimate[] {
  return steps.slice(from).filter(({ waits }) => waits);
}

function proofWaits(steps: readonly StepEstimate[], from: number): StepEstimate[] {
  return waitsFrom(steps, from).filter(({ step }) => step !== "await-token-switchover");
}

/** Writes and drains. Each node is expected to be drained once, however many steps may do it. */
function workFrom(cluster: ClusterPlan, from: number, changing: boolean): DurationRange[] {
  const steps = cluster.steps.slice(from);
  const everyChange = steps.flatMap(({ changes }) => changes);
  return [...steps.map(({ id, changes }) => estimateWrites(id, changes, changing)), rollPools(cluster, everyChange)];
}

function estimateWrites(step: StepId, changes: readonly Change[], changing: boolean): DurationRange {
  if (step === "verify-migration") return changing ? DURATIONS.verify : NOTHING;
  const ranges = changes.map((change) => {
    const { minMs, maxMs } = durationOfWrite(change);
    return { minMs: change.onlyIf ? 0 : minMs, maxMs };
  });
  const replicates = changes.some(({ key }) => key.startsWith("role:"));
  return addRanges(replicates ? [...ranges, DURATIONS.principalReplication] : ranges);
}

function durationOfWrite({ key }: Change): DurationRange {
  if (key.startsWith("identity:")) return DURATIONS.createIdentity;
  if (key.startsWith("role:")) return DURATIONS.assignRole;
  if (key.startsWith("switch:") || key.startsWith("kubelet-identity:")) return DURATIONS.identityUpdate;
  return NOTHING;
}

/** Drains of each pool once: at least those that depend on nothing, at most all. */
function rollPools(cluster: ClusterPlan, changes: readonly Change[]): DurationRange {
  const pools = (only: (change: Change) => boolean) =>
    new Set(
      changes.filter((change) => !change.key.startsWith("gap:") && only(change)).flatMap(({ drains }) => drains ?? []),
    );
  const nodes = (names: Set<string>) =>
    cluster.from.pools.filter(({ name }) => names.has(name)).map((pool) => rollNodes(pool.nodes));
  return {
    minMs: addRanges(nodes(pools(({ onlyIf }) => !onlyIf))).minMs,
    maxMs: addRanges(nodes(pools(() => true))).maxMs,
  };
}

/** Steps whose changes a wait counts from. */
const COUNTED_FROM: Partial<Record<StepId, readonly StepId[]>> = {
  "await-role-propagation": ["assign-roles"],
  "await-kubelet-propagation": ["attach-acr", "grant-addon-roles"],
  "await-token-switchover": ["enable-managed-identity"],
};

function estimateWait(plan: MigrationPlan, cluster: ClusterPlan, step: StepId): DurationRange {
  const { rolePropagation, tokenSwitchover } = plan.settings;
  const waitMs = parseDuration((step === "await-token-switchover" ? tokenSwitchover : rolePropagation).wait) ?? 0;
  const counted = cluster.steps.filter(({ id }) => COUNTED_FROM[step]?.includes(id)).flatMap(({ changes }) => changes);
  if (counted.some(({ onlyIf }) => !onlyIf)) return { minMs: waitMs, maxMs: waitMs };
  if (step === "await-token-switchover" && cluster.from.switchedAt) {
    const passedMs = Date.parse(plan.metadata.createdAt) - Date.parse(cluster.from.switchedAt);
    const leftMs = Math.max(0, waitMs - passedMs);
    return { minMs: leftMs, maxMs: leftMs };
  }
  // Rights given before this plan was made may still be young; only a run can see how young.
  return { minMs: 0, maxMs: waitMs };
}
