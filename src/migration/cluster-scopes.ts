import { groupKeyOf, keyOf, normalizeId, parseResourceId, resourceGroupId } from "../azure/ids.ts";
import { asArray, asObject, asString, at } from "../azure/json.ts";
import { type ManagedCluster, nodeResourceGroupOf, poolsOf } from "../azure/managed-cluster.ts";

/** What belongs to clusters, in lower case. */
export interface ClusterScopes {
  /** The clusters, their resource groups and what they refer to: with everything below. */
  readonly scopes: ReadonlySet<string>;
  /** Resource groups that hold any of it: they alone, not what else is in them. */
  readonly groups: ReadonlySet<string>;
}

/** The scopes that belong to some clusters. */
export function clusterScopesOf(
  clusters: readonly { readonly id: string; readonly cluster: ManagedCluster }[],
): ClusterScopes {
  const scopes = clusters.flatMap(({ id, cluster }) => scopesOf(id, cluster));
  const groups = scopes.map(groupKeyOf).filter((group) => group !== undefined);
  return { scopes: new Set(scopes.map(keyOf)), groups: new Set(groups) };
}

/** True when a role at this scope is for the clusters. */
export function belongsToClusters(scope: string, { scopes, groups }: ClusterScopes): boolean {
  const segments = keyOf(scope).split("/");
  const prefixes = segments.map((_, index) => segments.slice(0, index + 1).join("/"));
  return groups.has(keyOf(scope)) || prefixes.some((prefix) => scopes.has(prefix));
}

/** The scopes that belong to a cluster: itself, its resource groups and what its object refers to. */
function scopesOf(id: string, cluster: ManagedCluster): string[] {
  const { subscription, resourceGroup } = parseResourceId(id)!;
  const properties = asObject(cluster["properties"]);
  const nodeGroup = nodeResourceGroupOf(cluster);
  const subnets = poolsOf(cluster).flatMap((pool) => [pool["vnetSubnetID"], pool["podSubnetID"]]);
  const balancer = at(properties, "networkProfile", "loadBalancerProfile");
  const addresses = [
    ...asArray(at(balancer, "outboundIPs", "publicIPs")),
    ...asArray(at(balancer, "outboundIPPrefixes", "publicIPPrefixes")),
  ].map((address) => at(address, "id"));
  const named = [
    ...subnets,
    ...addresses,
    at(properties, "apiServerAccessProfile", "subnetId"),
    at(properties, "apiServerAccessProfile", "privateDNSZone"),
    properties["diskEncryptionSetID"],
    at(properties, "securityProfile", "azureKeyVaultKms", "keyVaultResourceId"),
    ...Object.values(asObject(properties["addonProfiles"])).flatMap((addon) =>
      Object.values(asObject(at(addon, "config"))),
    ),
  ].map((value) => asString(value));
  const own = [
    id,
    resourceGroupId(subscription, resourceGroup),
    resourceGroupId(subscription, nodeGroup),
    ...named.filter((value) => value?.startsWith("/")),
  ].map((value) => normalizeId(value!));
  return [...own, ...own.map((scope) => scope.replace(/\/subnets\/[^/]+$/i, ""))];
}
