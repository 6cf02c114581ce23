import type { Azure } from "../azure/azure.ts";
import { hasStatus } from "../azure/errors.ts";
import { parseResourceId, resourceGroupId, sameId } from "../azure/ids.ts";
import type { JsonObject } from "../azure/json.ts";
import {
  controlPlanePrincipalOf,
  type ManagedCluster,
  nodeCountOf,
  nodeResourceGroupOf,
  poolNameOf,
} from "../azure/managed-cluster.ts";
import type { Machine } from "../azure/scale-sets.ts";
import { CLOCK_SLACK_MS, type RankedNodes } from "./evidence.ts";
import { readNodeGroupGrantTime } from "./node-group-grant.ts";

/**
 * Ranks the nodes of a pool of single machines, such as an availability set's. A machine has no model that it could be
 * behind: it is proven only when it carries the identity and was created after the switch. Where nobody tells when that was,
 * the role that AKS gave the control plane then says it.
 */
export async function readMachineEvidence(
  azure: Azure,
  clusterId: string,
  cluster: ManagedCluster,
  pool: JsonObject,
  kubeletId: string | undefined,
  switchedAt: Date | undefined,
): Promise<RankedNodes> {
  const unread = (seen: string): RankedNodes => ({ rank: "unknown", nodes: nodeCountOf(pool), reimaged: [], seen });
  const group = nodeResourceGroupOf(cluster);
  const { subscription } = parseResourceId(clusterId)!;
  try {
    const all = await azure.scaleSets.machines(subscription, group);
    const machines = all.filter((machine) => isOf(machine, poolNameOf(pool)));
    if (machines.length === 0) return unread("it has neither a scale set nor a machine");
    const since = switchedAt ?? (await readGrantTime(azure, cluster, resourceGroupId(subscription, group)));
    return rankMachines(machines, kubeletId, since, switchedAt !== undefined);
  } catch (error) {
    if (!hasStatus(error, 403)) throw error;
    return unread(`you may not read the machines of ${group}`);
  }
}

function isOf({ pool, name }: Machine, poolName: string): boolean {
  return pool === undefined ? name.startsWith(`aks-${poolName}-`) : pool === poolName;
}

function rankMachines(
  machines: readonly Machine[],
  kubeletId: string | undefined,
  since: Date | undefined,
  isTold: boolean,
): RankedNodes {
  const nodes = machines.length;
  const isCarrying = ({ identities }: Machine) =>
    kubeletId !== undefined && identities.some((id) => sameId(id, kubeletId));
  if (!machines.every(isCarrying)) {
    return { rank: "none", nodes, reimaged: [], seen: "not all of its machines carry the kubelet identity" };
  }
  const isNew = ({ createdAt }: Machine) =>
    since !== undefined && createdAt !== undefined && createdAt.getTime() >= since.getTime() - CLOCK_SLACK_MS;
  const reimaged = machines.filter(isNew).map(({ name }) => name);
  if (reimaged.length === nodes) {
    return {
      rank: "rolled",
      nodes,
      reimaged,
      seen: `all ${nodes} nodes carry the kubelet identity and are newer than the switch`,
    };
  }
  const older = `${nodes - reimaged.length} of ${nodes} nodes`;
  return isTold
    ? { rank: "model", nodes, reimaged, seen: `${older} are older than the switch` }
    : { rank: "unknown", nodes, reimaged, seen: `nothing tells whether ${older} are newer than the switch` };
}

async function readGrantTime(azure: Azure, cluster: ManagedCluster, nodeGroupId: string): Promise<Date | undefined> {
  const principal = controlPlanePrincipalOf(cluster);
  return principal === undefined ? undefined : readNodeGroupGrantTime(azure, principal, nodeGroupId);
}
