import { flat } from "./arm-error.ts";
import { type Cluster, type Node, nodePrincipalOf, type Pool } from "./cluster.ts";
import { isSameId, keyOf, nameOf } from "./ids.ts";
import { type JsonObject, objectAt, objectsAt, propertiesOf, type Resource, textAt, textsAt } from "./json.ts";
import { DEFAULT_SIZE, fillInSizes, isOfMachines, isOfOwnMachines, isOfSizes } from "./machine-pools.ts";
import { imagesPutIn } from "./node-images.ts";
import {
  createScaleSet,
  findScaleSet,
  nodeGroupIdOf,
  POOL_TAG,
  resizePool,
  setScaleSetIdentities,
} from "./scale-sets.ts";
import type { World } from "./world.ts";

const DEFAULT_IMAGE: Record<string, string> = {
  linux: "AKSUbuntu-2204gen2containerd-202610.12.0",
  windows: "AKSWindows-2022-containerd-20348.4171.261012",
};

/** Gives a pool what every pool on Azure has. */
export function fillInPool(world: World, resource: Resource, profile: JsonObject): void {
  const properties = propertiesOf(resource);
  if (isOfSizes(profile)) fillInSizes(profile);
  else if (!isOfOwnMachines(profile)) {
    profile["count"] ??= 1;
    profile["vmSize"] ??= DEFAULT_SIZE;
  }
  profile["osType"] ??= "Linux";
  profile["mode"] ??= "User";
  profile["type"] ??= isOfOwnMachines(profile) ? "VirtualMachines" : "VirtualMachineScaleSets";
  profile["provisioningState"] ??= properties["provisioningState"];
  profile["powerState"] ??= { code: "Running" };
  if (properties["kubernetesVersion"]) profile["orchestratorVersion"] ??= properties["kubernetesVersion"];
  profile["nodeImageVersion"] ??= DEFAULT_IMAGE[String(profile["osType"]).toLowerCase()] ?? DEFAULT_IMAGE["linux"];
  profile["eTag"] ??= world.ids.guidOf(`eTag of ${keyOf(resource.id)}/${String(profile["name"])}`);
}

/** A pool is added by a PUT of its own, never by one of the cluster (public reports). @throws ArmError 400 `BadRequest` */
export function refuseNewPools(cluster: Cluster, body: JsonObject): void {
  const isNew = (asked: JsonObject) => !cluster.pools.has(String(asked["name"]).toLowerCase());
  if (!objectsAt(body, "properties", "agentPoolProfiles").some(isNew)) return;
  throw flat(
    400,
    "BadRequest",
    "A new agent pool was introduced. Adding agent pools to an existing cluster is not allowed through managed cluster operations. For agent pool specific change, please use per agent pool operations: https://aka.ms/agent-pool-rest-api",
  );
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
    pool.images = imagesPutIn(cluster, name);
    resizePool(world, cluster, pool);
  }
  for (const resource of world.store.inGroup(nodeGroupIdOf(cluster))) {
    const pool = isScaleSet(resource) ? textAt(resource, "tags", POOL_TAG) : undefined;
    if (pool && !names.has(pool.toLowerCase())) removeScaleSet(world, resource.id);
  }
}

function adoptPool(world: World, cluster: Cluster, profile: JsonObject): Pool {
  const name = String(profile["name"]);
  const isScaleSetPool = !isOfMachines(profile);
  const given = isScaleSetPool ? findScaleSet(world, cluster, name) : undefined;
  const scaleSet = given ?? (isScaleSetPool ? createScaleSet(world, cluster, profile) : undefined);
  const pool: Pool = {
    name,
    nodes: [],
    scaleSetId: scaleSet?.id,
    nextInstance: 0,
    imageTakenMs: undefined,
    images: undefined,
    operation: undefined,
  };
  const isLeftBehind = textsAt(cluster.resource, "_emulator", "poolsOnServicePrincipal").some((left) =>
    isSameId(left, name),
  );
  if (given) adoptInstances(world, cluster, pool, given);
  else if (!isScaleSetPool) adoptMachines(world, cluster, pool);
  const isGiven = given !== undefined || pool.nodes.length > 0;
  resizePool(world, cluster, pool);
  if (!isGiven) setIdentitiesOfPool(world, cluster, pool, isLeftBehind);
  return pool;
}

/** New scale sets and machines of a cluster on managed identity carry its identities; a pool left behind does not use them yet. */
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

/** Takes over the single machines that were put in for a pool: by their tag, else by their name. */
function adoptMachines(world: World, cluster: Cluster, pool: Pool): void {
  const prefix = `aks-${pool.name}-`.toLowerCase();
  const machines = world.store.inGroup(nodeGroupIdOf(cluster)).filter((resource) => {
    if (!isSameId(resource.type, "Microsoft.Compute/virtualMachines")) return false;
    const tag = textAt(resource, "tags", POOL_TAG);
    return tag === undefined ? nameOf(resource.id).toLowerCase().startsWith(prefix) : isSameId(tag, pool.name);
  });
  pool.nodes = machines.map((machine) => ({ ...nodeOf(cluster, machine, machine), name: machineNameOf(machine) }));
  const numbers = machines.map((machine) => Number(/\d+$/.exec(nameOf(machine.id))?.[0] ?? 0));
  pool.nextInstance = 1 + Math.max(-1, ...numbers);
}

function machineNameOf(machine: Resource): string {
  return textAt(machine, "properties", "osProfile", "computerName") ?? nameOf(machine.id);
}

/** @param carrier what carries the identities: the instance's scale set, or the machine itself */
function nodeOf(cluster: Cluster, carrier: Resource, instance: Resource): Node {
  const number = Number(nameOf(instance.id)) || 0;
  const name = textAt(instance, "properties", "osProfile", "computerName");
  const kubelet = textAt(cluster.resource, "properties", "identityProfile", "kubeletidentity", "resourceId");
  const carries = Object.keys(objectAt(carrier, "identity", "userAssignedIdentities") ?? {}).some((id) =>
    isSameId(id, kubelet),
  );
  const hasLatestModel = objectAt(instance, "properties")?.["latestModelApplied"] !== false;
  const isMigrated = kubelet === undefined || (carries && hasLatestModel);
  return {
    name: name ?? nameOf(carrier.id) + number.toString(36).padStart(6, "0"),
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
