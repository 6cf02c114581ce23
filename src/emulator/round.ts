import { durationMs } from "./behaviour.ts";
import { actingPrincipalOf, type Cluster, type Node, nodesOf, type Pool } from "./cluster.ts";
import type { ClusterEvent } from "./events.ts";
import { groupIdOf, isSameId, keyOf, resourceGroupOf } from "./ids.ts";
import { objectsAt, textAt, textsAt } from "./json.ts";
import { isStopped, nodeGroupIdOf } from "./scale-sets.ts";
import type { World } from "./world.ts";

const PULL = "Microsoft.ContainerRegistry/registries/pull/read";
const PULL_DATA = "Microsoft.ContainerRegistry/registries/repositories/content/read";

/** What a cluster does in one round of its daily work at this moment, and whether that works. */
export function roundOf(world: World, cluster: Cluster): ClusterEvent[] {
  return [
    ...nodesOf(cluster)
      .filter(({ pool }) => !isStopped(cluster, pool))
      .flatMap(({ pool, node }) => pullImages(world, cluster, pool, node)),
    attachDisk(world, cluster),
    reconcileLoadBalancer(world, cluster),
    ...placeNodes(world, cluster),
  ];
}

/** A node that has just been imaged pulls the images of the pods that come back to it, at once. */
export function pullAfterImaging(world: World, cluster: Cluster, pool: Pool, node: Node): void {
  for (const event of pullImages(world, cluster, pool, node)) world.events.add(world.nowMs, event);
}

function pullImages(world: World, cluster: Cluster, pool: Pool, node: Node): ClusterEvent[] {
  return registriesOf(world, cluster).map((registry) => ({
    cluster: cluster.id,
    kind: "imagePull",
    pool: pool.name,
    node: node.name,
    identity: node.principalId,
    registry,
    ...outcome(world, node.principalId, [
      [registry, isAbac(world, registry) ? PULL_DATA : PULL, isAbac(world, registry)],
    ]),
  }));
}

/** The registries that a cluster's pods use: those named, else those its pulling identity had a pulling role on. */
function registriesOf(world: World, cluster: Cluster): string[] {
  const named = textsAt(cluster.resource, "_emulator", "registries");
  return (named.length > 0 ? named : cluster.registries).filter((id) => world.store.get(id) || named.length > 0);
}

/** Looks up the registries that a cluster uses by its rights: roles at registry or resource group scope. */
export function findRegistries(world: World, cluster: Cluster): void {
  const puller = nodesOf(cluster)[0]?.node.principalId;
  if (puller === undefined) return;
  const plain = world.rights.scopesAllowing(puller, PULL).filter(isNarrow);
  const data = world.rights.scopesAllowing(puller, PULL_DATA, true).filter(isNarrow);
  cluster.registries = world.store
    .ofType("microsoft.containerregistry/registries")
    .filter((registry) => {
      const scopes = isAbac(world, registry.id) ? data : plain;
      return scopes.some((scope) => isSameId(scope, registry.id) || isSameId(scope, groupIdOf(registry.id)));
    })
    .map((registry) => registry.id);
  cluster.work?.stir();
}

function isNarrow(scope: string): boolean {
  return resourceGroupOf(scope) !== undefined;
}

function isAbac(world: World, registry: string): boolean {
  return textAt(world.store.get(registry), "properties", "roleAssignmentMode") === "AbacRepositoryPermissions";
}

type Need = [scope: string, action: string, isDataAction?: boolean];

function attachDisk(world: World, cluster: Cluster): ClusterEvent {
  const group = nodeGroupIdOf(cluster);
  const encryption = textAt(cluster.resource, "properties", "diskEncryptionSetID");
  const isMachines = [...cluster.pools.values()].every((pool) => !pool.scaleSetId);
  const write = isMachines ? "virtualMachines/write" : "virtualMachineScaleSets/virtualMachines/write";
  const needs: Need[] = [
    [group, `Microsoft.Compute/${write}`],
    [group, "Microsoft.Compute/disks/write"],
    ...(encryption ? [[encryption, "Microsoft.Compute/diskEncryptionSets/read"] as Need] : []),
  ];
  return asControlPlane(world, cluster, "diskAttach", needs);
}

function reconcileLoadBalancer(world: World, cluster: Cluster): ClusterEvent {
  const group = nodeGroupIdOf(cluster);
  const isOutside = (id: string) => !isSameId(groupIdOf(id), group);
  const subnets = customSubnets(cluster).filter(isOutside);
  const tables = routeTablesOf(world, cluster);
  const addresses = objectsAt(
    cluster.resource,
    "properties",
    "networkProfile",
    "loadBalancerProfile",
    "outboundIPs",
    "publicIPs",
  ).map((address) => textAt(address, "id")!);
  const needs: Need[] = [
    [group, "Microsoft.Network/loadBalancers/write"],
    ...subnets.flatMap((id): Need[] => [
      [id, "Microsoft.Network/virtualNetworks/subnets/read"],
      [id, "Microsoft.Network/virtualNetworks/subnets/join/action"],
    ]),
    ...tables.map((id): Need => [id, "Microsoft.Network/routeTables/write"]),
    ...addresses.filter(isOutside).map((id): Need => [id, "Microsoft.Network/publicIPAddresses/join/action"]),
  ];
  return asControlPlane(world, cluster, "loadBalancer", needs);
}

/** What it takes to put a node where a pool's nodes belong, by the kind of resource (AKS documentation of each). */
const PLACEMENTS: Readonly<Record<string, string>> = {
  proximityPlacementGroupID: "Microsoft.Compute/proximityPlacementGroups/write",
  hostGroupID: "Microsoft.Compute/hostGroups/write",
  capacityReservationGroupID: "Microsoft.Compute/capacityReservationGroups/deploy/action",
};

/** Clusters with placed pools add a node there now and then, as autoscalers do. */
function placeNodes(world: World, cluster: Cluster): ClusterEvent[] {
  const profiles = objectsAt(cluster.resource, "properties", "agentPoolProfiles");
  const needs = profiles.flatMap((profile) =>
    Object.entries(PLACEMENTS).flatMap(([key, action]): Need[] => {
      const id = textAt(profile, key);
      return id && !isSameId(groupIdOf(id), nodeGroupIdOf(cluster)) ? [[id, action]] : [];
    }),
  );
  return needs.length > 0 ? [asControlPlane(world, cluster, "nodePlacement", needs)] : [];
}

/** The route tables outside the nodes' group that kubenet's routes are written into, by subnet. */
export function routeTablesOf(world: World, cluster: Cluster): string[] {
  if (textAt(cluster.resource, "properties", "networkProfile", "networkPlugin") !== "kubenet") return [];
  const group = nodeGroupIdOf(cluster);
  const isOutside = (id: string) => !isSameId(groupIdOf(id), group);
  const tables = customSubnets(cluster)
    .filter(isOutside)
    .flatMap((id) => routeTableOf(world, id) ?? []);
  return [...new Set(tables)].filter(isOutside);
}

/** The subnets that a cluster's pools lie in, each once. */
export function customSubnets(cluster: Cluster): string[] {
  const ids = objectsAt(cluster.resource, "properties", "agentPoolProfiles").flatMap((profile) =>
    [textAt(profile, "vnetSubnetID"), textAt(profile, "podSubnetID")].filter((id): id is string => id !== undefined),
  );
  return [...new Map(ids.map((id) => [keyOf(id), id])).values()];
}

/** The route table of a subnet. */
export function routeTableOf(world: World, subnetId: string): string | undefined {
  return textAt(world.store.get(subnetId), "properties", "routeTable", "id");
}

function asControlPlane(world: World, cluster: Cluster, kind: string, needs: readonly Need[]): ClusterEvent {
  const identity = actingPrincipal(world, cluster);
  return { cluster: cluster.id, kind, identity, ...outcome(world, identity, needs) };
}

/** Whether a principal can do all of this now; if not, the reason names the first missing action and its scope. */
function outcome(
  world: World,
  principalId: string,
  needs: readonly Need[],
): { ok: true } | { ok: false; reason: string } {
  const problem = world.principals.problemOf(principalId, world.nowMs);
  if (problem) return { ok: false, reason: problem };
  const missing = needs.find(
    ([scope, action, isData]) => !world.rights.allows(principalId, action, scope, world.nowMs, isData ?? false),
  );
  if (!missing) return { ok: true };
  return { ok: false, reason: `AuthorizationFailed: no right in force to perform '${missing[1]}' on '${missing[0]}'` };
}

/** Whom the control plane acts as at this moment. */
export function actingPrincipal(world: World, cluster: Cluster): string {
  return actingPrincipalOf(cluster, world.nowMs, durationMs(world.behaviour, "tokenSwitchover"));
}
