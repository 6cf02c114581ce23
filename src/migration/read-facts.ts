import type { Azure } from "../azure/azure.ts";
import { kubeletIdentityOf, type ManagedCluster, poolsOf, userAssignedIdsOf } from "../azure/clusters.ts";
import { hasStatus } from "../azure/errors.ts";
import { isWithin, normalizeId, parseResourceId, resourceGroupId, sameId } from "../azure/ids.ts";
import { asArray, asObject, asString, at, type JsonObject } from "../azure/json.ts";
import { allows, allowsData, type RoleAssignment } from "../azure/roles.ts";
import { AksMiError } from "../engine/errors.ts";
import type { ClusterFacts, HeldRole, RegistryFact } from "../plan/schema.ts";
import { builtInRole, PULL_ACTION, PULL_DATA_ACTION } from "./built-in-roles.ts";

/** The facts of a cluster, and what was found on the way that no plan depends on. */
export interface FactsReading {
  readonly facts: ClusterFacts;
  /** Roles with which the old principal may pull from every registry of a subscription. */
  readonly widePulls: readonly { readonly subscription: string; readonly role: string }[];
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
  const id = normalizeId(asString(cluster["id"]) ?? "");
  const properties = asObject(cluster["properties"]);
  const nodeResourceGroup = asString(properties["nodeResourceGroup"]) ?? "";
  const pools = poolsOf(cluster).map(poolFact);
  const apiServerSubnet = asString(at(properties, "apiServerAccessProfile", "subnetId"));
  const nodeGroup = resourceGroupId(parseResourceId(id)!.subscription, nodeResourceGroup);
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
  const kms = asObject(at(properties, "securityProfile", "azureKeyVaultKms"));
  const facts: ClusterFacts = {
    identity: {
      type: asString(at(cluster, "identity", "type")) ?? "None",
      userAssigned: userAssignedIdsOf(cluster).sort(),
    },
    clientId: asString(at(properties, "servicePrincipalProfile", "clientId")) ?? "",
    ...optional("kubeletIdentity", kubeletIdentityOf(cluster)?.resourceId),
    network: {
      nodeResourceGroup,
      ...optional("plugin", asString(at(properties, "networkProfile", "networkPlugin"))),
      ...optional("outboundType", asString(at(properties, "networkProfile", "outboundType"))),
      ...optional("apiServerSubnet", apiServerSubnet && normalizeId(apiServerSubnet)),
      routeTables: subnets.routeTables,
      securityGroups: subnets.securityGroups,
      publicIps: ownPublicIps(properties, nodeGroup),
    },
    ...optional("privateDnsZone", zone?.startsWith("/") ? normalizeId(zone) : undefined),
    ...optional("diskEncryptionSet", normalizeOptional(asString(properties["diskEncryptionSetID"]))),
    ...(kms["enabled"] === true
      ? {
          kms: {
            keyId: asString(kms["keyId"]) ?? "",
            ...optional("vault", normalizeOptional(asString(kms["keyVaultResourceId"]))),
          },
        }
      : {}),
    addons: addonFacts(properties),
    pools,
    ...(held ? { heldRoles: held.map(({ fact }) => fact).sort(byText((role) => `${role.scope} ${role.role}`)) } : {}),
    registries: registries.sort(byText((registry) => registry.id)),
  };
  const widePulls = (pulling ?? []).flatMap(({ fact, pulls }) => {
    const subscription = pulls ? subscriptionScope(fact.scope) : undefined;
    return subscription === undefined ? [] : [{ subscription, role: fact.role }];
  });
  return { facts, widePulls };
}

/** The registries that the old principal reaches only through a role on their whole subscription; none where they can't be listed. */
export async function readWiderRegistries(
  azure: Azure,
  { facts, widePulls }: FactsReading,
): Promise<{ id: string; role: string; scope: string }[]> {
  const wider: { id: string; role: string; scope: string }[] = [];
  for (const { subscription, role } of widePulls) {
    const scope = `/subscriptions/${subscription}`;
    for (const { id } of await listRegistries(azure, subscription)) wider.push({ id, role, scope });
  }
  return wider.filter(({ id }) => !facts.registries.some((registry) => sameId(registry.id, id)));
}

function poolFact(pool: JsonObject): ClusterFacts["pools"][number] {
  return {
    name: asString(pool["name"]) ?? "",
    type: asString(pool["type"]) ?? "VirtualMachineScaleSets",
    osType: asString(pool["osType"]) ?? "Linux",
    mode: asString(pool["mode"]) ?? "User",
    ...optional("subnet", normalizeOptional(asString(pool["vnetSubnetID"]))),
    ...optional("podSubnet", normalizeOptional(asString(pool["podSubnetID"]))),
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

/** Add-ons that are on, with the settings that are strings. */
function addonFacts(properties: JsonObject): ClusterFacts["addons"] {
  const addons: ClusterFacts["addons"] = {};
  for (const [name, profile] of Object.entries(asObject(properties["addonProfiles"]))) {
    if (at(profile, "enabled") !== true) continue;
    const settings = Object.entries(asObject(at(profile, "config")));
    addons[name] = Object.fromEntries(
      settings.filter((entry): entry is [string, string] => typeof entry[1] === "string"),
    );
  }
  const routing = asObject(at(properties, "ingressProfile", "webAppRouting"));
  if (routing["enabled"] === true) {
    addons["webAppRouting"] = { dnsZoneResourceIds: asArray(routing["dnsZoneResourceIds"]).map(String).join(",") };
  }
  return addons;
}

/** Everything that a principal holds, itself and through groups, in every subscription that the caller can read. */
async function readAssignments(azure: Azure, principalId: string): Promise<RoleAssignment[]> {
  const found = new Map<string, RoleAssignment>();
  for (const subscription of await azure.resources.subscriptions()) {
    if (!subscription.enabled) continue;
    for (const assignment of await azure.roles.listAssignedTo(subscription.id, principalId)) {
      found.set(assignment.id.toLowerCase(), assignment);
    }
  }
  return [...found.values()];
}

interface Held {
  readonly fact: HeldRole;
  /** True when it lets its holder pull images. */
  readonly pulls: boolean;
}

async function readHeldRoles(
  azure: Azure,
  principalId: string | undefined,
  nodeGroup: string,
): Promise<Held[] | undefined> {
  if (principalId === undefined) return undefined;
  const held: Held[] = [];
  for (const { scope, roleDefinitionId, principalId: holder } of await readAssignments(azure, principalId)) {
    if (isWithin(scope, nodeGroup)) continue;
    const { name, pulls } = builtInRole(roleDefinitionId) ?? (await readRole(azure, roleDefinitionId));
    const through = holder === principalId.toLowerCase() ? {} : { through: holder };
    held.push({ fact: { role: name, roleDefinitionId, scope, ...through }, pulls });
  }
  return held;
}

/** What a role is called, and whether its holder may pull; a role that is gone allows nothing. */
async function readRole(azure: Azure, roleDefinitionId: string): Promise<{ name: string; pulls: boolean }> {
  const role = await azure.roles.definition(roleDefinitionId);
  if (!role) return { name: roleDefinitionId.split("/").at(-1)!, pulls: false };
  return { name: role.name, pulls: allows(role, PULL_ACTION) || allowsData(role, PULL_DATA_ACTION) };
}

/** The registries that the old principal could pull from by a role on them or on their resource group, and those named. */
async function readRegistries(azure: Azure, held: readonly Held[], named: readonly string[]): Promise<RegistryFact[]> {
  const registries = new Map<string, RegistryFact>();
  const add = (registry: { id: string; mode: "rbac" | "abac" }, source: string) => {
    const key = registry.id.toLowerCase();
    if (!registries.has(key)) registries.set(key, { id: registry.id, mode: registry.mode, source });
  };
  for (const id of named) {
    const registry = await azure.registries.get(id);
    if (!registry) throw registryGone(id);
    add(registry, "named with --registry");
  }
  for (const { fact } of held.filter(({ pulls }) => pulls)) {
    const resource = parseResourceId(fact.scope);
    const group = /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)$/i.exec(fact.scope);
    if (resource?.type.toLowerCase() === "microsoft.containerregistry/registries") {
      const registry = await azure.registries.get(normalizeId(fact.scope));
      if (registry) add(registry, `the old identity holds ${fact.role} on it`);
    } else if (group) {
      for (const registry of await listRegistries(azure, group[1]!, group[2]!)) {
        add(registry, `the old identity holds ${fact.role} on its resource group`);
      }
    }
  }
  return [...registries.values()];
}

/** The id of the subscription that a scope is; undefined for any other scope. */
function subscriptionScope(scope: string): string | undefined {
  return /^\/subscriptions\/([^/]+)$/i.exec(scope)?.[1];
}

async function listRegistries(azure: Azure, subscription: string, resourceGroup?: string) {
  try {
    return await azure.registries.list(subscription, resourceGroup);
  } catch (error) {
    if (hasStatus(error, 403) || hasStatus(error, 404)) return [];
    throw error;
  }
}

function registryGone(id: string): AksMiError {
  return new AksMiError(
    "USAGE",
    `There is no registry ${id}, or you may not read it.`,
    "Check the id that --registry names.",
  );
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
