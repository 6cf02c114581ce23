import { abortOperation } from "./abort.ts";
import { callerMay } from "./access.ts";
import {
  getUpgradeProfile,
  listPools,
  poolNotFound,
  putPool,
  removePoolByRequest,
  upgradeNodeImage,
} from "./agent-pools.ts";
import { type ArmReply, type ArmRequest, pageOf, targetName } from "./arm.ts";
import { enveloped, flat, resourceNotFound } from "./arm-error.ts";
import type { Cluster } from "./cluster.ts";
import { createCluster, deleteCluster } from "./cluster-create.ts";
import { ensureIdle } from "./cluster-guards.ts";
import { finishClusterOperation, operationHeaders, startClusterOperation, updateCluster } from "./cluster-update.ts";
import { clusterView, poolView } from "./cluster-view.ts";
import { isSameId, keyOf, nameOf } from "./ids.ts";
import { isObject, type JsonObject, objectAt, textAt } from "./json.ts";
import { operationBody, operationUrl } from "./operations.ts";
import { resetServicePrincipal } from "./reset-principal.ts";
import { runCommand } from "./run-command.ts";
import { profileOf } from "./scale-sets.ts";
import type { World } from "./world.ts";

/** Serves clusters, their pools and their operations; undefined for what is stored like any other resource. */
export function serveContainerService(world: World, request: ArmRequest): ArmReply | undefined {
  const { target } = request;
  switch (target.type.slice("microsoft.containerservice/".length)) {
    case "managedclusters":
      return target.kind === "item" ? serveCluster(world, request) : listClusters(world, request);
    case "managedclusters/agentpools":
      if (target.kind === "collection") return listPools(existing(world, target.parentId), request);
      return servePool(world, request);
    case "managedclusters/agentpools/upgradeprofiles":
      return getUpgradeProfile(world, clusterOfPool(world, request), poolIdOf(request), request);
    case "managedclusters/agentpools/upgradenodeimageversion":
      return upgradeNodeImage(world, clusterOfPool(world, request), poolIdOf(request), request);
    case "managedclusters/agentpools/abort":
      return abortOperation(world, clusterOfPool(world, request), request, nameOf(poolIdOf(request)));
    case "managedclusters/abort":
      return abortOperation(world, existing(world, target.parentId), request);
    case "managedclusters/resetserviceprincipalprofile":
      return resetServicePrincipal(world, existing(world, target.parentId), request);
    case "managedclusters/runcommand":
    case "managedclusters/commandresults":
      return runCommand(world, existing(world, target.parentId), request);
    case "managedclusters/upgradeprofiles":
      return { status: 200, body: clusterUpgradeProfile(existing(world, target.parentId)) };
    case "locations/kubernetesversions":
      return listKubernetesVersions(world, target.parentId);
    case "locations/operations":
      return getOperation(world, request);
    case "locations/operationresults":
      return getOperationResult(world, request);
    default:
      return undefined;
  }
}

function poolIdOf(request: ArmRequest): string {
  return request.target.parentId;
}

function clusterOfPool(world: World, request: ArmRequest): Cluster {
  return existing(world, poolIdOf(request).split("/").slice(0, -2).join("/"));
}

/** The cluster of an id; 404 as ARM words it otherwise. */
function existing(world: World, id: string): Cluster {
  const cluster = world.cluster(id);
  if (cluster) return cluster;
  const segments = id.split("/");
  throw resourceNotFound(`Microsoft.ContainerService/managedClusters/${nameOf(id)}`, segments[4]);
}

function serveCluster(world: World, request: ArmRequest): ArmReply {
  const { target, method } = request;
  const cluster = world.cluster(target.path);
  ensurePreconditions(request, cluster?.resource);
  if (method === "PUT") return cluster ? updateCluster(world, cluster, request) : createCluster(world, request);
  if (method === "DELETE") return cluster ? deleteCluster(world, cluster, request) : { status: 204 };
  const found = existing(world, target.path);
  if (method === "PATCH") return patchTags(world, found, request);
  return { status: 200, body: clusterView(found, request) };
}

/**
 * If-Match and If-None-Match as ARM's contract for providers has them: what is not there fails the precondition of a PUT only,
 * a PATCH of it is 404 and a DELETE 204. AKS has eTags since 2024-09-01, and If-None-Match for PUT alone (API description).
 * @throws ArmError 412 `PreconditionFailed`: the code and the text for what is not there are reported, the rest is the model's
 */
function ensurePreconditions(request: ArmRequest, resource: JsonObject | undefined): void {
  const isPut = request.method === "PUT";
  if (request.method === "GET" || (!resource && !isPut)) return;
  const unquoted = (name: string) => request.headers[name]?.replace(/^(W\/)?"(.*)"$/, "$2") || undefined;
  const match = unquoted("if-match");
  const noneMatch = isPut ? unquoted("if-none-match") : undefined;
  if (!resource && match !== undefined)
    throw preconditionFailed(
      "Resource not found but ETag header is provided. If this is a request to create, please do not provide ETag.",
    );
  const present = textAt(resource, "eTag");
  const isMatching = match === undefined || match === "*" || match === present;
  const isClashing = resource !== undefined && noneMatch !== undefined && (noneMatch === "*" || noneMatch === present);
  if (isMatching && !isClashing) return;
  throw preconditionFailed(
    `The precondition given in the request header is not met: the eTag of '${targetName(request.target)}' is '${present ?? ""}'.`,
  );
}

function preconditionFailed(message: string): Error {
  return flat(412, "PreconditionFailed", message);
}

function patchTags(world: World, cluster: Cluster, request: ArmRequest): ArmReply {
  ensureIdle(cluster);
  const tags = request.body?.["tags"];
  if (isObject(tags)) cluster.resource["tags"] = tags;
  const operation = startClusterOperation(world, cluster, "update managed cluster tags", "Updating");
  finishClusterOperation(world, cluster, operation, "Succeeded");
  return { status: 200, body: clusterView(cluster, request) };
}

function listClusters(world: World, request: ArmRequest): ArmReply {
  const scope = keyOf(request.target.parentId);
  const action = "Microsoft.ContainerService/managedClusters/read";
  const found = [...world.clusters.values()].filter(
    (cluster) => keyOf(cluster.id).startsWith(`${scope}/`) && callerMay(world, request.caller, action, cluster.id),
  );
  const page = pageOf(
    found.map((cluster) => cluster.id),
    request,
    world.behaviour.pageSize,
  );
  const body = page.body as { value: string[] };
  return { ...page, body: { ...body, value: body.value.map((id) => clusterView(world.cluster(id)!, request)) } };
}

function servePool(world: World, request: ArmRequest): ArmReply {
  const cluster = existing(world, request.target.parentId);
  const name = targetName(request.target);
  const profile = profileOf(cluster, name);
  ensurePreconditions(request, profile);
  if (request.method === "PUT") return putPool(world, cluster, name, request);
  if (request.method === "DELETE") return removePoolByRequest(world, cluster, name, request);
  if (!profile) throw poolNotFound(cluster, name);
  return { status: 200, body: poolView(cluster, profile, request) };
}

function clusterUpgradeProfile(cluster: Cluster): JsonObject {
  const kubernetesVersion = textAt(cluster.resource, "properties", "kubernetesVersion") ?? "1.32.7";
  return {
    id: `${cluster.id}/upgradeprofiles/default`,
    name: "default",
    type: "Microsoft.ContainerService/managedClusters/upgradeprofiles",
    properties: { controlPlaneProfile: { kubernetesVersion, osType: "Linux" }, agentPoolProfiles: [] },
  };
}

/** The versions that were put in for a location; the list is called `values`, other than every other list (description). */
function listKubernetesVersions(world: World, location: string): ArmReply {
  const given = world.store
    .ofType("microsoft.containerservice/locations/kubernetesversions")
    .filter((version) => keyOf(version.id).startsWith(`${keyOf(location)}/`));
  return {
    status: 200,
    body: { values: given.map((version) => ({ version: nameOf(version.id), ...objectAt(version, "properties") })) },
  };
}

function operationOf(world: World, request: ArmRequest) {
  const operation = world.operations.get(targetName(request.target).toLowerCase());
  if (operation && isSameId(operation.subscription, request.target.subscription)) return operation;
  throw enveloped(404, "OperationNotFound", `The operation '${targetName(request.target)}' was not found.`);
}

function getOperation(world: World, request: ArmRequest): ArmReply {
  const operation = operationOf(world, request);
  const headers = operation.endMs === undefined ? operationHeaders(world, operation, request) : {};
  delete headers["azure-asyncoperation"];
  return { status: 200, body: operationBody(world, operation), headers };
}

/** 202 while it runs; then the pool it worked on, or 204 without a body (recorded for abort). */
function getOperationResult(world: World, request: ArmRequest): ArmReply {
  const operation = operationOf(world, request);
  const location = operationUrl(world, operation, request.origin, "operationresults");
  if (operation.endMs === undefined) {
    const headers = operationHeaders(world, operation, request);
    delete headers["azure-asyncoperation"];
    return { status: 202, headers: { ...headers, location } };
  }
  const cluster = operation.resultId ? world.cluster(operation.resultId.split("/").slice(0, -2).join("/")) : undefined;
  const profile = cluster ? profileOf(cluster, nameOf(operation.resultId!)) : undefined;
  if (!cluster || !profile) return { status: 204, headers: { location } };
  return { status: 200, body: poolView(cluster, profile, request) };
}
