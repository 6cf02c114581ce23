import { kubeletIdentityOf, type ManagedCluster, poolsOf, userAssignedIdsOf } from "../azure/clusters.ts";
import { normalizeId, parseResourceId, resourceGroupId } from "../azure/ids.ts";
import { asArray, asObject, asString, at } from "../azure/json.ts";

/** A cluster that uses an identity, and the cluster's own object. */
export interface IdentityUser {
  readonly id: string;
  readonly cluster: ManagedCluster;
}

/** Which clusters use which service principal or managed identity, over every subscription that can be seen. */
export class Neighbours {
  readonly #users = new Map<string, IdentityUser[]>();
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
    return this.#users.get(normalizeId(identity).toLowerCase()) ?? [];
  }
}

/** The names of what a cluster acts as, in lower case; `msi` is no service principal. */
function identitiesOf(cluster: ManagedCluster): Set<string> {
  const clientId = asString(at(cluster, "properties", "servicePrincipalProfile", "clientId"))?.toLowerCase();
  const kubelet = kubeletIdentityOf(cluster)?.resourceId;
  const names = [clientId === "msi" ? undefined : clientId, ...userAssignedIdsOf(cluster), kubelet];
  return new Set(names.filter((name) => name !== undefined).map((name) => name.toLowerCase()));
}

/** The scopes that belong to a cluster: itself, its resource groups and what its object refers to. */
export function clusterScopes(id: string, cluster: ManagedCluster): string[] {
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
