import { type Cluster, controlPlanePrincipalOf, type Node, nodePrincipalOf, type Pool } from "./cluster.ts";
import { createIdentity, managedIdentityId } from "./identities.ts";
import { isSameId, keyOf, nameOf, resourceGroupOf, subscriptionOf } from "./ids.ts";
import {
  isObject,
  type JsonObject,
  objectAt,
  objectsAt,
  propertiesOf,
  type Resource,
  textAt,
  textsAt,
} from "./json.ts";
import { startWork } from "./life.ts";
import { ASSIGNMENT_TYPE, scopeOfAssignment } from "./rights.ts";
import { CONTRIBUTOR_GUID } from "./roles.ts";
import {
  createScaleSet,
  findScaleSet,
  identityValue,
  nodeGroupIdOf,
  POOL_TAG,
  resizePool,
  setScaleSetIdentities,
} from "./scale-sets.ts";
import { isoOf } from "./timeline.ts";
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
  if (!cluster.hasSwitched) readPrincipals(world, cluster);
  syncPools(world, cluster);
  if (!isGroupGiven) {
    createLoadBalancer(world, cluster);
    grantNodeGroup(world, cluster, false);
  }
  cluster.version += 1;
  startWork(world, cluster);
  return cluster;
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
    version: 0,
    round: undefined,
    isTicking: false,
  };
}

const DEFAULT_IMAGE: Record<string, string> = {
  linux: "AKSUbuntu-2204gen2containerd-202610.12.0",
  windows: "AKSWindows-2022-containerd-20348.4171.261012",
};

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

/** Gives a pool what every pool on Azure has. */
export function fillInPool(world: World, resource: Resource, profile: JsonObject): void {
  const properties = propertiesOf(resource);
  profile["count"] ??= 1;
  profile["vmSize"] ??= "Standard_DS2_v2";
  profile["osType"] ??= "Linux";
  profile["mode"] ??= "User";
  profile["type"] ??= "VirtualMachineScaleSets";
  profile["provisioningState"] ??= properties["provisioningState"];
  profile["powerState"] ??= { code: "Running" };
  if (properties["kubernetesVersion"]) profile["orchestratorVersion"] ??= properties["kubernetesVersion"];
  profile["nodeImageVersion"] ??= DEFAULT_IMAGE[String(profile["osType"]).toLowerCase()] ?? DEFAULT_IMAGE["linux"];
  profile["eTag"] ??= world.ids.guidOf(`eTag of ${keyOf(resource.id)}/${String(profile["name"])}`);
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

/** Makes the cluster's pools, scale sets and nodes follow its profiles. */
export function syncPools(world: World, cluster: Cluster): void {
  const profiles = objectsAt(cluster.resource, "properties", "agentPoolProfiles");
  const names = new Set(profiles.map((profile) => String(profile["name"]).toLowerCase()));
  for (const [name, pool] of cluster.pools) if (!names.has(name)) removePool(world, cluster, pool);
  for (const profile of profiles) {
    const name = String(profile["name"]);
    const pool = cluster.pools.get(name.toLowerCase()) ?? adoptPool(world, cluster, profile);
    cluster.pools.set(name.toLowerCase(), pool);
    resizePool(world, cluster, pool);
  }
  for (const resource of world.store.inGroup(nodeGroupIdOf(cluster))) {
    const pool = isScaleSet(resource) ? textAt(resource, "tags", POOL_TAG) : undefined;
    if (pool && !names.has(pool.toLowerCase())) removeScaleSet(world, resource.id);
  }
}

function adoptPool(world: World, cluster: Cluster, profile: JsonObject): Pool {
  const name = String(profile["name"]);
  const isScaleSetPool = !isSameId(textAt(profile, "type"), "AvailabilitySet");
  const given = isScaleSetPool ? findScaleSet(world, cluster, name) : undefined;
  const scaleSet = given ?? (isScaleSetPool ? createScaleSet(world, cluster, profile) : undefined);
  const pool: Pool = {
    name,
    nodes: [],
    scaleSetId: scaleSet?.id,
    nextInstance: 0,
    imageTakenMs: undefined,
    operation: undefined,
  };
  const isLeftBehind = textsAt(cluster.resource, "_emulator", "poolsOnServicePrincipal").some((left) =>
    isSameId(left, name),
  );
  if (given) adoptInstances(world, cluster, pool, given);
  resizePool(world, cluster, pool);
  if (scaleSet && !given) setIdentitiesOfPool(world, cluster, pool, isLeftBehind);
  return pool;
}

/** A new scale set of a cluster on managed identity carries its identities; a pool left behind does not have them yet. */
function setIdentitiesOfPool(world: World, cluster: Cluster, pool: Pool, isLeftBehind: boolean): void {
  const only: Cluster = { ...cluster, pools: new Map([[pool.name.toLowerCase(), pool]]) };
  const identities = identitiesOfNodes(cluster);
  if (identities.length > 0) setScaleSetIdentities(world, only, identities);
  for (const node of pool.nodes) {
    node.hasLatestModel = !isLeftBehind;
    if (isLeftBehind && cluster.servicePrincipalId) node.principalId = cluster.servicePrincipalId;
    const instance = world.store.get(node.resourceId);
    if (instance && isScaleSetInstance(instance))
      propertiesOf(instance)["latestModelApplied"] = !isLeftBehind || world.behaviour.latestModelApplied;
  }
}

/** The identities that a cluster's scale sets carry: the kubelet's and the add-ons'. */
export function identitiesOfNodes(cluster: Cluster): string[] {
  const properties = objectAt(cluster.resource, "properties");
  const kubelet = textAt(properties, "identityProfile", "kubeletidentity", "resourceId");
  const addons = Object.values(objectAt(properties, "addonProfiles") ?? {}).map((addon) =>
    textAt(addon, "identity", "resourceId"),
  );
  return [kubelet, ...addons].filter((id): id is string => id !== undefined);
}

function adoptInstances(world: World, cluster: Cluster, pool: Pool, scaleSet: Resource): void {
  const instances = world.store
    .inGroup(nodeGroupIdOf(cluster))
    .filter((resource) => isScaleSetInstance(resource) && keyOf(resource.id).startsWith(`${keyOf(scaleSet.id)}/`))
    .sort((left, right) => Number(nameOf(left.id)) - Number(nameOf(right.id)));
  pool.nodes = instances.map((instance) => nodeOf(cluster, scaleSet, instance));
  pool.nextInstance = 1 + Math.max(-1, ...instances.map((instance) => Number(nameOf(instance.id)) || 0));
}

function nodeOf(cluster: Cluster, scaleSet: Resource, instance: Resource): Node {
  const number = Number(nameOf(instance.id)) || 0;
  const name = textAt(instance, "properties", "osProfile", "computerName");
  const kubelet = textAt(cluster.resource, "properties", "identityProfile", "kubeletidentity", "resourceId");
  const carries = Object.keys(objectAt(scaleSet, "identity", "userAssignedIdentities") ?? {}).some((id) =>
    isSameId(id, kubelet),
  );
  const hasLatestModel = objectAt(instance, "properties")?.["latestModelApplied"] !== false;
  const isMigrated = kubelet === undefined || (carries && hasLatestModel);
  return {
    name: name ?? nameOf(scaleSet.id) + number.toString(36).padStart(6, "0"),
    resourceId: instance.id,
    principalId: (isMigrated ? undefined : cluster.servicePrincipalId) ?? nodePrincipalOf(cluster),
    hasLatestModel,
  };
}

function removePool(world: World, cluster: Cluster, pool: Pool): void {
  cluster.pools.delete(pool.name.toLowerCase());
  for (const node of pool.nodes) world.store.delete(node.resourceId);
  if (pool.scaleSetId) removeScaleSet(world, pool.scaleSetId);
}

function removeScaleSet(world: World, id: string): void {
  for (const child of world.store.below(id)) world.store.delete(child.id);
  world.store.delete(id);
}

function isScaleSet(resource: Resource): boolean {
  return isSameId(resource.type, "Microsoft.Compute/virtualMachineScaleSets");
}

function isScaleSetInstance(resource: Resource): boolean {
  return isSameId(resource.type, "Microsoft.Compute/virtualMachineScaleSets/virtualMachines");
}

function createLoadBalancer(world: World, cluster: Cluster): void {
  const group = nodeGroupIdOf(cluster);
  const location = textAt(cluster.resource, "location");
  const profile = objectAt(cluster.resource, "properties", "networkProfile", "loadBalancerProfile");
  const given = objectsAt(profile, "effectiveOutboundIPs").map((item) => textAt(item, "id")!);
  const name = world.ids.guidOf(`outbound address of ${keyOf(cluster.id)}`);
  const addresses = given.length > 0 ? given : [`${group}/providers/Microsoft.Network/publicIPAddresses/${name}`];
  for (const id of addresses) {
    if (world.store.get(id) || !isSameId(resourceGroupOf(id), resourceGroupOf(group))) continue;
    world.store.put({
      name: nameOf(id),
      id,
      type: "Microsoft.Network/publicIPAddresses",
      location,
      sku: { name: "Standard", tier: "Regional" },
      properties: {
        provisioningState: "Succeeded",
        publicIPAllocationMethod: "Static",
        publicIPAddressVersion: "IPv4",
      },
    });
  }
  world.store.put({
    name: "kubernetes",
    id: `${group}/providers/Microsoft.Network/loadBalancers/kubernetes`,
    type: "Microsoft.Network/loadBalancers",
    location,
    sku: { name: "Standard", tier: "Regional" },
    properties: { provisioningState: "Succeeded" },
  });
}

/** AKS makes its control-plane principal Contributor on the node resource group; it does not take that away again. */
export function grantNodeGroup(world: World, cluster: Cluster, isNew: boolean): void {
  const scope = nodeGroupIdOf(cluster);
  const principalId = controlPlanePrincipalOf(cluster);
  const roleId = `/subscriptions/${subscriptionOf(scope)}/providers/Microsoft.Authorization/roleDefinitions/${CONTRIBUTOR_GUID}`;
  const exists = world.store
    .inGroup(scope)
    .some(
      (resource) =>
        isSameId(resource.type, ASSIGNMENT_TYPE) &&
        isSameId(scopeOfAssignment(resource), scope) &&
        isSameId(textAt(resource, "properties", "principalId"), principalId) &&
        isSameId(textAt(resource, "properties", "roleDefinitionId"), roleId),
    );
  if (exists) return;
  const name = world.ids.guidOf(`Contributor of ${principalId} on ${keyOf(scope)}`);
  const now = isoOf(world.nowMs);
  world.store.put({
    id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
    name,
    type: "Microsoft.Authorization/roleAssignments",
    properties: {
      roleDefinitionId: roleId,
      principalId,
      principalType: "ServicePrincipal",
      scope,
      ...(isNew ? { createdOn: now, updatedOn: now } : {}),
    },
    ...(isNew ? { _emulator: { inForce: "at once" } } : {}),
  });
}

/** The id of the kubelet identity that AKS makes for a cluster that is given none. */
export function ownKubeletIdentityId(cluster: Cluster): string {
  return managedIdentityId(nodeGroupIdOf(cluster), `${nameOf(cluster.id)}-agentpool`);
}
