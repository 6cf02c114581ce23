import { chooseSubscription } from "../azure/choose-subscription.ts";
import { parseResourceId, sameId } from "../azure/ids.ts";
import { asString } from "../azure/json.ts";
import { clusterIdOf, type ManagedCluster } from "../azure/managed-cluster.ts";
import { AksMiError } from "../engine/errors.ts";
import type { Estate } from "./estate.ts";

/** Which clusters are assessed; nothing named: those of every enabled subscription of the tenant. */
export interface AssessScope {
  readonly ids: readonly string[];
  /** Id or name. */
  readonly subscription?: string | undefined;
  readonly resourceGroup?: string | undefined;
  readonly name?: string | undefined;
  readonly tenant?: string | undefined;
}

/** The clusters in scope, and the subscriptions of the scope that could not be listed in full. */
export interface ChosenClusters {
  readonly clusters: readonly ManagedCluster[];
  readonly notListed: readonly { readonly id: string; readonly reason: string }[];
}

/** Finds the clusters of a scope. @throws AksMiError `USAGE` when something is named that is not there, or not alone of its name */
export async function chooseClusters(estate: Estate, scope: AssessScope): Promise<ChosenClusters> {
  if (scope.ids.length > 0) return { clusters: await namedClusters(estate, scope.ids), notListed: [] };
  const subscriptions = scope.subscription
    ? [chooseSubscription(estate.subscriptions, scope.subscription)]
    : estate.subscriptions;
  if (subscriptions.length === 0)
    throw new AksMiError(
      "USAGE",
      `You can see no enabled subscription${scope.tenant ? ` of tenant ${scope.tenant}` : ""}.`,
      "Check it with `az account list -o table`.",
    );
  const clusters: ManagedCluster[] = [];
  const notListed: { id: string; reason: string }[] = [];
  for (const { id } of subscriptions) {
    const { items, gap } = await estate.clusters(id);
    clusters.push(...items.filter((cluster) => isIn(scope, cluster)));
    if (gap !== undefined) notListed.push({ id, reason: gap });
  }
  if (clusters.length === 0 && notListed.length === 0 && (scope.name || scope.resourceGroup)) {
    throw new AksMiError(
      "USAGE",
      `There is no cluster${scope.name ? ` ${scope.name}` : ""}${scope.resourceGroup ? ` in resource group ${scope.resourceGroup}` : ""} that you can see.`,
      "Check the names and the account you are signed in with (`az aks list -o table`).",
    );
  }
  return { clusters, notListed };
}

async function namedClusters(estate: Estate, ids: readonly string[]): Promise<ManagedCluster[]> {
  const clusters: ManagedCluster[] = [];
  for (const id of ids) {
    const { items } = await estate.clusters(parseResourceId(id)!.subscription);
    const listed = items.find((cluster) => sameId(asString(cluster["id"]), id));
    const cluster = listed ?? (await estate.azure.clusters.get(id));
    if (!cluster) {
      throw new AksMiError(
        "USAGE",
        `There is no cluster ${id}, or you may not see it.`,
        "Check the id and the account you are signed in with.",
      );
    }
    if (!clusters.includes(cluster)) clusters.push(cluster);
  }
  return clusters;
}

function isIn({ resourceGroup, name }: AssessScope, cluster: ManagedCluster): boolean {
  const parsed = parseResourceId(clusterIdOf(cluster))!;
  return (!resourceGroup || same(parsed.resourceGroup, resourceGroup)) && (!name || same(parsed.name, name));
}

function same(a: string, b: string | undefined): boolean {
  return a.toLowerCase() === b?.toLowerCase();
}
