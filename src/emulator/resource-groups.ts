import { MINUTE_MS } from "../engine/clock.ts";
import { callerMay, ensureCallerMay, ensureUnlocked } from "./access.ts";
import { removeCluster } from "./adopt-cluster.ts";
import { type ArmReply, type ArmRequest, pageOf } from "./arm.ts";
import { enveloped, resourceGroupNotFound } from "./arm-error.ts";
import type { Cluster } from "./cluster.ts";
import { startClusterOperation } from "./cluster-update.ts";
import { groupIdOf, isSameId, keyOf, nameOf, subscriptionOf } from "./ids.ts";
import { isObject, type JsonObject, objectAt, type Resource, textAt } from "./json.ts";
import { ensureMethod } from "./methods.ts";
import type { GroupDeletion } from "./operation.ts";
import { retryAfterHeaders } from "./retry-after.ts";
import type { World } from "./world.ts";

const GROUP_TYPE = "Microsoft.Resources/resourceGroups";

/** How long a resource group takes to be deleted, with clusters in it and without; no figure is documented. */
const DELETION_WITH_CLUSTERS_MS = 5 * MINUTE_MS;
const DELETION_MS = MINUTE_MS;

/** How often Azure lets clients ask whether a resource group is gone (recorded 2016). */
const POLL_SECONDS = 15;

type PlainRequest = Omit<ArmRequest, "target">;

/** The resource groups of a subscription that the caller may read. */
export function listGroups(world: World, request: PlainRequest, at: string): ArmReply {
  const found = world.store.groups().filter((id) => keyOf(id).startsWith(`${keyOf(at)}/`));
  const readable = found.filter((id) =>
    callerMay(world, request.caller, "Microsoft.Resources/subscriptions/resourceGroups/read", id),
  );
  return pageOf(
    readable.map((id) => groupView(world, id)),
    request,
    world.behaviour.pageSize,
  );
}

const GROUP_VERBS: Readonly<Record<string, string>> = {
  GET: "read",
  HEAD: "read",
  PUT: "write",
  PATCH: "write",
  DELETE: "delete",
};

/**
 * One resource group: made, changed, deleted with all that is in it; HEAD asks whether it is there (API description).
 * @throws ArmError 404 `ResourceGroupNotFound`, 403, 405, 409 `ScopeLocked`
 */
export function serveGroup(world: World, request: PlainRequest, id: string): ArmReply {
  const { method } = request;
  ensureMethod(Object.keys(GROUP_VERBS), method, id);
  const verb = GROUP_VERBS[method];
  ensureCallerMay(world, request.caller, `Microsoft.Resources/subscriptions/resourceGroups/${verb}`, id);
  const isThere = world.store.hasGroup(id);
  if (!isThere && method !== "PUT") throw resourceGroupNotFound(nameOf(id));
  if (method === "HEAD") return { status: 204 };
  if (method === "GET") return { status: 200, body: groupView(world, id) };
  ensureUnlocked(world, method, id);
  return method === "DELETE" ? deleteGroup(world, request, id) : putGroup(world, request, id, isThere);
}

function putGroup(world: World, request: PlainRequest, id: string, isThere: boolean): ArmReply {
  const present: JsonObject = world.store.get(id) ?? {};
  const body = request.body ?? {};
  const tags = isObject(body["tags"]) ? { tags: body["tags"] } : {};
  const group: Resource = { ...present, ...body, ...tags, id, name: nameOf(id), type: GROUP_TYPE };
  world.store.put(group);
  world.store.noteGroup(id);
  return { status: isThere ? 200 : 201, body: groupView(world, id) };
}

/**
 * DELETE on a resource group: 202 without a body, and a `Location` to ask until it is gone (recorded 2015 to 2021). What is put
 * into it meanwhile goes with it (a modelling decision).
 */
function deleteGroup(world: World, request: PlainRequest, id: string): ArmReply {
  const running = runningDeletion(world, id) ?? beginDeletion(world, id);
  return { status: 202, headers: deletionHeaders(world, request, running) };
}

function beginDeletion(world: World, id: string): GroupDeletion {
  const location = textAt(groupView(world, id), "location") ?? "";
  const name = `RESOURCEGROUPDELETIONJOB-${nameOf(id)}-${location}`.toUpperCase();
  const job = Buffer.from(JSON.stringify({ jobId: name, jobLocation: location })).toString("base64url");
  const deletion: GroupDeletion = { job, groupId: id, isDone: false };
  world.groupDeletions.set(job, deletion);
  const clusters = clustersIn(world, id);
  for (const cluster of clusters) startClusterOperation(world, cluster, "delete managed cluster", "Deleting");
  world.timeline.schedule(world.nowMs + (clusters.length > 0 ? DELETION_WITH_CLUSTERS_MS : DELETION_MS), () => {
    for (const cluster of clustersIn(world, id)) removeCluster(world, cluster);
    for (const resource of [...world.store.inGroup(id), { id }]) world.store.delete(resource.id);
    world.store.forgetGroup(id);
    deletion.isDone = true;
  });
  return deletion;
}

function clustersIn(world: World, groupId: string): Cluster[] {
  return [...world.clusters.values()].filter(({ id }) => isSameId(groupIdOf(id), groupId));
}

function runningDeletion(world: World, id: string): GroupDeletion | undefined {
  return [...world.groupDeletions.values()].find(({ groupId, isDone }) => !isDone && isSameId(groupId, id));
}

function deletionHeaders(world: World, request: PlainRequest, { job, groupId }: GroupDeletion): Record<string, string> {
  const path = `/subscriptions/${subscriptionOf(groupId)}/operationresults/${job}`;
  return {
    location: `${request.origin}${path}?api-version=${encodeURIComponent(request.apiVersion)}`,
    ...retryAfterHeaders(world, POLL_SECONDS),
  };
}

/**
 * Whether a resource group is gone: 202 until it is, then 200, both without a body (recorded 2015 to 2021).
 * @throws ArmError 404 `OperationNotFound` (from memory) for a job that nobody began
 */
export function getDeletion(world: World, request: PlainRequest, job: string): ArmReply {
  const deletion = world.groupDeletions.get(job);
  if (!deletion) throw enveloped(404, "OperationNotFound", `The operation '${job}' was not found.`);
  return deletion.isDone ? { status: 200 } : { status: 202, headers: deletionHeaders(world, request, deletion) };
}

/** A resource group: as it was put in, or with the location of what lies in it. */
function groupView(world: World, id: string): JsonObject {
  const given = world.store.get(id);
  const { _emulator: _, ...shown }: JsonObject = given ?? {};
  const location =
    textAt(given, "location") ??
    world.store
      .inGroup(id)
      .map((item) => textAt(item, "location"))
      .find(Boolean) ??
    "westeurope";
  return {
    ...shown,
    id: `/subscriptions/${subscriptionOf(id)}/resourceGroups/${nameOf(id)}`,
    name: nameOf(id),
    type: GROUP_TYPE,
    location,
    properties: {
      provisioningState: "Succeeded",
      ...(objectAt(given, "properties") ?? {}),
      ...(runningDeletion(world, id) ? { provisioningState: "Deleting" } : {}),
    },
  };
}
