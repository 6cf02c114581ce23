import { sameId } from "../azure/ids.ts";
import {
  identityTypeOf,
  isOnManagedIdentity,
  kubeletIdentityOf,
  type ManagedCluster,
  unsettledStates,
  userAssignedIdsOf,
} from "../azure/managed-cluster.ts";
import { isUnproven } from "./evidence.ts";
import type { Target } from "./migration.ts";
import type { PoolEvidence } from "./nodes.ts";

/** What a complete migration would have and this cluster has not, in sentences without a full stop. */
export function missingFromMigration(
  cluster: ManagedCluster,
  target: Target,
  pools: readonly PoolEvidence[],
): string[] {
  return [...missingFromControlPlane(cluster, target), ...missingFromNodes(pools)];
}

/** What the cluster's own object lacks. */
function missingFromControlPlane(cluster: ManagedCluster, target: Target): string[] {
  const missing: string[] = [];
  if (!isOnManagedIdentity(cluster)) missing.push("the control plane still uses the service principal");
  const type = identityTypeOf(cluster) ?? "none";
  const wanted = target.controlPlane ? "UserAssigned" : "SystemAssigned";
  if (type.toLowerCase() !== wanted.toLowerCase()) missing.push(`the identity type is ${type} instead of ${wanted}`);
  if (target.controlPlane && !userAssignedIdsOf(cluster).some((id) => sameId(id, target.controlPlane!.id))) {
    missing.push(`the control-plane identity is not ${target.controlPlane.name}`);
  }
  const kubelet = kubeletIdentityOf(cluster);
  if (!kubelet) missing.push("the cluster names no kubelet identity");
  else if (target.kubelet && !sameId(kubelet.resourceId, target.kubelet.id)) {
    missing.push(`the kubelet identity is not ${target.kubelet.name}`);
  }
  for (const { what, state } of unsettledStates(cluster)) missing.push(`${what} is ${state}`);
  return missing;
}

/** The pools whose nodes are not proven to use the kubelet identity. */
function missingFromNodes(pools: readonly PoolEvidence[]): string[] {
  return pools
    .filter(isUnproven)
    .map(
      (pool) =>
        `the nodes of pool ${pool.pool} are ${pool.rank === "unknown" ? "not proven to be" : "not"} on it: ${pool.seen}`,
    );
}
