import { MINUTE_MS } from "../engine/clock.ts";
import { durationMs } from "./behaviour.ts";
import type { Cluster, Node, Pool } from "./cluster.ts";
import { isSameId } from "./ids.ts";
import { type JsonObject, numberAt, objectAt, textAt, textsAt, valueAt } from "./json.ts";
import type { Operation } from "./operation.ts";
import { quotaExceeded } from "./quotas.ts";
import { pullAfterImaging } from "./round.ts";
import { imageNode, isStopped, profileOf } from "./scale-sets.ts";
import { subnetIsFull } from "./subnet-room.ts";
import type { World } from "./world.ts";

/** The type of the disruption budgets that can be put in. */
const BUDGET_TYPE = "kubernetes/poddisruptionbudget";

/** The drain timeout of a pool that sets none (AKS documentation: 30 minutes). */
const DRAIN_TIMEOUT_MS = 30 * MINUTE_MS;

/** How a roll ends. */
export interface RollEnd {
  /** Every node that had to be has been imaged again. */
  done(): void;
  /** A node could not be drained: the roll stops there. @param error as Azure puts it into the operation */
  failed(error: JsonObject): void;
}

/**
 * Images nodes again, pool by pool, as many at a time as the pool's surge allows. A node is drained when its turn
 * begins and is back when its time is over. Ends early when the operation it belongs to does.
 */
export function rollNodes(
  world: World,
  cluster: Cluster,
  operation: Operation,
  work: { pool: Pool; nodes: Node[] }[],
  end: RollEnd,
): void {
  const [current, ...later] = work;
  if (!current) {
    end.done();
    return;
  }
  const { pool, nodes } = current;
  if (nodes.length === 0) {
    rollNodes(world, cluster, operation, later, end);
    return;
  }
  const surge = isDrained(cluster, pool) ? (countOf(maxSurgeOf(cluster, pool), pool.nodes.length) ?? 1) : 0;
  const wanted = shortageOf(world, cluster, pool, Math.min(surge, nodes.length));
  const isFallingBack = wanted !== undefined && fallsBack(cluster, pool);
  const shortage = isFallingBack ? shortageOf(world, cluster, pool, 1) : wanted;
  if (shortage) {
    end.failed(shortage);
    return;
  }
  const batch = nodes.slice(0, isFallingBack ? 1 : surgeOf(cluster, pool));
  const rest = [{ pool, nodes: nodes.slice(batch.length) }, ...later];
  const blocking = isDrained(cluster, pool) ? blockingBudget(world, cluster, pool) : undefined;
  if (blocking) {
    failAfterTimeout(world, cluster, operation, pool, batch[0]!, blocking, end);
    return;
  }
  if (isDrained(cluster, pool)) for (const node of batch) note(world, cluster, pool, node, "nodeDrained");
  world.timeline.schedule(world.nowMs + durationMs(world.behaviour, "nodeImageUpgradePerNode"), () => {
    if (operation.endMs !== undefined) return;
    for (const node of batch) {
      imageNode(world, cluster, pool, node);
      note(world, cluster, pool, node, "nodeReimaged");
      pullAfterImaging(world, cluster, pool, node);
    }
    world.timeline.schedule(world.nowMs + soakMs(cluster, pool), () => {
      if (operation.endMs === undefined) rollNodes(world, cluster, operation, rest, end);
    });
  });
}

/** What there is no room for: cores of the region, addresses of the subnet. */
function shortageOf(world: World, cluster: Cluster, pool: Pool, surge: number): JsonObject | undefined {
  return quotaExceeded(world, cluster, pool, surge) ?? subnetIsFull(world, cluster, pool, surge);
}

/** How long a pool waits after each of its nodes before it goes on (AKS documentation: none by default, 30 minutes at most). */
function soakMs(cluster: Cluster, pool: Pool): number {
  return MINUTE_MS * (numberAt(profileOf(cluster, pool.name), "upgradeSettings", "nodeSoakDurationInMinutes") ?? 0);
}

/**
 * The first minor version of Kubernetes with which AKS makes do with one node where there is no room for the surge (AKS
 * documentation of upgrade options).
 */
const FALLBACK_MINOR = 35;

function fallsBack(cluster: Cluster, pool: Pool): boolean {
  const profile = profileOf(cluster, pool.name);
  const version =
    textAt(profile, "currentOrchestratorVersion") ??
    textAt(profile, "orchestratorVersion") ??
    textAt(cluster.resource, "properties", "kubernetesVersion");
  return Number(/^1\.(\d+)/.exec(version ?? "")?.[1] ?? 0) >= FALLBACK_MINOR;
}

function note(world: World, cluster: Cluster, pool: Pool, node: Node, kind: string): void {
  world.events.add(world.nowMs, {
    cluster: cluster.id,
    kind,
    pool: pool.name,
    node: node.name,
    ...(kind === "nodeReimaged" ? { identity: node.principalId } : {}),
    ok: true,
  });
}

/** Spot pools have neither surge nor drain (AKS documentation). */
function isDrained(cluster: Cluster, pool: Pool): boolean {
  return !isSameId(textAt(profileOf(cluster, pool.name), "scaleSetPriority"), "Spot");
}

/** How many nodes of a pool are imaged at a time: its maxSurge or maxUnavailable, a number or a share, rounded up. */
function surgeOf(cluster: Cluster, pool: Pool): number {
  if (!isDrained(cluster, pool)) return 1;
  const settings = objectAt(profileOf(cluster, pool.name), "upgradeSettings");
  const surge = countOf(maxSurgeOf(cluster, pool), pool.nodes.length) ?? 1;
  const unavailable = countOf(textAt(settings, "maxUnavailable"), pool.nodes.length) ?? 0;
  return Math.max(1, surge, unavailable);
}

function maxSurgeOf(cluster: Cluster, pool: Pool): string | undefined {
  return textAt(profileOf(cluster, pool.name), "upgradeSettings", "maxSurge");
}

function countOf(setting: string | undefined, nodes: number): number | undefined {
  if (setting === undefined) return undefined;
  const amount = Number.parseFloat(setting);
  if (Number.isNaN(amount)) return undefined;
  return setting.endsWith("%") ? Math.ceil((amount / 100) * nodes) : Math.ceil(amount);
}

/** The disruption budgets of a cluster that concern a pool. */
function budgetsOf(world: World, cluster: Cluster, pool: Pool): JsonObject[] {
  return world.store.ofType(BUDGET_TYPE).filter((budget) => {
    const pools = textsAt(budget, "pools");
    return isSameId(textAt(budget, "cluster"), cluster.id) && (pools.length === 0 || pools.includes(pool.name));
  });
}

/** A budget that allows no eviction right now. */
function blockingBudget(world: World, cluster: Cluster, pool: Pool): JsonObject | undefined {
  return budgetsOf(world, cluster, pool).find((budget) => numberAt(budget, "status", "disruptionsAllowed") === 0);
}

/** A budget that can never allow an eviction: AKS refuses the upgrade outright (public reports). */
export function unsatisfiableBudget(world: World, cluster: Cluster, pool: Pool): string | undefined {
  const found = budgetsOf(world, cluster, pool).find((budget) => {
    const most = valueAt(budget, "spec", "maxUnavailable");
    return most === 0 || most === "0" || most === "0%";
  });
  return found && budgetName(found);
}

function budgetName(budget: JsonObject): string {
  return textAt(budget, "metadata", "name") ?? String(budget["name"] ?? "unnamed");
}

function failAfterTimeout(
  world: World,
  cluster: Cluster,
  operation: Operation,
  pool: Pool,
  node: Node,
  budget: JsonObject,
  end: RollEnd,
): void {
  const minutes = numberAt(profileOf(cluster, pool.name), "upgradeSettings", "drainTimeoutInMinutes");
  const timeoutMs = minutes === undefined ? DRAIN_TIMEOUT_MS : minutes * MINUTE_MS;
  world.timeline.schedule(world.nowMs + timeoutMs, () => {
    if (operation.endMs !== undefined) return;
    const namespace = textAt(budget, "metadata", "namespace") ?? "default";
    end.failed({
      code: "UpgradeFailed",
      message: `Drain node ${node.name} failed when evicting pod in namespace ${namespace} failed with Too Many Requests error. This is often caused by a restrictive Pod Disruption Budget (PDB) policy. See https://aka.ms/aks/debugdrainfailures. Original error: Cannot evict pod as it would violate the pod's disruption budget ${budgetName(budget)}.. PDB debug info: ${namespace}/${budgetName(budget)} blocked by pdb with 0 unready pods.`,
    });
  });
}

/** Every node of the given pools that are running, system pools first, as work for a roll. */
export function wholePools(cluster: Cluster, pools: Iterable<Pool>): { pool: Pool; nodes: Node[] }[] {
  const isUserPool = (pool: Pool) => (isSameId(textAt(profileOf(cluster, pool.name), "mode"), "System") ? 0 : 1);
  return [...pools]
    .filter((pool) => !isStopped(cluster, pool))
    .sort((left, right) => isUserPool(left) - isUserPool(right))
    .map((pool) => ({ pool, nodes: [...pool.nodes] }));
}
