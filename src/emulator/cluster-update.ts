import type { ArmReply, ArmRequest } from "./arm.ts";
import { durationMs } from "./behaviour.ts";
import type { Cluster, Pool } from "./cluster.ts";
import { ensureDrainable, ensureIdle, ensureRunning, refuseByEtag } from "./cluster-guards.ts";
import { mergeProperties } from "./cluster-merge.ts";
import { clusterView } from "./cluster-view.ts";
import { refuseByDisruptionPolicy, refuseByPrincipal } from "./identity-refusals.ts";
import {
  acceptIntent,
  applyIdentities,
  completeIdentities,
  type IdentityIntent,
  readIntent,
} from "./identity-update.ts";
import { subscriptionOf } from "./ids.ts";
import { isObject, type JsonObject, objectsAt, propertiesOf, textAt } from "./json.ts";
import { isUpgrade, takeVersion } from "./node-images.ts";
import { rollNodes, wholePools } from "./node-roll.ts";
import type { Operation } from "./operation.ts";
import { beginOperation, endOperation, operationUrl } from "./operations.ts";
import { ensurePoolsAreValid } from "./pool-input.ts";
import { fillInPool, refuseNewPools, syncPools } from "./pools.ts";
import { pollHeaders } from "./retry-after.ts";
import { profileOf } from "./scale-sets.ts";
import type { World } from "./world.ts";

/** PUT on a cluster that exists: checked at once, then carried out as a long-running operation. */
export function updateCluster(world: World, cluster: Cluster, request: ArmRequest): ArmReply {
  const body = request.body ?? {};
  ensurePoolsAreValid(body["properties"]);
  if (world.behaviour.updateConflict === "EtagMismatch") refuseByEtag(cluster);
  ensureIdle(cluster);
  ensureRunning(cluster);
  const intent = readIntent(world, cluster, body);
  refuseByPrincipal(world, cluster, intent.identity !== undefined);
  refuseByDisruptionPolicy(world, cluster, intent.identity !== undefined || intent.kubeletId !== undefined);
  refuseNewPools(cluster, body);
  const upgraded = upgradedPools(cluster, body);
  const roll: Roll = {
    pools: intent.rolls || cluster.hasUnfinishedRoll ? [...cluster.pools.values()] : upgraded,
    upgraded,
  };
  for (const pool of roll.pools) ensureDrainable(world, cluster, pool);
  mergeBody(world, cluster, body);
  cluster.work?.stir();
  acceptIntent(world, cluster, intent);
  const operation =
    upgraded.length > 0
      ? startClusterOperation(world, cluster, "upgrade managed cluster", "Upgrading")
      : startClusterOperation(world, cluster, "update managed cluster", "Updating");
  world.timeline.schedule(world.nowMs + durationMs(world.behaviour, "identityUpdate"), () =>
    updateControlPlane(world, cluster, operation, intent, roll),
  );
  return { status: 200, body: clusterView(cluster, request), headers: operationHeaders(world, operation, request) };
}

/** What an update images again, and which of these pools it takes to another Kubernetes version. */
interface Roll {
  readonly pools: readonly Pool[];
  readonly upgraded: readonly Pool[];
}

/** The pools whose Kubernetes version a body changes: that is how a whole cluster is upgraded. */
function upgradedPools(cluster: Cluster, body: JsonObject): Pool[] {
  const present = objectsAt(cluster.resource, "properties", "agentPoolProfiles");
  return objectsAt(body, "properties", "agentPoolProfiles").flatMap((asked) => {
    const name = String(asked["name"]).toLowerCase();
    const known = present.find((profile) => String(profile["name"]).toLowerCase() === name);
    return isUpgrade(textAt(known, "orchestratorVersion"), asked) ? (cluster.pools.get(name) ?? []) : [];
  });
}

function mergeBody(world: World, cluster: Cluster, body: JsonObject): void {
  const { resource } = cluster;
  const properties = propertiesOf(resource);
  if (isObject(body["properties"])) mergeProperties(properties, body["properties"]);
  if (isObject(body["tags"])) resource["tags"] = body["tags"];
  if (isObject(body["sku"])) resource["sku"] = body["sku"];
  for (const key of Object.keys(body)) if (!NOT_COPIED.has(key)) resource[key] = body[key];
  for (const profile of objectsAt(properties, "agentPoolProfiles")) fillInPool(world, resource, profile);
}

/** Parts of a body that are merged with care, or are not the client's to set. */
const NOT_COPIED = new Set([
  "id",
  "name",
  "type",
  "location",
  "properties",
  "identity",
  "tags",
  "sku",
  "eTag",
  "systemData",
  "_emulator",
]);

function updateControlPlane(
  world: World,
  cluster: Cluster,
  operation: Operation,
  intent: IdentityIntent,
  { pools, upgraded }: Roll,
): void {
  if (operation.endMs !== undefined) return;
  syncPools(world, cluster);
  const kubeletId = applyIdentities(world, cluster, intent.kubeletId);
  const finish = () => {
    completeIdentities(world, cluster, kubeletId);
    for (const pool of upgraded) takeVersion(world, pool, profileOf(cluster, pool.name)!);
    cluster.hasUnfinishedRoll = false;
    finishClusterOperation(world, cluster, operation, "Succeeded");
  };
  if (pools.length === 0) {
    finish();
    return;
  }
  const isResumed = !intent.rolls && upgraded.length === 0;
  const work = wholePools(cluster, pools);
  if (isResumed) for (const part of work) part.nodes = part.nodes.filter((node) => !node.hasLatestModel);
  cluster.hasUnfinishedRoll = true;
  rollNodes(world, cluster, operation, work, {
    done: finish,
    failed: (error) => {
      completeIdentities(world, cluster, kubeletId);
      finishClusterOperation(world, cluster, operation, "Failed", error);
    },
  });
}

/** Begins an operation on the whole cluster: it and every pool show the state (recorded). */
export function startClusterOperation(world: World, cluster: Cluster, kind: string, state: string): Operation {
  const operation = beginOperation(world, placeOfCluster(cluster), kind);
  cluster.operation = operation;
  setClusterState(world, cluster, state);
  return operation;
}

/** Ends an operation on the whole cluster: it and every pool show how it ended. */
export function finishClusterOperation(
  world: World,
  cluster: Cluster,
  operation: Operation,
  status: "Succeeded" | "Failed" | "Canceled",
  error?: JsonObject,
): void {
  endOperation(world, operation, status, error);
  if (cluster.operation !== operation) return;
  cluster.operation = undefined;
  setClusterState(world, cluster, status);
}

/** Shows a state on the cluster and on every pool. */
export function setClusterState(world: World, cluster: Cluster, state: string): void {
  const properties = propertiesOf(cluster.resource);
  properties["provisioningState"] = state;
  touch(world, cluster.resource);
  for (const profile of objectsAt(properties, "agentPoolProfiles")) {
    profile["provisioningState"] = state;
    touch(world, profile);
  }
  world.store.put(cluster.resource);
}

/** Gives a cluster or a pool a new eTag: something about it changed. */
export function touch(world: World, resource: JsonObject): void {
  resource["eTag"] = world.ids.nextGuid();
}

/** Where an operation on the cluster runs. */
export function placeOfCluster(cluster: Cluster): { subscription: string; location: string } {
  return {
    subscription: subscriptionOf(cluster.id)!,
    location: (textAt(cluster.resource, "location") ?? "westeurope").toLowerCase().replaceAll(" ", ""),
  };
}

/** The header that an accepted operation is polled by; a result URL comes with 202 answers only (recorded). */
export function operationHeaders(
  world: World,
  operation: Operation,
  request: ArmRequest,
  hasResult = false,
): Record<string, string> {
  return {
    "azure-asyncoperation": operationUrl(world, operation, request.origin, "operations"),
    ...(hasResult ? { location: operationUrl(world, operation, request.origin, "operationresults") } : {}),
    ...pollHeaders(world),
  };
}
