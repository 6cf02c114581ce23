import type { Azure } from "../azure/azure.ts";
import { sameId } from "../azure/ids.ts";
import {
  identityTypeOf,
  isOnManagedIdentity,
  kubeletIdentityOf,
  type ManagedCluster,
  userAssignedIdsOf,
} from "../azure/managed-cluster.ts";
import { AksMiError } from "../engine/errors.ts";
import { isUnproven } from "../migration/evidence.ts";
import { changesKubeletIdentity, type Migration } from "../migration/migration.ts";
import { readNodeEvidence } from "../migration/nodes.ts";
import type { PathId } from "../plan/schema.ts";

/** The path from what a cluster is to what it shall be. @throws AksMiError when Azure or good sense knows no such path */
export async function choosePath(azure: Azure, cluster: ManagedCluster, migration: Migration): Promise<PathId> {
  const { target, from, clusterId } = migration;
  if (!isOnManagedIdentity(cluster)) {
    return target.controlPlane ? "service-principal-to-user-assigned" : "service-principal-to-system-assigned";
  }
  const systemAssigned = identityTypeOf(cluster)?.toLowerCase() === "systemassigned";
  if (!target.controlPlane && !systemAssigned) throw noWayToSystemAssigned(clusterId);
  if (target.controlPlane && systemAssigned) return "system-assigned-to-user-assigned";
  if (target.controlPlane && !userAssignedIdsOf(cluster).some((id) => sameId(id, target.controlPlane?.id))) {
    return "user-assigned-to-user-assigned";
  }
  if (changesKubeletIdentity(migration)) return "replace-kubelet-identity";
  const switchedAt = from.switchedAt === undefined ? undefined : new Date(from.switchedAt);
  const pools = await readNodeEvidence(azure, clusterId, cluster, switchedAt);
  const complete = kubeletIdentityOf(cluster) !== undefined && !pools.some(isUnproven);
  return complete ? "none" : "finish-node-migration";
}

/** Azure CLI does this by omission, and the roles of the user-assigned identity are lost with it. */
function noWayToSystemAssigned(clusterId: string): AksMiError {
  return new AksMiError(
    "USAGE",
    `${clusterId.split("/").at(-1)} is on a user-assigned identity, and aks-mi never moves a cluster from there to a system-assigned one.`,
    "Plan with --to user-assigned: it keeps the identity, or moves to the one that --control-plane-identity names.",
  );
}
