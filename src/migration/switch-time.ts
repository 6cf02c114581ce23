import type { Azure } from "../azure/azure.ts";
import { isOnManagedIdentity, type ManagedCluster } from "../azure/managed-cluster.ts";
import { nodeResourceGroupId } from "./grants.ts";
import { changesKubeletIdentity, kubeletIdentityKey, type Migration, switchKey } from "./migration.ts";
import { readNodeGroupGrantTime } from "./node-group-grant.ts";
import { readPrincipals } from "./principals.ts";

/**
 * The moment before which no node can have got the identity that it is to have: when Azure accepted this run's last update that
 * brings it, else what the plan was told, else, for a cluster that comes from a service principal, when AKS gave the new
 * control-plane identity its role on the node resource group.
 * @returns undefined when nothing tells
 */
export async function readSwitchStart(
  azure: Azure,
  migration: Migration,
  cluster: ManagedCluster,
): Promise<Date | undefined> {
  const { history, from, clusterId } = migration;
  const told = toldSwitch(migration);
  if (!isOnManagedIdentity(cluster) || !changesKubeletIdentity(migration)) return told;
  const begun =
    history.earliestEffectOf(kubeletIdentityKey(clusterId)) ?? history.earliestEffectOf(switchKey(clusterId));
  if (begun || told || !from.servicePrincipal) return begun ?? told;
  return readGrantTime(azure, migration, cluster);
}

/**
 * The moment from which the control plane may be using the new identity, for waits that count from it: never earlier
 * than the truth. Azure's own date comes first where this run's last attempt brought it: a run that was killed before it could
 * note Azure's answer notes it when it is resumed, and the wait is not to begin again with that. The last resort is the
 * beginning of the run that found the cluster switched.
 * @returns undefined when the cluster has not been switched
 */
export async function readSwitchEnd(
  azure: Azure,
  migration: Migration,
  cluster: ManagedCluster,
): Promise<Date | undefined> {
  if (!isOnManagedIdentity(cluster)) return undefined;
  const { history, clusterId } = migration;
  const granted = await readGrantTime(azure, migration, cluster);
  const begun = history.lastStartedAt(switchKey(clusterId));
  if (begun && granted && granted >= begun) return granted;
  const applied = history.appliedAt(switchKey(clusterId));
  // An attempt that was begun after the last answer that was noted may have been accepted too.
  const latest = begun && (!applied || applied < begun) ? begun : applied;
  return latest ?? toldSwitch(migration) ?? granted ?? history.beganAt;
}

/** When somebody else switched the cluster, as the plan was told. */
function toldSwitch({ from }: Migration): Date | undefined {
  return from.switchedAt === undefined ? undefined : new Date(from.switchedAt);
}

async function readGrantTime(azure: Azure, migration: Migration, cluster: ManagedCluster): Promise<Date | undefined> {
  const principal = (await readPrincipals(azure, cluster, migration.target, ["control-plane"])).get("control-plane");
  if (!principal) return undefined;
  return readNodeGroupGrantTime(azure, principal, nodeResourceGroupId(migration.clusterId, migration.facts));
}
