import type { Azure } from "../azure/azure.ts";
import { isWithin, normalizeId, parseResourceId, resourceGroupId } from "../azure/ids.ts";
import { asArray, asObject, asString, at, type JsonObject } from "../azure/json.ts";
import {
  clientIdOf,
  clusterIdOf,
  identityTypeOf,
  kubeletIdentityOf,
  type ManagedCluster,
  nodeResourceGroupOf,
  poolNameOf,
  poolsOf,
  userAssignedIdsOf,
} from "../azure/managed-cluster.ts";
import { holdsSecret, isSecretName } from "../engine/secrets.ts";
import type { ClusterFacts } from "../plan/schema.ts";
import { readHeldRoles } from "./held-roles.ts";
import { readRegistries, type WidePull, widePullsOf } from "./read-registries.ts";

/** The facts of a cluster, and what was found on the way that no plan depends on. */
export interface FactsReading {
  readonly facts: ClusterFacts;
  readonly widePulls: readonly WidePull[];
}

/**
 * Reads what decides a cluster's plan.
 * @param principals whose roles count: those of the old control plane, and of what the nodes pull with; undefined when
 * an object id is not known, and then its roles are not read
 * @param named registries that the user named
 */
export async function readFacts(
  azure: Azure,
  cluster: ManagedCluster,
  principals: { readonly controlPlane: string | undefined; readonly nodes: string | undefined },
  named: readonly string[],
): Promise<FactsReading> {
  const properties = asObject(cluster["properties"]);
  const pools = poolsOf(cluster).map(poolFact);
  const apiServerSubnet = asString(at(properties, "apiServerAccessProfile", "subnetId"));
  const nodeGroup = resourceGroupId(parseResourceId(clusterIdOf(cluster))!.subscription, nodeResourceGroupOf(cluster));
  const subnets = await readSubnets(
    azure,
    [...pools.flatMap((pool) => [pool.subnet, pool.podSubnet]), apiServerSubnet],
    nodeGroup,
  );
  const held = await readHeldRoles(azure, principals.controlPlane, nodeGroup);
  const pulling =
    principals.nodes === principals.controlPlane ? held : await readHeldRoles(azure, principals.nodes, nodeGroup);
  const registries = await readRegistries(azure, pulling ?? [], named);
  const zone = asString(at(properties, "apiServerAccessProfile", "privateDNSZone"));
  const facts: ClusterFacts = {
    identity: {
      type: identityTypeOf(cluster) ?? "None",
      userAssigned: userAssignedIdsOf(cluster).sort(),
    },
    clientId: clientIdOf(cluster) ?? "",
    ...optional("kubeletIdentity", kubeletIdentityOf(cluster)?.resourceId),
    network: {
      nodeResourceGroup: nodeResourceGroupOf(cluster),
      ...optional("plugin", asString(at(properties, "networkProfile", "networkPlugin"))),
      ...optional("outboundType", asString(at(properties, "networkProfile", "outboundType"))),
      ...optional("apiServerSubnet", normalizeOptional(apiServerSubnet)),
      routeTables: subnets.routeTables,
      securityGroups: subnets.securityGroups,
      publicIps: ownPublicIps(properties, nodeGroup),
    },
    ...optional("privateDnsZone", zone?.startsWith("/") ? normalizeId(zone) : undefined),
    ...optional("diskEncryptionSet", normalizeOptional(asString(properties["diskEncryptionSetID"]))),
    ...optional("kms", kmsFact(properties)),
    addons: addonFacts(properties),
    pools,
    ...(held ? { heldRoles: held.map(({ fact }) => fact).sort(byText((role) => `${role.scope} ${role.role}`)) } : {}),
    registries: registries.sort(byText((registry) => registry.id)),
  };
  return { facts, widePulls: widePullsOf(pulling ?? []) };
}

/** The key with which secrets are encrypted in etcd, where the cluster has one of its own. */
function kmsFact(properties: JsonObject): ClusterFacts["kms"] {
  const kms = asObject(at(properties, "securityProfile", "azureKeyVaultKms"));
  if (kms["enabled"] !== true) return undefined;
  const isPrivate = asString(kms["keyVaultNetworkAccess"])?.toLowerCase() === "private";
  return {
    keyId: asString(kms["keyId"]) ?? "",
    ...optional("vault", normalizeOptional(asString(kms["keyVaultResourceId"]))),
    ...(isPrivate ? { isPrivate } : {}),
  };
}

/** Properties of pools that place their nodes on resources of the user's own. */
const PLACEMENTS = ["proximityPlacementGroupID", "hostGroupID", "capacityReservationGroupID"];

function poolFact(pool: JsonObject): ClusterFacts["pools"][number] {
  const placement = PLACEMENTS.map((key) => asString(pool[key])).filter((id) => id?.startsWith("/"));
  return {
    name: poolNameOf(pool),
    type: asString(pool["type"]) ?? "VirtualMachineScaleSets",
    osType: asString(pool["osType"]) ?? "Linux",
    mode: asString(pool["mode"]) ?? "User",
    ...optional("subnet", normalizeOptional(asString(pool["vnetSubnetID"]))),
    ...optional("podSubnet", normalizeOptional(asString(pool["podSubnetID"]))),
    ...(placement.length > 0 ? { placement: placement.map((id) => normalizeId(id!)).sort() } : {}),
  };
}

async function readSubnets(azure: Azure, ids: readonly (string | undefined)[], nodeGroup: string) {
  const routeTables = new Set<string>();
  const securityGroups = new Set<string>();
  const wanted = new Set(
    ids.filter((id): id is string => id !== undefined && !isWithin(id, nodeGroup)).map(normalizeId),
  );
  for (const id of wanted) {
    const subnet = await azure.resources.subnet(id);
    if (subnet?.routeTable) routeTables.add(normalizeId(subnet.routeTable));
    if (subnet?.securityGroup) securityGroups.add(normalizeId(subnet.securityGroup));
  }
  return { routeTables: [...routeTables].sort(), securityGroups: [...securityGroups].sort() };
}

/** The addresses that the user brought: those that AKS makes are in the node resource group. */
function ownPublicIps(properties: JsonObject, nodeGroup: string): string[] {
  const profile = at(properties, "networkProfile", "loadBalancerProfile");
  const ips = asArray(at(profile, "outboundIPs", "publicIPs"));
  const prefixes = asArray(at(profile, "outboundIPPrefixes", "publicIPPrefixes"));
  const ids = [...ips, ...prefixes].map((ip) => asString(at(ip, "id"))).filter((id) => id !== undefined);
  return ids
    .map(normalizeId)
    .filter((id) => !isWithin(id, nodeGroup))
    .sort();
}

/** Add-ons that are on, with the settings that are strings and no secrets: a plan is shown and kept. */
function addonFacts(properties: JsonObject): ClusterFacts["addons"] {
  const addons: ClusterFacts["addons"] = {};
  for (const [name, profile] of Object.entries(asObject(properties["addonProfiles"]))) {
    if (at(profile, "enabled") !== true) continue;
    const settings = Object.entries(asObject(at(profile, "config")));
    addons[name] = Object.fromEntries(
      settings.filter(
        (entry): entry is [string, string] =>
          typeof entry[1] === "string" && !isSecretName(entry[0]) && !holdsSecret(entry[1]),
      ),
    );
  }
  const routing = asObject(at(properties, "ingressProfile", "webAppRouting"));
  if (routing["enabled"] === true) {
    addons["webAppRouting"] = { dnsZoneResourceIds: asArray(routing["dnsZoneResourceIds"]).map(String).join(",") };
  }
  return addons;
}

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}

function normalizeOptional(id: string | undefined): string | undefined {
  return id === undefined ? undefined : normalizeId(id);
}

function byText<T>(text: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => (text(a).toLowerCase() < text(b).toLowerCase() ? -1 : 1);
}
