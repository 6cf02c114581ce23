import { locksOf } from "./access.ts";
import { flat } from "./arm-error.ts";
import type { Cluster, Pool } from "./cluster.ts";
import { isAtOrBelow, nameOf, subscriptionOf } from "./ids.ts";
import { objectAt, textAt } from "./json.ts";
import { unsatisfiableBudget } from "./node-roll.ts";
import type { Operation } from "./operation.ts";
import { nodeGroupIdOf } from "./scale-sets.ts";
import type { World } from "./world.ts";

/**
 * One operation at a time: a cluster with a running one, its own or a pool's, refuses the next (public reports).
 * @throws ArmError 409 `OperationNotAllowed`
 */
export function ensureIdle(cluster: Cluster, pool?: Pool): void {
  const running = cluster.operation ?? (pool ? pool.operation : poolOperation(cluster));
  if (!running) return;
  const started = new Date(running.startMs).toISOString().replace(/\.\d+Z$/, "Z");
  throw flat(
    409,
    "OperationNotAllowed",
    `Operation is not allowed because there's an in progress ${running.kind} operation (operation ID: ${running.id}) on the managed cluster started on UTC ${started}. Please wait for it to finish before starting a new operation. You can also use 'az aks operation-abort' to abort the ongoing operation. See https://aka.ms/aks-pending-operation for more details.`,
  );
}

/**
 * The other answer that an update gets while something else is under way, as public reports have it. What the subcode ends in
 * is the model's own: the reports break off in it.
 * @throws ArmError 409 `EtagMismatch`
 */
export function refuseByEtag(cluster: Cluster): void {
  if (!cluster.operation && !poolOperation(cluster)) return;
  throw flat(
    409,
    "EtagMismatch",
    "Operation is not allowed: Another operation is in progress",
    [{ code: "Unspecified", message: "rpc error: code = FailedPrecondition desc = Etag mismatched" }],
    "PutManagedClusterAndComponents_FailedPrecondition",
  );
}

function poolOperation(cluster: Cluster): Operation | undefined {
  return [...cluster.pools.values()].find((pool) => pool.operation)?.operation;
}

/** A stopped cluster takes no update (AKS support articles). @throws ArmError 409 `OperationNotAllowed` */
export function ensureRunning(cluster: Cluster): void {
  const power = textAt(objectAt(cluster.resource, "properties"), "powerState", "code") ?? "Running";
  if (power === "Running") return;
  throw flat(
    409,
    "OperationNotAllowed",
    `managed cluster is not currently running, current power state is ${power}. Please start the cluster ${nameOf(cluster.id)} first.`,
  );
}

/**
 * A lock on the nodes or a budget that can never be met refuses the roll before it begins (public reports).
 * @throws ArmError 409 `ScopeLocked`, 400 `UnsatisfiablePDB`
 */
export function ensureDrainable(world: World, cluster: Cluster, pool: Pool): void {
  ensureNodesUnlocked(world, cluster);
  const budget = unsatisfiableBudget(world, cluster, pool);
  if (!budget) return;
  throw flat(
    400,
    "UnsatisfiablePDB",
    `Upgrade is blocked due to invalid Pod Disruption Budgets (PDBs). Please review the PDB spec to allow disruption during upgrades. To bypass this error, set forceUpgrade in upgradeSettings.overrideSettings. Error details: 1 error occurred: PDB ${budget} has maxunavailable == 0 can't proceed with put operation.`,
  );
}

/** AKS replaces no node while the nodes' resource group is locked, or anything in it (public reports). */
function ensureNodesUnlocked(world: World, cluster: Cluster): void {
  const group = nodeGroupIdOf(cluster);
  const isLocked = locksOf(world).some(({ scope }) => isAtOrBelow(group, scope) || isAtOrBelow(scope, group));
  if (!isLocked) return;
  throw flat(
    409,
    "ScopeLocked",
    `Resource group '${nameOf(group)}' under subscription: '${subscriptionOf(group)}' is locked, please remove lock and retry. Please see http://aka.ms/azure-lock-resources`,
  );
}
