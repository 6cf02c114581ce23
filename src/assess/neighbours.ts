import { kubeletIdentityOf, type ManagedCluster, poolsOf, userAssignedIdsOf } from "../azure/clusters.ts";
import { normalizeId, parseResourceId, resourceGroupId } from "../azure/ids.ts";
import { asArray, asObject, asString, at } from "../azure/json.ts";
import { groupKeyOf, keyOf } from "./indexes.ts";

/** A cluster that uses an identity, and the cluster's own object. */
export interface IdentityUser {
  readonly id: string;
  readonly cluster: ManagedCluster;
}

/** Which clusters use which service principal or managed identity, over every subscription that can be seen. */
export class Neighbours {
  readonly #users = new Map<string, IdentityUser[]>();
  readonly #scopes = new Map<string, ClusterScopes>();
  /** Why there may be more clusters than those known here. */
  readonly gap: string | undefined;

  constructor(clusters: readonly ManagedCluster[], gap: string | undefined) {
    this.gap = gap;
    for (const cluster of clusters) {
      const user = { id: normalizeId(asString(cluster["id"]) ?? ""), cluster };
      for (const key of identitiesOf(cluster)) {
        const users = this.#users.get(key) ?? [];
        users.push(user);
        this.#users.set(key, users);
      }
    }
  }

  /** @param identity a service principal's client id, or the id of a user-assigned identity */
  usersOf(identity: string): readonly IdentityUser[] {
    return this.#users.get(keyOf(identity)) ?? [];
  }

  /** The scopes that belong to the clusters which use an identity. */
  scopesOf(identity: string): ClusterScopes {
    const key = keyOf(identity);
    const before = this.#scopes.get(key);
    if (before) return before;
    const scopes = this.usersOf(identity).flatMap(({ id, cluster }) => clusterScopes(id, cluster));
    const groups = scopes.map(groupKeyOf).filter((group) => group !== undefined);
    const made = { scopes: new Set(scopes.map(keyOf)), groups: new Set(groups) };
    this.#scopes.set(key, made);
    return made;
  }
}

/** What belongs to clusters, in lower case. */
export interface ClusterScopes {
  /** The clusters, their resource groups and what they refer to: with everything below. */
  readonly scopes: ReadonlySet<string>;
  /** Resource groups that hold any of it: they alone, not what else is in them. */
  readonly groups: ReadonlySet<string>;
}

/** True when a role at this scope is for the clusters. */
export function belongsToClusters(scope: string, { scopes, groups }: ClusterScopes): boolean {
  const segments = keyOf(scope).split("/");
  const prefixes = segments.map((_, index) => segments.slice(0, index + 1).join("/"));
  return groups.has(keyOf(scope)) || prefixes.some((prefix) => scopes.has(prefix));
}

/** The names of what a cluster acts as, in lower case; `msi` is no service principal. */
function identitiesOf(cluster: ManagedCluster): Set<string> {
  const clientId = asString(at(cluster, "properties", "servicePrincipalProfile", "clientId"))?.toLowerCase();
  const kubelet = kubeletIdentityOf(cluster)?.resourceId;
  const names = [clientId === "msi" ? undefined : clientId, ...userAssignedIdsOf(cluster), kubelet];
  return new Set(names.filter((name) => name !== undefined).map((name) => name.toLowerCase()));
}

/** The scopes that belong to a cluster: itself, its resource groups and what its object refers to. */
function clusterScopes(id: string, cluster: ManagedCluster): string[] {
  const { subscription, resourceGroup } = parseResourceId(id)!;
  const properties = asObject(cluster["properties"]);
  const nodeGroup = asString(properties["nodeResourceGroup"]) ?? "";
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
