import type { Azure } from "../azure/azure.ts";
import { parseResourceId } from "../azure/ids.ts";
import { asString, type JsonObject } from "../azure/json.ts";
import { type ManagedCluster, regionOf } from "../azure/managed-cluster.ts";
import { reasonFor } from "../azure/refusals.ts";
import { known, unknown } from "../engine/known.ts";
import { asFinding } from "../engine/outcome.ts";
import type { Finding } from "../engine/step.ts";
import { judgeSurge, poolsWithSurge, type Room } from "../migration/surge.ts";

/**
 * RD006 for a plan: reads the subnets of the pools that are to be re-imaged and the compute quota of their region. What
 * cannot be read is a warning, for a surge without room stops half way.
 * @param left the pools whose nodes are to be re-imaged
 */
export async function checkSurge(
  azure: Azure,
  cluster: ManagedCluster,
  clusterId: string,
  left: readonly JsonObject[],
): Promise<Finding[]> {
  const pools = poolsWithSurge(left);
  if (pools.length === 0) return [];
  const ids = new Set(pools.map((pool) => asString(pool["vnetSubnetID"])).filter((id) => id !== undefined));
  const subnets = await Promise.all([...ids].map((id) => azure.resources.subnet(id)));
  const room: Room = {
    cluster,
    subnets: subnets.filter((subnet) => subnet !== undefined),
    usages: await readUsages(azure, cluster, clusterId),
  };
  const remedy =
    "Compare the pools' max surge with `az vm list-usage` and the addresses left in their subnets before the nodes are re-imaged.";
  return judgeSurge(room, pools).map((outcome) => asFinding(outcome, remedy, "medium"));
}

async function readUsages(azure: Azure, cluster: ManagedCluster, clusterId: string): Promise<Room["usages"]> {
  const location = regionOf(cluster);
  try {
    return known(await azure.capacity.usages(parseResourceId(clusterId)!.subscription, location));
  } catch (error) {
    return unknown(reasonFor(error, `the compute quota of ${location}`));
  }
}
