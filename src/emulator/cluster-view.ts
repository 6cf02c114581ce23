import { type ArmRequest, isSince } from "./arm.ts";
import type { Cluster } from "./cluster.ts";
import { withLowerCaseGroup } from "./ids.ts";
import { copyOf, isObject, type JsonObject, objectAt, objectsAt, propertiesOf } from "./json.ts";

/** The first stable api-version with eTags (Azure's API description). */
const ETAG_VERSION = "2024-09-01";

/** A cluster as Azure shows it: lower-case `resourcegroups` in its id, `ManagedClusters` as its type (recorded). */
export function clusterView(cluster: Cluster, request: ArmRequest): JsonObject {
  const view = copyOf(cluster.resource) as JsonObject;
  delete view["_emulator"];
  view["id"] = withLowerCaseGroup(cluster.resource.id);
  view["type"] = "Microsoft.ContainerService/ManagedClusters";
  const properties = propertiesOf(view);
  // While an update runs, add-on identities are not shown (recorded 2022), nor is a kubelet identity still to come.
  if (cluster.operation)
    for (const addon of Object.values(objectAt(properties, "addonProfiles") ?? {})) forgetIdentity(addon);
  if (!isSince(request, ETAG_VERSION)) {
    delete view["eTag"];
    for (const pool of objectsAt(properties, "agentPoolProfiles")) delete pool["eTag"];
  }
  return view;
}

function forgetIdentity(addon: unknown): void {
  if (isObject(addon)) delete addon["identity"];
}

/** An agent pool as a resource of its own (recorded 2022). */
export function poolView(cluster: Cluster, profile: JsonObject, request: ArmRequest): JsonObject {
  const { name, ...properties } = copyOf(profile);
  if (!isSince(request, ETAG_VERSION)) delete properties["eTag"];
  return {
    id: `${withLowerCaseGroup(cluster.id)}/agentPools/${String(name)}`,
    name: String(name),
    type: "Microsoft.ContainerService/managedClusters/agentPools",
    properties,
  };
}
