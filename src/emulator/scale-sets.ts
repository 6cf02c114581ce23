import { type Cluster, type Node, nodePrincipalOf, type Pool } from "./cluster.ts";
import { isSameId, keyOf, nameOf, subscriptionOf } from "./ids.ts";
import {
  isObject,
  type JsonObject,
  numberAt,
  objectAt,
  objectsAt,
  propertiesOf,
  type Resource,
  textAt,
} from "./json.ts";
import { DEFAULT_SIZE, isOfSizes, sizesOf } from "./machine-pools.ts";
import type { World } from "./world.ts";

/** The tag by which AKS marks the pool that a scale set belongs to. */
export const POOL_TAG = "aks-managed-poolName";

const SCALE_SET_TYPE = "Microsoft.Compute/virtualMachineScaleSets";
const INSTANCE_TYPE = "Microsoft.Compute/virtualMachineScaleSets/virtualMachines";
const MACHINE_TYPE = "Microsoft.Compute/virtualMachines";

/** The id of a cluster's node resource group. */
export function nodeGroupIdOf(cluster: Cluster): string {
  return `/subscriptions/${subscriptionOf(cluster.id)}/resourceGroups/${textAt(cluster.resource, "properties", "nodeResourceGroup")}`;
}

/** The profile of a pool inside its cluster's resource. */
export function profileOf(cluster: Cluster, poolName: string): JsonObject | undefined {
  return objectsAt(cluster.resource, "properties", "agentPoolProfiles").find(
    (profile) => String(profile["name"]).toLowerCase() === poolName.toLowerCase(),
  );
}

/** True for a pool that was stopped: its nodes are there, and none of them runs. */
export function isStopped(cluster: Cluster, pool: Pool): boolean {
  return isSameId(textAt(profileOf(cluster, pool.name), "powerState", "code"), "Stopped");
}

/** The pool's scale set, if one is in the node resource group: by its tag, else by its name. */
export function findScaleSet(world: World, cluster: Cluster, poolName: string): Resource | undefined {
  const named = new RegExp(`^aks-${poolName}-\\d+-vmss$`, "i");
  return world.store
    .inGroup(nodeGroupIdOf(cluster))
    .find(
      (resource) =>
        isSameId(resource.type, SCALE_SET_TYPE) &&
        (textAt(resource, "tags", POOL_TAG) ?? (named.test(nameOf(resource.id)) ? poolName : "")).toLowerCase() ===
          poolName.toLowerCase(),
    );
}

/** Makes a pool's scale set: `aks-<pool>-<eight digits>-vmss`, tagged with its pool. */
export function createScaleSet(world: World, cluster: Cluster, profile: JsonObject): Resource {
  const name = `aks-${String(profile["name"])}-${digitsOf(world, cluster)}-vmss`;
  const id = `${nodeGroupIdOf(cluster)}/providers/${SCALE_SET_TYPE}/${name}`;
  const scaleSet: Resource = {
    name,
    id,
    type: SCALE_SET_TYPE,
    location: textAt(cluster.resource, "location"),
    tags: { [POOL_TAG]: String(profile["name"]) },
    sku: {
      name: textAt(profile, "vmSize") ?? DEFAULT_SIZE,
      tier: "Standard",
      capacity: numberAt(profile, "count") ?? 0,
    },
    properties: {
      singlePlacementGroup: false,
      orchestrationMode: "Uniform",
      upgradePolicy: { mode: "Manual" },
      provisioningState: "Succeeded",
      overprovision: false,
      uniqueId: world.ids.guidOf(id),
      timeCreated: new Date(world.nowMs).toISOString(),
    },
  };
  world.store.put(scaleSet);
  return scaleSet;
}

function digitsOf(world: World, cluster: Cluster): string {
  return String(world.ids.numberOf(`scale sets of ${keyOf(cluster.id)}`, 100_000_000)).padStart(8, "0");
}

/** Gives the pool as many nodes as its count says, of each size as many as that has: the newest ones go first. */
export function resizePool(world: World, cluster: Cluster, pool: Pool): void {
  const profile = profileOf(cluster, pool.name);
  const missing = sizesOf(profile);
  if (!missing) return;
  const isSized = profile !== undefined && isOfSizes(profile);
  const kept = pool.nodes.filter((node) => {
    const at = isSized ? missing.indexOf(sizeOf(world, node)) : missing.length - 1;
    if (at >= 0) missing.splice(at, 1);
    else world.store.delete(node.resourceId);
    return at >= 0;
  });
  pool.nodes = kept;
  for (const size of missing) pool.nodes.push(addNode(world, cluster, pool, size));
  const scaleSet = pool.scaleSetId ? world.store.get(pool.scaleSetId) : undefined;
  if (scaleSet && isObject(scaleSet["sku"])) scaleSet["sku"]["capacity"] = pool.nodes.length;
}

/** The size of a node that is a single machine. */
function sizeOf(world: World, node: Node): string {
  return textAt(world.store.get(node.resourceId), "properties", "hardwareProfile", "vmSize") ?? DEFAULT_SIZE;
}

/** Makes one more node, on the newest model and the identity of the moment. */
function addNode(world: World, cluster: Cluster, pool: Pool, size: string): Node {
  const number = pool.nextInstance++;
  const resource = pool.scaleSetId
    ? instanceOf(world, pool.scaleSetId, number, cluster)
    : machineOf(world, cluster, pool, number, size);
  world.store.put(resource);
  const name = textAt(resource, "properties", "osProfile", "computerName")!;
  return { name, resourceId: resource.id, principalId: nodePrincipalOf(cluster), hasLatestModel: true };
}

function instanceOf(world: World, scaleSetId: string, number: number, cluster: Cluster): Resource {
  const scaleSetName = nameOf(scaleSetId);
  const now = new Date(world.nowMs).toISOString();
  const id = `${scaleSetId}/virtualMachines/${number}`;
  return {
    name: `${scaleSetName}_${number}`,
    instanceId: String(number),
    id,
    type: INSTANCE_TYPE,
    location: textAt(cluster.resource, "location"),
    properties: {
      latestModelApplied: true,
      vmId: world.ids.guidOf(id),
      provisioningState: "Succeeded",
      timeCreated: now,
      osProfile: { computerName: scaleSetName + number.toString(36).padStart(6, "0") },
      instanceView: instanceViewAt(now),
    },
  };
}

function machineOf(world: World, cluster: Cluster, pool: Pool, number: number, size: string): Resource {
  const name = `aks-${pool.name}-${digitsOf(world, cluster)}-${number}`;
  const now = new Date(world.nowMs).toISOString();
  const id = `${nodeGroupIdOf(cluster)}/providers/${MACHINE_TYPE}/${name}`;
  // Machines have no model: a new one gets what those beside it have.
  const identity = pool.nodes[0] ? world.store.get(pool.nodes[0].resourceId)?.["identity"] : undefined;
  return {
    name,
    id,
    type: MACHINE_TYPE,
    location: textAt(cluster.resource, "location"),
    tags: { [POOL_TAG]: pool.name },
    ...(identity ? { identity: structuredClone(identity) } : {}),
    properties: {
      hardwareProfile: { vmSize: size },
      vmId: world.ids.guidOf(id),
      provisioningState: "Succeeded",
      timeCreated: now,
      osProfile: { computerName: name },
      instanceView: instanceViewAt(now),
    },
  };
}

function instanceViewAt(time: string): JsonObject {
  return {
    statuses: [
      { code: "ProvisioningState/succeeded", level: "Info", displayStatus: "Provisioning succeeded", time },
      { code: "PowerState/running", level: "Info", displayStatus: "VM running" },
    ],
  };
}

/** Images a node again: same instance with a newer provisioning time, or a new one in its place, as single machines always get. */
export function imageNode(world: World, cluster: Cluster, pool: Pool, node: Node): void {
  if (world.behaviour.reimage === "replacesInstance" && pool.scaleSetId) {
    world.store.delete(node.resourceId);
    Object.assign(node, addNode(world, cluster, pool, DEFAULT_SIZE));
  } else {
    const resource = world.store.get(node.resourceId);
    if (resource) {
      const properties = propertiesOf(resource);
      const now = new Date(world.nowMs).toISOString();
      properties["instanceView"] = instanceViewAt(now);
      if (pool.scaleSetId) properties["latestModelApplied"] = true;
      else properties["timeCreated"] = now;
    }
    node.principalId = nodePrincipalOf(cluster);
    node.hasLatestModel = true;
  }
  cluster.work?.stir();
}

/**
 * Hands the identities of a cluster to its scale sets, or to its machines where it has those; nodes use them once they are
 * imaged again.
 */
export function setScaleSetIdentities(world: World, cluster: Cluster, identityIds: readonly string[]): void {
  for (const pool of cluster.pools.values()) {
    const carriers = (pool.scaleSetId ? [pool.scaleSetId] : pool.nodes.map((node) => node.resourceId))
      .map((id) => world.store.get(id))
      .filter((resource) => resource !== undefined)
      .filter((resource) => !hasIdentities(resource, identityIds));
    for (const carrier of carriers) {
      carrier["identity"] = {
        type: "UserAssigned",
        userAssignedIdentities: Object.fromEntries(identityIds.map((id) => [id, identityValue(world, id)])),
      };
    }
    if (carriers.length > 0) for (const node of pool.nodes) markBehindModel(world, node);
  }
}

function hasIdentities(carrier: Resource, identityIds: readonly string[]): boolean {
  const present = Object.keys(objectAt(carrier, "identity", "userAssignedIdentities") ?? {}).map(keyOf);
  return present.length === identityIds.length && identityIds.every((id) => present.includes(keyOf(id)));
}

function markBehindModel(world: World, node: Node): void {
  node.hasLatestModel = false;
  const instance = world.store.get(node.resourceId);
  if (instance && isSameId(instance.type, INSTANCE_TYPE) && !world.behaviour.latestModelApplied)
    propertiesOf(instance)["latestModelApplied"] = false;
}

/** Client and principal id of a user-assigned identity, as maps of identities show them. */
export function identityValue(world: World, id: string): JsonObject {
  const properties = objectAt(world.store.get(id), "properties");
  return {
    ...(textAt(properties, "principalId") ? { principalId: properties!["principalId"] } : {}),
    ...(textAt(properties, "clientId") ? { clientId: properties!["clientId"] } : {}),
  };
}
