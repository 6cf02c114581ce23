import type { Cluster, Pool } from "./cluster.ts";
import { isSameId } from "./ids.ts";
import { type JsonObject, numberAt, objectAt, textAt, textsAt, valueAt } from "./json.ts";
import { profileOf } from "./scale-sets.ts";
import type { World } from "./world.ts";

/** Azure keeps five addresses of every subnet for itself (Virtual Network documentation). */
const RESERVED_ADDRESSES = 5;

/** Pods on a node of Azure CNI where nothing else is set (AKS documentation). */
const DEFAULT_PODS = 30;

/**
 * What a roll of a pool is refused for when its subnet has no addresses for the surge: each node takes one, and with Azure CNI one
 * for each of its pods (AKS documentation). Where the size of the subnet was not put in, there is room. The text is the model's.
 * @param surge nodes that are added while others are replaced
 */
export function subnetIsFull(world: World, cluster: Cluster, pool: Pool, surge: number): JsonObject | undefined {
  const profile = profileOf(cluster, pool.name);
  const id = textAt(profile, "vnetSubnetID");
  const subnet = id === undefined ? undefined : objectAt(world.store.get(id), "properties");
  const size = subnet && addressesOf(subnet);
  if (id === undefined || size === undefined || !profile) return undefined;
  const needed = surge * addressesPerNode(cluster, profile);
  const free = Math.max(0, size - RESERVED_ADDRESSES - usedIn(world, id, subnet!));
  if (needed <= free) return undefined;
  return {
    code: "SubnetIsFull",
    message: `Subnet ${id} has ${free} addresses left, and ${needed} are needed for the surge of node pool ${pool.name}.`,
  };
}

/** The addresses that were put in as used, or those of the model's own nodes there if they are more. */
function usedIn(world: World, id: string, subnet: JsonObject): number {
  const told = valueAt(subnet, "ipConfigurations");
  const own = [...world.clusters.values()].flatMap((cluster) =>
    [...cluster.pools.values()].map((pool) => {
      const profile = profileOf(cluster, pool.name);
      const isThere = profile !== undefined && isSameId(textAt(profile, "vnetSubnetID"), id);
      return isThere ? pool.nodes.length * addressesPerNode(cluster, profile) : 0;
    }),
  );
  return Math.max(
    Array.isArray(told) ? told.length : 0,
    own.reduce((sum, addresses) => sum + addresses, 0),
  );
}

/** Pods have addresses of the nodes' subnet with Azure CNI, unless they have a subnet or an overlay of their own. */
function addressesPerNode(cluster: Cluster, profile: JsonObject): number {
  const network = objectAt(cluster.resource, "properties", "networkProfile");
  const isFlat =
    isSameId(textAt(network, "networkPlugin"), "azure") &&
    !isSameId(textAt(network, "networkPluginMode"), "overlay") &&
    textAt(profile, "podSubnetID") === undefined;
  return isFlat ? 1 + (numberAt(profile, "maxPods") ?? DEFAULT_PODS) : 1;
}

function addressesOf(subnet: JsonObject): number | undefined {
  const prefixes = [textAt(subnet, "addressPrefix"), ...textsAt(subnet, "addressPrefixes")];
  const sizes = [...new Set(prefixes)].flatMap((prefix) => {
    const bits = /^[\d.]+\/(\d+)$/.exec(prefix ?? "")?.[1];
    return bits === undefined ? [] : [2 ** (32 - Number(bits))];
  });
  return sizes.length === 0 ? undefined : sizes.reduce((sum, size) => sum + size, 0);
}
