import { MINUTE_MS, parseDuration, SECOND_MS } from "../engine/clock.ts";
import type { Change, StepId } from "../engine/step.ts";
import { isGap } from "../engine/step.ts";
import { parseRoleKey, updatesCluster } from "../plan/change-keys.ts";
import type { ClusterPlan, MigrationPlan } from "../plan/schema.ts";
import { rangeSideBySide, type StretchRange } from "./side-by-side.ts";

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

/** A pool that a step drains, or may. */
export interface PoolRoll {
  readonly pool: string;
  readonly nodes: number;
  /** False when it depends on Azure's answer. */
  readonly certain: boolean;
}

/** What one step is expected to take. */
export interface StepEstimate extends DurationRange {
  readonly step: StepId;
  /** True when the time passes without work: a wait of the plan, in which another cluster may have the place. */
  readonly waits: boolean;
  /** Without the drains: its writes, or its wait. */
  readonly rest: DurationRange;
  readonly rolls: readonly PoolRoll[];
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

/** What a plan is expected to take in one go. */
export interface Estimate {
  readonly clusters: readonly ClusterEstimate[];
  readonly total: DurationRange;
}

/** Expected durations of a plan, from the plan alone. */
export function estimate(plan: MigrationPlan): Estimate {
  const clusters = plan.clusters.map((cluster) => estimateCluster(plan, cluster));
  return { clusters, total: rangeSideBySide(clusters.map(({ steps }) => stretchesOf(steps))) };
}

/** The sum of ranges. */
function addRanges(ranges: readonly DurationRange[]): DurationRange {
  return ranges.reduce((sum, { minMs, maxMs }) => ({ minMs: sum.minMs + minMs, maxMs: sum.maxMs + maxMs }), NOTHING);
}

/** How long it takes to drain and re-image that many nodes of one pool. */
export function rollNodes(nodes: number, perNode: DurationRange = DURATIONS.rollNode): DurationRange {
  const times = Math.ceil(nodes / SURGE_NODES);
  return { minMs: perNode.minMs * times, maxMs: perNode.maxMs * times };
}

/** What steps take together, as `stretchesOf` has it. */
export function sumSteps(...given: Parameters<typeof stretchesOf>): DurationRange {
  return addRanges(stretchesOf(...given));
}

/**
 * What each of some steps takes. A pool is expected to be drained once, by the first of the steps that may do it, however many
 * they are.
 * @param left how many nodes of a pool are still to be drained, where that is known
 */
export function stretchesOf(
  steps: readonly StepEstimate[],
  perNode: DurationRange = DURATIONS.rollNode,
  left: ReadonlyMap<string, number> = new Map(),
): StretchRange[] {
  const rolls = steps.flatMap((step) => step.rolls);
  const isCertain = (pool: string) => rolls.some((roll) => roll.pool === pool && roll.certain);
  const isFirst = (roll: PoolRoll) => rolls.find(({ pool }) => pool === roll.pool) === roll;
  return steps.map(({ rest, waits, rolls: own }) => {
    const drains = own.filter(isFirst).map(({ pool, nodes }): DurationRange => {
      const { minMs, maxMs } = rollNodes(left.get(pool) ?? nodes, perNode);
      return { minMs: isCertain(pool) ? minMs : 0, maxMs };
    });
    return { ...addRanges([rest, ...drains]), idle: waits };
  });
}

function estimateCluster(plan: MigrationPlan, cluster: ClusterPlan): ClusterEstimate {
  const changing = cluster.steps.some(({ changes }) => changes.length > 0);
  const steps = cluster.steps.map(({ id, changes }): StepEstimate => {
    const waits = id.startsWith("await-");
    const wait = changing ? estimateWait(plan, cluster, id) : NOTHING;
    const rest = waits ? wait : estimateWrites(id, changes, changing);
    const alone = { step: id, waits, rest, rolls: listRolls(cluster, changes), ...NOTHING };
    return { ...alone, ...sumSteps([alone]) };
  });
  const final = cluster.steps.findIndex(({ changes }) => changes.some(({ risk }) => risk === "irreversible"));
  return {
    cluster: cluster.id,
    steps,
    total: sumSteps(steps),
    waiting: sumSteps(steps.filter(({ waits }) => waits)),
    window: final < 0 ? undefined : sumSteps(steps.slice(final).filter(isBeforeProof)),
  };
}

/** False for the one step that comes after the proof. */
export function isBeforeProof({ step }: StepEstimate): boolean {
  return step !== "await-token-switchover";
}

function estimateWrites(step: StepId, changes: readonly Change[], changing: boolean): DurationRange {
  if (step === "verify-migration") return changing ? DURATIONS.verify : NOTHING;
  const ranges = changes.map((change) => {
    const { minMs, maxMs } = durationOfWrite(change);
    return { minMs: change.onlyIf ? 0 : minMs, maxMs };
  });
  const replicates = changes.some(({ key }) => parseRoleKey(key) !== undefined);
  return addRanges(replicates ? [...ranges, DURATIONS.principalReplication] : ranges);
}

function durationOfWrite({ key }: Change): DurationRange {
  if (key.startsWith("identity:")) return DURATIONS.createIdentity;
  if (parseRoleKey(key)) return DURATIONS.assignRole;
  if (updatesCluster(key)) return DURATIONS.identityUpdate;
  return NOTHING;
}

function listRolls(cluster: ClusterPlan, changes: readonly Change[]): PoolRoll[] {
  const rolls = changes.filter((change) => !isGap(change));
  return cluster.from.pools.flatMap(({ name, nodes }): PoolRoll[] => {
    const drains = rolls.filter((change) => change.drains?.includes(name));
    return drains.length > 0 ? [{ pool: name, nodes, certain: drains.some(({ onlyIf }) => !onlyIf) }] : [];
  });
}

/** Steps whose changes a wait counts from: for roles, those that give some; a system-assigned identity gets its own with the switch. */
const COUNTED_FROM: Partial<Record<StepId, readonly StepId[]>> = {
  "await-role-propagation": ["assign-roles"],
  "await-kubelet-propagation": ["enable-managed-identity", "attach-acr"],
  "await-token-switchover": ["enable-managed-identity"],
};

function estimateWait(plan: MigrationPlan, cluster: ClusterPlan, step: StepId): DurationRange {
  const { rolePropagation, tokenSwitchover } = plan.settings;
  const forTokens = step === "await-token-switchover";
  const waitMs = parseDuration((forTokens ? tokenSwitchover : rolePropagation).wait) ?? 0;
  const before = cluster.steps.filter(({ id }) => COUNTED_FROM[step]?.includes(id)).flatMap(({ changes }) => changes);
  const counted = forTokens ? before : before.filter(({ key }) => parseRoleKey(key) !== undefined);
  if (counted.some(({ onlyIf }) => !onlyIf)) return { minMs: waitMs, maxMs: waitMs };
  if (forTokens && cluster.from.switchedAt) {
    const passedMs = Date.parse(plan.metadata.createdAt) - Date.parse(cluster.from.switchedAt);
    const leftMs = Math.max(0, waitMs - passedMs);
    return { minMs: leftMs, maxMs: leftMs };
  }
  // What the kubelet identity got before the switch has been waited for by then.
  const waitedBefore = cluster.steps.some(({ id }) => id === "await-role-propagation");
  if (step === "await-kubelet-propagation" && waitedBefore && counted.length === 0) return NOTHING;
  // Rights given before this plan was made may still be young; only a run can see how young.
  return { minMs: 0, maxMs: waitMs };
}
