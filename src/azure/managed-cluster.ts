import { normalizeId } from "./ids.ts";
import { asObject, asString, at, type Json, type JsonObject } from "./json.ts";

/** A managed cluster as the service returns it: nothing of it may be lost. */
export type ManagedCluster = JsonObject;

/** The states in which a cluster, a pool or an operation stays until somebody does something. */
const TERMINAL_STATES = ["Succeeded", "Failed", "Canceled"];

/** A cluster's resource id in the spelling that ids are compared in. */
export function clusterIdOf(cluster: ManagedCluster): string {
  return normalizeId(asString(cluster["id"]) ?? "");
}

/** The name of the resource group that AKS made for the nodes; empty where it is not shown. */
export function nodeResourceGroupOf(cluster: ManagedCluster): string {
  return asString(at(cluster, "properties", "nodeResourceGroup")) ?? "";
}

/** The client id of the cluster's service principal; `msi` stands for a managed identity. */
export function clientIdOf(cluster: ManagedCluster): string | undefined {
  return asString(at(cluster, "properties", "servicePrincipalProfile", "clientId"));
}

/** The type of the control plane's identity as Azure spells it: `SystemAssigned`, `UserAssigned`, `None`. */
export function identityTypeOf(cluster: ManagedCluster): string | undefined {
  return asString(at(cluster, "identity", "type"));
}

/** The region of a cluster as paths of Azure name it: `westeurope`, also where the cluster says `West Europe`. */
export function regionOf(cluster: ManagedCluster): string {
  return (asString(cluster["location"]) ?? "").replaceAll(" ", "").toLowerCase();
}

/** The pools of a cluster, as plain objects. */
export function poolsOf(cluster: ManagedCluster): JsonObject[] {
  const pools = at(cluster, "properties", "agentPoolProfiles");
  return Array.isArray(pools) ? pools.map((pool) => asObject(pool as Json)) : [];
}

/** The name of a pool. */
export function poolNameOf(pool: JsonObject): string {
  return asString(pool["name"]) ?? "";
}

/** How many nodes a pool is to have. */
export function nodeCountOf(pool: JsonObject): number {
  return Number(pool["count"] ?? 0);
}

/** The Kubernetes version that the control plane runs, or else the one that it is to run. */
export function kubernetesVersionOf(cluster: ManagedCluster): string | undefined {
  return (
    asString(at(cluster, "properties", "currentKubernetesVersion")) ??
    asString(at(cluster, "properties", "kubernetesVersion"))
  );
}

/** The ids of the user-assigned identities of the control plane. */
export function userAssignedIdsOf(cluster: ManagedCluster): string[] {
  return Object.keys(asObject(at(cluster, "identity", "userAssignedIdentities"))).map(normalizeId);
}

/**
 * True once the control plane is on a managed identity, from the moment that Azure accepted the switch. Where a cluster shows no
 * service principal's profile at all, its identity tells.
 */
export function isOnManagedIdentity(cluster: ManagedCluster): boolean {
  const clientId = clientIdOf(cluster)?.toLowerCase();
  const type = identityTypeOf(cluster)?.toLowerCase() ?? "none";
  return clientId === undefined ? type !== "none" : clientId === "msi";
}

/** The object id as which the control plane acts on a managed identity, where the cluster shows it. */
export function controlPlanePrincipalOf(cluster: ManagedCluster): string | undefined {
  const [first] = Object.values(asObject(at(cluster, "identity", "userAssignedIdentities")));
  return asString(at(first, "principalId")) ?? asString(at(cluster, "identity", "principalId"));
}

/** The kubelet identity that the cluster names, if it names one. */
export function kubeletIdentityOf(
  cluster: ManagedCluster,
): { resourceId: string; objectId: string | undefined } | undefined {
  const profile = at(cluster, "properties", "identityProfile", "kubeletidentity");
  const resourceId = asString(at(profile, "resourceId"));
  return resourceId ? { resourceId: normalizeId(resourceId), objectId: asString(at(profile, "objectId")) } : undefined;
}

/** The provisioning states of the cluster and of each pool that are not `Succeeded`. */
export function unsettledStates(cluster: ManagedCluster): { what: string; state: string }[] {
  const states = poolsOf(cluster).map((pool) => ({
    what: `pool ${poolNameOf(pool)}`,
    state: provisioningStateOf(pool),
  }));
  const own = { what: "the cluster", state: clusterState(cluster) };
  return [own, ...states].filter(({ state }) => state !== "Succeeded");
}

/** The provisioning state of the cluster itself. */
export function clusterState(cluster: ManagedCluster): string {
  return provisioningStateOf(asObject(cluster["properties"]));
}

/** The provisioning state of a pool, or in a cluster's properties; one that is not shown is `Succeeded`. */
export function provisioningStateOf(properties: JsonObject): string {
  return spelledAsAzureDoes(asString(properties["provisioningState"]) ?? "Succeeded");
}

/** True when nothing is at work on a cluster or on any of its pools, however that ended. */
export function isIdle(cluster: ManagedCluster): boolean {
  return unsettledStates(cluster).every(({ state }) => isTerminal(state));
}

/** True when no operation is at work any more, however the last one ended. */
export function isTerminal(state: string): boolean {
  return TERMINAL_STATES.includes(state);
}

/** True when the last operation on it did not succeed: it failed, or someone aborted it. */
export function endedBadly(state: string): boolean {
  return isTerminal(state) && state !== "Succeeded";
}

/** A state in the spelling that everything else compares with: case means nothing in Azure's enumerations. */
export function spelledAsAzureDoes(state: string): string {
  return TERMINAL_STATES.find((known) => known.toLowerCase() === state.toLowerCase()) ?? state;
}

/** The power state of a cluster's properties or of a pool, in lower case: `running`, `stopped`. */
export function powerStateOf(properties: JsonObject): string {
  return asString(at(properties, "powerState", "code"))?.toLowerCase() ?? "running";
}
