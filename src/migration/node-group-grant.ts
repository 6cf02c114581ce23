import type { Azure } from "../azure/azure.ts";
import { sameId } from "../azure/ids.ts";

/**
 * When AKS gave a control-plane identity its role on the node resource group: it does that when it switches the cluster to
 * the identity, and when it makes the cluster with it (AKS documentation, default permissions).
 */
export async function readNodeGroupGrantTime(
  azure: Azure,
  principalId: string,
  nodeGroupId: string,
): Promise<Date | undefined> {
  const held = await azure.roles.listForPrincipal(nodeGroupId.split("/")[2]!, principalId);
  return held.find((assignment) => sameId(assignment.scope, nodeGroupId) && assignment.since)?.since;
}
