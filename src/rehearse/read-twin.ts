import type { Azure } from "../azure/azure.ts";
import { subscriptionOf } from "../azure/ids.ts";
import { asString } from "../azure/json.ts";
import type { ClusterPlan } from "../plan/schema.ts";
import type { LiveCluster } from "./live-cluster.ts";
import { applicationOutline, servicePrincipalOutline } from "./outline.ts";
import { readClusterParts } from "./read-cluster.ts";
import { readNodeImages } from "./read-images.ts";
import { readRights } from "./read-rights.ts";
import { readVersions } from "./read-versions.ts";
import { type Twin, TwinDraft } from "./twin.ts";

/** Reads a twin of everything that the plan touches. Only reads. @param start when the rehearsals on it begin */
export async function readTwin(azure: Azure, clusters: readonly LiveCluster[], start: Date): Promise<Twin> {
  const draft = new TwinDraft();
  const subscriptions = (await azure.resources.subscriptions()).filter(({ enabled }) => enabled);
  const ids = subscriptions.map(({ id }) => id);
  for (const live of clusters) {
    await readDirectory(draft, azure, live.plan);
    await readClusterParts(draft, azure.inventory, live, await readNodeImages(draft, azure, live, start));
    await readVersions(draft, azure, live);
    await readRights(draft, azure.inventory, live.plan, ids);
  }
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

/** In a twin it only matters that it has been deleted, not when. */
const GONE = "2000-01-01T00:00:00Z";

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
  if (seen.kind === "missing") {
    // That it is gone is no gap: the twin's cluster cannot use it either.
    const id = objectId ?? clientId;
    draft.add({ ...servicePrincipalOutline({ id, appId: clientId }), deletedDateTime: GONE });
    return;
  }
  draft.add(servicePrincipalOutline(seen.value));
  const application = await inventory.application(asString(seen.value["appId"]) ?? clientId);
  const found = draft.take(application, `the application of ${clientId}: when its credentials end`);
  if (found) draft.add(applicationOutline(found));
}
