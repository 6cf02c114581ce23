import type { Azure } from "../azure/azure.ts";
import { hasStatus } from "../azure/errors.ts";
import { parseResourceId, sameId } from "../azure/ids.ts";
import type { JsonObject } from "../azure/json.ts";
import { isTerminal, type ManagedCluster, nodeResourceGroupOf, provisioningStateOf } from "../azure/managed-cluster.ts";
import type { ScaleSet } from "../azure/scale-sets.ts";

/** True when the nodes that a scale set makes get an identity. */
export function carries({ identities }: ScaleSet, identityId: string | undefined): boolean {
  return identityId !== undefined && identities.some((id) => sameId(id, identityId));
}

/** The scale sets of each cluster as they were last seen. */
const lastSeen = new WeakMap<Azure, Map<string, readonly ScaleSet[]>>();

/**
 * The scale sets of a cluster, read anew only where they may have changed: while pools are being re-imaged only their
 * instances change, for their scale sets got the identity before that. And as long as the cluster shows no kubelet identity
 * there is nothing that they could carry.
 * @param pools those that are looked at
 * @param kubelet id of the kubelet identity, where it is known
 * @returns undefined where they may not be read
 */
export async function readScaleSets(
  azure: Azure,
  clusterId: string,
  cluster: ManagedCluster,
  pools: readonly JsonObject[],
  kubelet: string | undefined,
): Promise<readonly ScaleSet[] | undefined> {
  const seen = areAtWork(pools) ? lastSeen.get(azure)?.get(clusterId) : undefined;
  if (seen && (kubelet === undefined || seen.every((scaleSet) => carries(scaleSet, kubelet)))) return seen;
  const scaleSets = await listScaleSets(azure, clusterId, cluster);
  if (scaleSets) lastSeen.set(azure, (lastSeen.get(azure) ?? new Map()).set(clusterId, scaleSets));
  return scaleSets;
}

function areAtWork(pools: readonly JsonObject[]): boolean {
  return pools.length > 0 && pools.every((pool) => !isTerminal(provisioningStateOf(pool)));
}

/** The pools whose scale sets do not carry an identity, as far as they may be read. @param identityId of the identity */
export async function poolsWithoutIdentity(
  azure: Azure,
  clusterId: string,
  cluster: ManagedCluster,
  identityId: string,
): Promise<string[]> {
  const scaleSets = (await listScaleSets(azure, clusterId, cluster)) ?? [];
  return scaleSets.flatMap((scaleSet) =>
    scaleSet.pool === undefined || carries(scaleSet, identityId) ? [] : [scaleSet.pool],
  );
}

/** True when an update has got so far that a pool's scale set carries the identity: nodes may have been imaged onto it. */
export async function hasReachedNodes(
  azure: Azure,
  clusterId: string,
  cluster: ManagedCluster,
  identityId: string,
): Promise<boolean> {
  const scaleSets = (await listScaleSets(azure, clusterId, cluster)) ?? [];
  return scaleSets.some((scaleSet) => carries(scaleSet, identityId));
}

/** The scale sets of a cluster; undefined where they may not be read. */
async function listScaleSets(
  azure: Azure,
  clusterId: string,
  cluster: ManagedCluster,
): Promise<readonly ScaleSet[] | undefined> {
  const { subscription } = parseResourceId(clusterId)!;
  try {
    return await azure.scaleSets.list(subscription, nodeResourceGroupOf(cluster));
  } catch (error) {
    if (hasStatus(error, 403)) return undefined;
    throw error;
  }
}
