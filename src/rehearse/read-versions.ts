import type { Azure } from "../azure/azure.ts";
import { parseResourceId } from "../azure/ids.ts";
import { regionOf } from "../azure/managed-cluster.ts";
import { reasonFor } from "../azure/refusals.ts";
import type { LiveCluster } from "./live-cluster.ts";
import type { TwinDraft } from "./twin.ts";

/** Reads the Kubernetes versions that a cluster's region offers: a plan for the twin judges the cluster's version by them. */
export async function readVersions(draft: TwinDraft, azure: Azure, { plan, cluster }: LiveCluster): Promise<void> {
  const { subscription } = parseResourceId(plan.id)!;
  const location = regionOf(cluster);
  const what = `the Kubernetes versions of ${location}`;
  try {
    for (const { version, supportPlans } of await azure.capacity.kubernetesVersions(subscription, location))
      draft.add({
        id: `/subscriptions/${subscription}/providers/Microsoft.ContainerService/locations/${location}/kubernetesVersions/${version}`,
        type: "Microsoft.ContainerService/locations/kubernetesVersions",
        properties: { capabilities: { supportPlan: [...supportPlans] } },
      });
  } catch (error) {
    draft.lacks(what, reasonFor(error, what));
  }
}
