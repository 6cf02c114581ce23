import { isObject, type Json, type JsonObject, objectAt, objectsAt, textAt } from "../../src/emulator/json.ts";
import { isMasked } from "./recording.ts";

const IDENTITY_TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities";

/** What recordings write in place of an application id. */
export const MASKED_ID = "00000000-0000-0000-0000-000000000001";

/** A service principal that the directory knows. */
export function servicePrincipal(id: string, names: readonly string[]): JsonObject {
  const appId = names.find((name) => /^[0-9a-f-]{36}$/i.test(name)) ?? id;
  return {
    type: "Microsoft.Graph/servicePrincipals",
    id,
    appId,
    displayName: "app",
    servicePrincipalNames: [...names],
  };
}

/** What a path lies in or hangs on: its resource group, and the resource at this path when it names one. */
export function placesOf(path: string): JsonObject[] {
  const [, group] = /^(\/subscriptions\/[^/]+\/resourceGroups\/[^/]+)/i.exec(path) ?? [];
  if (!group) return [];
  const places: JsonObject[] = [{ id: group, type: "Microsoft.Resources/resourceGroups", location: "westus2" }];
  const [, provider, names] = /\/providers\/([^/]+)\/(.+)$/i.exec(path) ?? [];
  if (!provider || !names || /ContainerService/i.test(provider)) return places;
  const types = names.split("/").filter((_, index) => index % 2 === 0);
  return [...places, { id: path, type: [provider, ...types].join("/"), location: "westus2", properties: {} }];
}

/** A cluster as it was shown, ready to be put in: settled, and without the fields whose values are masked. */
export function settledCluster(shown: JsonObject): JsonObject {
  const cluster = withoutMasked(shown) as JsonObject;
  const properties = objectAt(cluster, "properties")!;
  properties["provisioningState"] = "Succeeded";
  for (const pool of objectsAt(properties, "agentPoolProfiles")) pool["provisioningState"] = "Succeeded";
  // The tenant is the emulator's own.
  delete objectAt(cluster, "identity")?.["tenantId"];
  if (!textAt(properties, "servicePrincipalProfile", "clientId"))
    properties["servicePrincipalProfile"] = { clientId: cluster["identity"] ? "msi" : MASKED_ID };
  return cluster;
}

/**
 * The cluster before an update, from the answer to the update. A user-assigned identity that is shown without its ids
 * was new with that update, so another one was there before; a first kubelet identity is never shown in that answer,
 * so a cluster that shows one was on managed identity before.
 */
export function clusterBefore(answered: JsonObject): JsonObject {
  const cluster = settledCluster(answered);
  const hadKubeletIdentity = objectAt(cluster, "properties", "identityProfile", "kubeletidentity") !== undefined;
  if (!hadKubeletIdentity) {
    delete cluster["identity"];
    const profile = objectAt(cluster, "properties", "servicePrincipalProfile");
    if (profile?.["clientId"] === "msi") profile["clientId"] = MASKED_ID;
    return cluster;
  }
  const assigned = objectAt(cluster, "identity", "userAssignedIdentities");
  const [id, ids] = Object.entries(assigned ?? {})[0] ?? [];
  const shown = objectAt(answered, "identity", "userAssignedIdentities", id ?? "");
  if (assigned && id && isObject(ids) && Object.keys(shown ?? {}).length === 0) {
    delete assigned[id];
    assigned[`${id}-before`] = {};
  }
  return cluster;
}

/** The identities that a cluster names, as resources. */
export function identitiesOf(cluster: JsonObject): JsonObject[] {
  const assigned = Object.keys(objectAt(cluster, "identity", "userAssignedIdentities") ?? {});
  const kubelet = textAt(cluster, "properties", "identityProfile", "kubeletidentity", "resourceId");
  const location = textAt(cluster, "location") ?? "westeurope";
  return [...assigned, ...(kubelet ? [kubelet] : [])].map((id) => identity(id, location));
}

/** A user-assigned identity. */
export function identity(id: string, location: string): JsonObject {
  const [principalId, clientId] = [madeFrom(`principal ${id}`), madeFrom(`client ${id}`)];
  const properties = { tenantId: madeFrom("tenant"), principalId, clientId };
  return { id, type: IDENTITY_TYPE, name: id.split("/").at(-1)!, location, tags: {}, properties };
}

/** A cluster around a pool of which nothing but the pool was shown. */
export function clusterAround(pool: JsonObject): JsonObject {
  const id = textAt(pool, "id")!.replace(/\/agentPools\/[^/]+$/i, "");
  const profile = { ...objectAt(pool, "properties"), name: textAt(pool, "name")!, provisioningState: "Succeeded" };
  return plainCluster(id, "westus2", [profile]);
}

/** A cluster of which nothing was shown. */
export function plainCluster(id: string, location: string, pools: JsonObject[] = [{ name: "nodepool1" }]): JsonObject {
  return {
    id,
    type: "Microsoft.ContainerService/managedClusters",
    location,
    identity: { type: "SystemAssigned" },
    properties: {
      provisioningState: "Succeeded",
      agentPoolProfiles: pools,
      servicePrincipalProfile: { clientId: "msi" },
    },
  };
}

/** The same id for the same text, on every machine. */
function madeFrom(text: string): string {
  let hash = 0n;
  for (const character of text.toLowerCase())
    hash = (hash * 1_099_511_628_211n + BigInt(character.codePointAt(0)!)) % 2n ** 128n;
  const hex = hash.toString(16).padStart(32, "0");
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20)].join("-");
}

/** A copy without what is masked: the emulator fills it in, as Azure did. */
function withoutMasked(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutMasked);
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([key, item]) => !isMasked(item) || /^keyData$/.test(key));
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutMasked(item ?? null)]));
}
