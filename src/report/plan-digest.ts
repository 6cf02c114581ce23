import type { Change, RecordedFinding, Risk, StepId } from "../engine/step.ts";
import { isGap, STEP_TITLES } from "../engine/step.ts";
import { parseRoleKey } from "../plan/change-keys.ts";
import type { ClusterPlan, MigrationPlan } from "../plan/schema.ts";
import type { ClusterEstimate, StepEstimate } from "./durations.ts";
import { estimate } from "./durations.ts";
import { count, formatRange, principalWords, STEP_REASONS, sortFindings, worstRisk } from "./words.ts";

/** One role that a principal gets for one reason, on one scope or several. */
export interface RightGroup {
  readonly role: string;
  readonly reason: string;
  readonly risk: Risk;
  readonly onlyIf?: string | undefined;
  readonly scopes: readonly string[];
}

/** The rights that one principal gets in one step. */
export interface PrincipalRights {
  readonly principal: string;
  readonly rights: readonly RightGroup[];
  readonly count: number;
}

/** A node pool that is drained, with the nodes it has today. */
export interface PoolDrain {
  readonly pool: string;
  /** Undefined when the plan doesn't know the pool. */
  readonly nodes?: number | undefined;
}

/** One step of a plan as its reader wants it. */
export interface StepDigest {
  readonly id: StepId;
  readonly title: string;
  readonly reason: string;
  readonly estimate: StepEstimate;
  /** The worst of its changes; undefined when it changes nothing. */
  readonly risk?: Risk | undefined;
  /** Changes other than roles and gaps. */
  readonly changes: readonly Change[];
  readonly principals: readonly PrincipalRights[];
  readonly gaps: readonly Change[];
  /** True for the first step after which nothing leads back. */
  readonly pointOfNoReturn: boolean;
  readonly drains: readonly PoolDrain[];
  /** True when it neither changes anything nor takes noticeable time. */
  readonly idle: boolean;
}

/** One cluster of a plan as its reader wants it. Nothing in it is decided here: it is the plan, sorted and counted. */
export interface ClusterDigest {
  readonly cluster: ClusterPlan;
  readonly estimate: ClusterEstimate;
  readonly steps: readonly StepDigest[];
  /** The gravest first. */
  readonly findings: readonly RecordedFinding[];
  readonly drains: readonly PoolDrain[];
  readonly irreversible: readonly Change[];
  readonly changeCount: number;
  readonly riskCounts: Readonly<Record<Risk, number>>;
}

/** Each cluster of a plan, sorted and counted. */
export function digestPlan(plan: MigrationPlan): ClusterDigest[] {
  const { clusters } = estimate(plan);
  return plan.clusters.map((cluster, index) => digestCluster(cluster, clusters[index]!));
}

function digestCluster(cluster: ClusterPlan, clusterEstimate: ClusterEstimate): ClusterDigest {
  const changes = cluster.steps.flatMap((step) => step.changes);
  const final = cluster.steps.find((step) => step.changes.some(({ risk }) => risk === "irreversible"));
  const count = (risk: Risk) => changes.filter((change) => !isGap(change) && change.risk === risk).length;
  return {
    cluster,
    estimate: clusterEstimate,
    steps: cluster.steps.map((step, index) => digestStep(cluster, step, clusterEstimate.steps[index]!, step === final)),
    findings: sortFindings(cluster.findings),
    drains: listDrains(cluster, changes),
    irreversible: changes.filter(({ risk }) => risk === "irreversible"),
    changeCount: changes.filter((change) => !isGap(change)).length,
    riskCounts: { additive: count("additive"), disruptive: count("disruptive"), irreversible: count("irreversible") },
  };
}

function digestStep(
  cluster: ClusterPlan,
  { id, changes }: ClusterPlan["steps"][number],
  stepEstimate: StepEstimate,
  pointOfNoReturn: boolean,
): StepDigest {
  return {
    id,
    title: STEP_TITLES[id],
    reason: STEP_REASONS[id],
    estimate: stepEstimate,
    risk: worstRisk(changes.map(({ risk }) => risk)),
    changes: changes.filter((change) => !isGap(change) && !parseRoleKey(change.key)),
    principals: groupRights(cluster, changes),
    gaps: changes.filter(isGap),
    pointOfNoReturn,
    drains: listDrains(cluster, changes),
    idle: changes.length === 0 && stepEstimate.maxMs === 0,
  };
}

function groupRights(cluster: ClusterPlan, changes: readonly Change[]): PrincipalRights[] {
  const principals = new Map<string, Map<string, RightGroup>>();
  for (const { key, reason, risk, onlyIf } of changes) {
    const parsed = parseRoleKey(key);
    if (!parsed) continue;
    const rights = principals.get(parsed.who) ?? new Map<string, RightGroup>();
    const group = JSON.stringify([parsed.role, reason, risk, onlyIf]);
    const scopes = [...(rights.get(group)?.scopes ?? []), parsed.scope];
    rights.set(group, { role: parsed.role, reason, risk, onlyIf, scopes });
    principals.set(parsed.who, rights);
  }
  return [...principals].map(([who, rights]) => ({
    principal: principalWords(who, cluster),
    rights: [...rights.values()],
    count: [...rights.values()].reduce((sum, { scopes }) => sum + scopes.length, 0),
  }));
}

function listDrains(cluster: ClusterPlan, changes: readonly Change[]): PoolDrain[] {
  const pools = new Set(changes.filter((change) => !isGap(change)).flatMap(({ drains }) => drains ?? []));
  return [...pools].map((pool) => ({ pool, nodes: cluster.from.pools.find(({ name }) => name === pool)?.nodes }));
}

/** How many changes there are of each risk: `9 additive, 4 disruptive`. */
export function riskWords({ riskCounts }: Pick<ClusterDigest, "riskCounts">): string {
  const risks = Object.entries(riskCounts).filter(([, amount]) => amount > 0);
  return risks.map(([risk, amount]) => `${amount} ${risk}`).join(", ");
}

/** `14 changes, 9 nodes drained, 25 h 45 min to 26 h 50 min`: what all clusters of a plan come to together. */
export function planInBrief(plan: MigrationPlan): string {
  const digests = digestPlan(plan);
  const sum = (amountOf: (digest: ClusterDigest) => number) =>
    digests.reduce((total, digest) => total + amountOf(digest), 0);
  const changes = sum(({ changeCount }) => changeCount);
  if (changes === 0) return "nothing to change";
  const nodes = sum(({ drains }) => drainedNodes(drains));
  const drained = nodes > 0 ? `${count(nodes, "node")} drained` : "no node drained";
  return `${count(changes, "change")}, ${drained}, ${formatRange(estimate(plan).total)}`;
}

/** `3 pools, 9 nodes: system (3), user (4), gpu (2)`. */
export function drainWords(drains: readonly PoolDrain[]): string {
  const nodes = drainedNodes(drains);
  const list = drains.map(({ pool, nodes }) => (nodes === undefined ? pool : `${pool} (${nodes})`)).join(", ");
  return `${drains.length} ${drains.length === 1 ? "pool" : "pools"}, ${nodes} ${nodes === 1 ? "node" : "nodes"}: ${list}`;
}

/** How many nodes are drained, as far as the plan knows the pools. */
export function drainedNodes(drains: readonly PoolDrain[]): number {
  return drains.reduce((sum, { nodes }) => sum + (nodes ?? 0), 0);
}
