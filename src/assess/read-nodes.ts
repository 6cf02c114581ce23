import type { Azure } from "../azure/azure.ts";
import { AzureError } from "../azure/errors.ts";
import { resourceGroupId } from "../azure/ids.ts";
import { type ManagedCluster, nodeCountOf, poolsOf } from "../azure/managed-cluster.ts";
import { reasonFor } from "../azure/refusals.ts";
import type { ScaleSet } from "../azure/scale-sets.ts";
import { describePool, type PoolEvidence, readNodeEvidence } from "../migration/nodes.ts";
import { inResourceGroup } from "./indexes.ts";
import type { Listed } from "./outcome.ts";

/** The evidence about the nodes of a cluster, from the subscription's scale sets and one read of instances per pool. */
export async function readNodes(
  azure: Azure,
  id: string,
  cluster: ManagedCluster,
  scaleSets: Listed<ScaleSet>,
): Promise<PoolEvidence[]> {
  const view = withScaleSets(azure, scaleSets);
  const evidence: PoolEvidence[] = [];
  for (const pool of poolsOf(cluster)) {
    try {
      evidence.push(...(await readNodeEvidence(view, id, cluster, undefined, [pool])));
    } catch (error) {
      const seen = reasonFor(error, "the instances of its scale set");
      evidence.push({ ...describePool(pool), rank: "unknown", nodes: nodeCountOf(pool), reimaged: [], seen });
    }
  }
  return evidence;
}

/** Azure with the list of a group's scale sets answered from the list over its subscription. */
function withScaleSets(azure: Azure, scaleSets: Listed<ScaleSet>): Azure {
  return {
    ...azure,
    scaleSets: {
      ...azure.scaleSets,
      async list(subscription, resourceGroup) {
        const group = resourceGroupId(subscription, resourceGroup);
        const found = [...inResourceGroup(scaleSets.items, group, ({ id }) => id)];
        if (found.length > 0 || scaleSets.gap === undefined) return found;
        throw new AzureError("AZURE_REFUSED", 403, "AuthorizationFailed", scaleSets.gap, "Ask for the role Reader.");
      },
    },
  };
}
