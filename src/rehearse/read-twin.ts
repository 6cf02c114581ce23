import type { Azure } from "../azure/azure.ts";
import { isOnManagedIdentity, type ManagedCluster, poolsOf } from "../azure/clusters.ts";
import { AzureError } from "../azure/errors.ts";
import { subscriptionOf } from "../azure/ids.ts";
import { asString } from "../azure/json.ts";
import type { ClusterPlan } from "../plan/schema.ts";
import { applicationOutline, servicePrincipalOutline } from "./outline.ts";
import { readClusterParts } from "./read-cluster.ts";
import { readRights } from "./read-rights.ts";
import { type Twin, TwinDraft } from "./twin.ts";

/** A cluster of a plan, with its live object. */
export interface LiveCluster {
  readonly plan: ClusterPlan;
  readonly cluster: ManagedCluster;
}

/** Reads a twin of everything that the plan touches. Only reads. */
export async function readTwin(azure: Azure, clusters: readonly LiveCluster[]): Promise<Twin> {
  const draft = new TwinDraft();
  const subscriptions = (await azure.resources.subscriptions()).filter(({ enabled }) => enabled);
  const ids = subscriptions.map(({ id }) => id);
  for (const { plan, cluster } of clusters) {
    await readDirectory(draft, azure, plan);
    await readClusterParts(draft, azure.inventory, plan, cluster);
    await readRights(draft, azure.inventory, plan, ids);
  }
  draft.behaviour["newerNodeImage"] = await readImages(draft, azure, clusters);
  const named = new Set(
    draft.resources().flatMap((resource) => subscriptionOf(asString(resource["id"]) ?? "")?.toLowerCase() ?? []),
  );
  return draft.finish(
    subscriptions
      .filter(({ id }) => named.has(id.toLowerCase()))
      .map(({ id, name }) => ({
        id: `/subscriptions/${id}`,
        type: "Microsoft.Resources/subscriptions",
        displayName: name,
      })),
  );
}

/** The service principal that the cluster leaves, and when its credentials end. */
async function readDirectory(draft: TwinDraft, { inventory }: Azure, { from }: ClusterPlan): Promise<void> {
  const { servicePrincipal } = from;
  if (!servicePrincipal) return;
  const { clientId, objectId } = servicePrincipal;
  const seen = await inventory.servicePrincipal(clientId);
  if (seen.kind === "unreadable") {
    draft.behaviour["graphDenied"] = true;
    draft.lacks(
      `the service principal ${clientId} in Microsoft Entra`,
      `${seen.reason}; ${objectId ? "the twin has the one that the plan names, and its credentials do not end" : "what it may do is not known"}`,
    );
    if (objectId)
      draft.add(servicePrincipalOutline({ id: objectId, appId: clientId, servicePrincipalNames: [clientId] }));
    return;
  }
  if (seen.kind === "missing") return draft.lacks(`the service principal ${clientId}`, "it is gone from the directory");
  draft.add(servicePrincipalOutline(seen.value));
  const application = await inventory.application(asString(seen.value["appId"]) ?? clientId);
  const found = draft.take(application, `the application of ${clientId}: when its credentials end`);
  if (found) draft.add(applicationOutline(found));
}

/** Whether a newer node image is there: the emulator knows one answer for all pools, so the worse one counts. */
async function readImages(draft: TwinDraft, azure: Azure, clusters: readonly LiveCluster[]): Promise<boolean> {
  const lacking: string[] = [];
  let newer = 0;
  for (const { plan, cluster } of clusters) {
    if (plan.steps.every(({ changes }) => !changes.some(({ key }) => key.startsWith("roll:")))) continue;
    for (const pool of poolsOf(cluster)) {
      const name = asString(pool["name"]) ?? "";
      const latest = await latestImage(draft, azure, plan.id, name);
      if (latest === undefined) continue;
      if (latest === asString(pool["nodeImageVersion"])) lacking.push(name);
      else newer += 1;
    }
  }
  if (lacking.length === 0) return true;
  const underWay = clusters.every(({ cluster }) => isOnManagedIdentity(cluster));
  if (newer > 0) {
    const told = underWay ? "in the twin there is one for every pool" : "in the twin there is none for any pool";
    draft.lacks(`which pools have a newer node image`, `${lacking.join(", ")} have none yet; ${told}`);
  }
  return newer > 0 && underWay;
}

async function latestImage(draft: TwinDraft, azure: Azure, id: string, pool: string): Promise<string | undefined> {
  try {
    return await azure.clusters.latestNodeImage(id, pool);
  } catch (error) {
    if (!(error instanceof AzureError) || error.code === "NOT_SIGNED_IN") throw error;
    const reason = `${error.azureCode} (HTTP ${error.status}); in the twin there is one`;
    draft.lacks(`whether there is a newer node image for pool ${pool}`, reason);
    return undefined;
  }
}
