import { asObject, type Json, type JsonObject } from "./json.ts";

/**
 * What a managed cluster's GET returns and its PUT does not take: the read-only fields of the API description
 * 2026-04-01 that the service was seen to return (recordings of 2021 to 2024), by path; `*` stands for any key or index.
 * Everything else goes back as it came, known to anyone or not: absence means "keep" to this service only for fields
 * that it knows in the api-version of the request.
 */
const READ_ONLY_PATHS: readonly string[] = [
  "id",
  "name",
  "type",
  "eTag",
  "systemData",
  "identity.principalId",
  "identity.tenantId",
  "identity.userAssignedIdentities.*.clientId",
  "identity.userAssignedIdentities.*.principalId",
  "properties.eTag",
  "properties.provisioningState",
  "properties.powerState",
  "properties.status",
  "properties.maxAgentPools",
  "properties.currentKubernetesVersion",
  "properties.fqdn",
  "properties.privateFQDN",
  "properties.azurePortalFQDN",
  "properties.resourceUID",
  "properties.addonProfiles.*.identity",
  "properties.agentPoolProfiles.*.eTag",
  "properties.agentPoolProfiles.*.provisioningState",
  "properties.agentPoolProfiles.*.nodeImageVersion",
  "properties.agentPoolProfiles.*.currentOrchestratorVersion",
  "properties.agentPoolProfiles.*.status",
  "properties.agentPoolProfiles.*.localDNSProfile.state",
  "properties.ingressProfile.webAppRouting.identity",
  "properties.ingressProfile.applicationLoadBalancer.identity",
  "properties.oidcIssuerProfile.issuerURL",
  "properties.privateLinkResources.*.privateLinkServiceID",
  "properties.podIdentityProfile.userAssignedIdentities.*.provisioningState",
  "properties.podIdentityProfile.userAssignedIdentities.*.provisioningInfo",
];

const READ_ONLY = READ_ONLY_PATHS.map((path) => path.split("."));

/** The body of a PUT that changes nothing: what the GET returned, without the read-only fields. */
export function toPutBody(cluster: JsonObject): JsonObject {
  return asObject(strip(cluster, READ_ONLY));
}

function strip(value: Json, paths: readonly string[][]): Json {
  if (paths.length === 0 || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item: Json) => strip(item, below(paths, "*")));
  const kept: Record<string, Json> = {};
  for (const [key, child] of Object.entries(value as JsonObject)) {
    if (child === undefined) continue;
    const under = below(paths, key);
    if (!under.some((path) => path.length === 0)) kept[key] = strip(child, under);
  }
  return kept;
}

/** The rest of each path that leads through `key`. */
function below(paths: readonly string[][], key: string): string[][] {
  return paths.filter(([head]) => head === "*" || head?.toLowerCase() === key.toLowerCase()).map(([, ...rest]) => rest);
}
