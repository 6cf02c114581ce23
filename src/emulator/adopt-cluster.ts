import { type Cluster, nodePrincipalOf, nodesOf } from "./cluster.ts";
import { createIdentity } from "./identities.ts";
import { isSameId, keyOf, nameOf, resourceGroupOf } from "./ids.ts";
import { isObject, type JsonObject, objectAt, objectsAt, propertiesOf, type Resource, textAt } from "./json.ts";
import { startWork } from "./life.ts";
import { createLoadBalancer, grantNodeGroup } from "./node-resource-group.ts";
import { fillInPool, syncPools } from "./pools.ts";
import { identityValue, nodeGroupIdOf } from "./scale-sets.ts";
import type { World } from "./world.ts";

/** Type name of clusters. */
export const CLUSTER_TYPE = "microsoft.containerservice/managedclusters";

/** Brings a cluster that was put in to life: its node resource group, its nodes, who acts, and its daily work. */
export function adoptCluster(world: World, resource: Resource): Cluster {
  const key = keyOf(resource.id);
  fillIn(world, resource);
  const known = world.clusters.get(key);
  const cluster = known ?? newCluster(resource);
  cluster.resource = resource;
  world.clusters.set(key, cluster);
  const isGroupGiven = known !== undefined || hasNodeGroup(world, cluster);
  if (known) followReplacement(world, cluster);
  else readPrincipals(world, cluster);
  syncPools(world, cluster);
  if (!isGroupGiven) {
    createLoadBalancer(world, cluster);
    grantNodeGroup(world, cluster, false);
  }
  if (cluster.work) cluster.work.stir();
  else startWork(world, cluster);
  return cluster;
}

/**
 * A cluster put in again in place of itself: who acts is kept, with the history of a switch, unless the new resource
 * names somebody else; then it begins anew, its nodes with it.
 */
function followReplacement(world: World, cluster: Cluster): void {
  const before = { ...cluster };
  readPrincipals(world, cluster);
  const isSame =
    isSameId(cluster.controlPlane[0]!.principalId, before.controlPlane.at(-1)!.principalId) &&
    (before.operation !== undefined || cluster.kubeletPrincipalId === before.kubeletPrincipalId);
  if (isSame) {
    cluster.controlPlane = before.controlPlane;
    cluster.kubeletPrincipalId = before.kubeletPrincipalId;
    cluster.servicePrincipalId = before.servicePrincipalId ?? cluster.servicePrincipalId;
    return;
  }
  cluster.hasSwitched = false;
  for (const { node } of nodesOf(cluster)) node.principalId = nodePrincipalOf(cluster);
}

/** True when something of the node resource group was put in; what is only attached to it does not count. */
function hasNodeGroup(world: World, cluster: Cluster): boolean {
  return world.store
    .inGroup(nodeGroupIdOf(cluster))
    .some((resource) => !/^microsoft\.authorization\//i.test(resource.type));
}

/** Takes a cluster and everything in its node resource group out of the model. */
export function removeCluster(world: World, cluster: Cluster): void {
  const nodeGroupId = nodeGroupIdOf(cluster);
  cluster.work?.end();
  world.clusters.delete(keyOf(cluster.id));
  world.store.delete(cluster.id);
  for (const resource of world.store.inGroup(nodeGroupId)) world.store.delete(resource.id);
  world.store.forgetGroup(nodeGroupId);
}

function newCluster(resource: Resource): Cluster {
  return {
    id: resource.id,
    resource,
    pools: new Map(),
    controlPlane: [],
    kubeletPrincipalId: undefined,
    servicePrincipalId: undefined,
    registries: [],
    operation: undefined,
    hasUnfinishedRoll: false,
    hasSwitched: false,
    work: undefined,
  };
}

/** Gives a cluster what every cluster on Azure has and this one was put in without. */
function fillIn(world: World, resource: Resource): void {
  resource["name"] ??= nameOf(resource.id);
  resource["location"] ??= "westeurope";
  const properties = propertiesOf(resource);
  properties["provisioningState"] ??= "Succeeded";
  properties["powerState"] ??= { code: "Running" };
  properties["nodeResourceGroup"] ??=
    `MC_${resourceGroupOf(resource.id)}_${nameOf(resource.id)}_${String(resource["location"])}`;
  properties["servicePrincipalProfile"] ??= { clientId: "msi" };
  properties["networkProfile"] ??= { networkPlugin: "kubenet", loadBalancerSku: "standard" };
  resource["eTag"] ??= world.ids.guidOf(`eTag of ${keyOf(resource.id)}`);
  for (const profile of objectsAt(properties, "agentPoolProfiles")) fillInPool(world, resource, profile);
}

/** True when the cluster's control plane is on a managed identity. */
export function isOnManagedIdentity(resource: Resource): boolean {
  return /^(system|user)assigned/i.test(textAt(resource, "identity", "type") ?? "");
}

function readPrincipals(world: World, cluster: Cluster): void {
  const { resource } = cluster;
  const clientId = textAt(resource, "properties", "servicePrincipalProfile", "clientId") ?? "msi";
  const former = textAt(resource, "_emulator", "formerServicePrincipal") ?? (clientId === "msi" ? undefined : clientId);
  cluster.servicePrincipalId = former === undefined ? undefined : world.principals.objectIdOf(former);
  const principalId = isOnManagedIdentity(resource) ? identityPrincipal(world, resource) : undefined;
  cluster.controlPlane = [
    {
      principalId: principalId ?? cluster.servicePrincipalId ?? world.ids.guidOf(`principal of ${keyOf(cluster.id)}`),
      sinceMs: 0,
    },
  ];
  cluster.kubeletPrincipalId = readKubeletIdentity(world, resource);
  for (const addon of Object.values(objectAt(resource, "properties", "addonProfiles") ?? {})) {
    const identity = isObject(addon) ? objectAt(addon, "identity") : undefined;
    if (identity) ensureIdentity(world, identity, resource);
  }
}

function identityPrincipal(world: World, resource: Resource): string | undefined {
  const identity = objectAt(resource, "identity")!;
  const assigned = objectAt(identity, "userAssignedIdentities");
  if (assigned) {
    for (const [id, value] of Object.entries(assigned))
      if (!textAt(value, "principalId")) assigned[id] = identityValue(world, id);
    return textAt(Object.values(assigned)[0], "principalId");
  }
  if (!textAt(identity, "principalId")) {
    identity["principalId"] = world.ids.guidOf(`system identity of ${keyOf(resource.id)}`);
    identity["tenantId"] = world.principals.tenantId;
    world.store.put(resource);
  }
  return textAt(identity, "principalId");
}

function readKubeletIdentity(world: World, resource: Resource): string | undefined {
  const kubelet = objectAt(resource, "properties", "identityProfile", "kubeletidentity");
  return kubelet ? ensureIdentity(world, kubelet, resource) : undefined;
}

/** Makes sure that an identity a cluster names exists, and completes its ids in the cluster; gives its principal id. */
function ensureIdentity(world: World, named: JsonObject, resource: Resource): string | undefined {
  const id = textAt(named, "resourceId");
  if (!id) return textAt(named, "objectId");
  const isOurs = isSameId(resourceGroupOf(id), textAt(resource, "properties", "nodeResourceGroup"));
  // An identity outside the node resource group that nobody put in has been deleted: that is a finding, not a gap.
  const identity =
    world.store.get(id) ?? (isOurs ? createIdentity(world, id, String(resource["location"]), named) : undefined);
  named["clientId"] ??= textAt(identity, "properties", "clientId");
  named["objectId"] ??= textAt(identity, "properties", "principalId");
  return textAt(named, "objectId");
}
