import { isObject, type Json, type JsonObject, objectsAt } from "./json.ts";

/** What a PUT cannot set on a cluster or a pool: it is the service's, or a secret that the model does not keep. */
const READ_ONLY = new Set([
  "provisioningState",
  "currentKubernetesVersion",
  "currentOrchestratorVersion",
  "fqdn",
  "privateFQDN",
  "azurePortalFQDN",
  "maxAgentPools",
  "nodeImageVersion",
  "virtualMachineNodesStatus",
  "resourceUID",
  "eTag",
  "systemData",
  // Taken by the service and never shown again.
  "adminPassword",
  "secret",
]);

/** Maps that a body replaces as a whole: otherwise no label or tag could ever be taken away. */
const REPLACED = new Set(["tags", "nodeLabels"]);

/**
 * Merges the properties of a PUT into those of the cluster. Absent means unchanged, and so does an empty object such as
 * `storageProfile: {}`: clients older than the cluster send bodies without what they do not know (az 2.45, read and seen).
 */
export function mergeProperties(current: JsonObject, body: JsonObject): void {
  for (const [key, value] of Object.entries(body)) {
    if (value === undefined || READ_ONLY.has(key) || HANDLED_APART.has(key)) continue;
    if (key === "agentPoolProfiles") mergePools(current, body);
    else mergeKey(current, key, value);
  }
}

/** Merged by the identity update, or by starting and stopping, not by copying. */
const HANDLED_APART = new Set(["identityProfile", "servicePrincipalProfile", "powerState"]);

function mergeKey(current: JsonObject, key: string, value: Json): void {
  const known = current[key];
  if (value === null || (key === "countIPv6" && value === 0)) delete current[key];
  else if (isObject(value) && isObject(known) && !REPLACED.has(key)) mergeObject(known, value);
  else current[key] = value;
}

function mergeObject(current: JsonObject, body: JsonObject): void {
  for (const [key, value] of Object.entries(body))
    if (value !== undefined && !READ_ONLY.has(key) && key !== "identity") mergeKey(current, key, value);
}

function mergePools(current: JsonObject, body: JsonObject): void {
  const profiles = objectsAt(current, "agentPoolProfiles");
  for (const profile of objectsAt(body, "agentPoolProfiles")) {
    const known = profiles.find((item) => String(item["name"]).toLowerCase() === String(profile["name"]).toLowerCase());
    if (known) mergePool(known, profile);
  }
}

/** Merges a pool's body into its profile. */
export function mergePool(current: JsonObject, body: JsonObject): void {
  mergeObject(current, body);
}
