import { asArray, asObject, type Json, type JsonObject } from "../azure/json.ts";
import { isSecretName, redact } from "../engine/secrets.ts";

/** A copy of a resource without its secrets and without who touched it: neither is needed to rehearse on it. */
export function withoutSecrets(resource: JsonObject): JsonObject {
  const { systemData: _, ...rest } = resource;
  return asObject(scrub(rest));
}

function scrub(value: Json): Json {
  if (typeof value === "string") return redact(value);
  if (Array.isArray(value)) return value.map((item: Json) => scrub(item));
  if (typeof value !== "object" || value === null) return value;
  const kept: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value as JsonObject))
    if (item !== undefined && !(typeof item === "string" && isSecretName(key))) kept[key] = scrub(item);
  return kept;
}

/** What a type's rules in the emulator look at; of every other type only its state is taken along. */
const PROPERTIES: Readonly<Record<string, readonly string[]>> = {
  "microsoft.managedidentity/userassignedidentities": ["tenantId", "principalId", "clientId"],
  "microsoft.containerregistry/registries": ["loginServer", "roleAssignmentMode", "adminUserEnabled"],
  "microsoft.network/virtualnetworks/subnets": [
    "addressPrefix",
    "addressPrefixes",
    "routeTable",
    "networkSecurityGroup",
    "delegations",
  ],
  "microsoft.compute/virtualmachinescalesets": ["uniqueId", "timeCreated"],
  "microsoft.compute/virtualmachinescalesets/virtualmachines": ["latestModelApplied", "timeCreated"],
  "microsoft.authorization/locks": ["level"],
  "microsoft.authorization/roleassignments": [
    "roleDefinitionId",
    "principalId",
    "principalType",
    "scope",
    "condition",
    "conditionVersion",
    "createdOn",
    "updatedOn",
  ],
  "microsoft.authorization/roledefinitions": ["roleName", "type", "description", "assignableScopes", "permissions"],
};

const HEAD = ["id", "name", "type", "location", "sku", "identity", "instanceId"];

/** The part of a resource that a rehearsal can depend on. Extensions, rules, routes and whatever else it holds stay behind. */
export function outlineOf(resource: JsonObject, type: string): JsonObject {
  const key = type.toLowerCase();
  const properties = asObject(resource["properties"]);
  const kept = {
    ...pick(properties, [...(PROPERTIES[key] ?? []), "provisioningState"]),
    ...(key.endsWith("/virtualmachines") ? nodeOf(properties) : {}),
  };
  const tags = key === "microsoft.compute/virtualmachinescalesets" ? poolTags(asObject(resource["tags"])) : {};
  return { ...pick(resource, HEAD), type, ...tags, properties: kept };
}

/** A node's name, and when the platform last provisioned it. */
function nodeOf(properties: JsonObject): JsonObject {
  const statuses = asArray(asObject(properties["instanceView"])["statuses"]).map((status) =>
    pick(asObject(status), ["code", "level", "displayStatus", "time"]),
  );
  return {
    osProfile: pick(asObject(properties["osProfile"]), ["computerName"]),
    ...(statuses.length > 0 ? { instanceView: { statuses } } : {}),
  };
}

/** The tags by which AKS marks a scale set's pool. */
function poolTags(tags: JsonObject): JsonObject {
  return { tags: pick(tags, ["aks-managed-poolName", "poolName"]) };
}

function pick(from: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(keys.filter((key) => from[key] !== undefined).map((key) => [key, from[key]]));
}

/** The outline of an application: when its credentials end, and nothing that could stand for one. */
export function applicationOutline(application: JsonObject): JsonObject {
  const credentials = (key: string) =>
    asArray(application[key]).map((item) => pick(asObject(item), ["keyId", "startDateTime", "endDateTime"]));
  return {
    type: "Microsoft.Graph/applications",
    ...pick(application, ["id", "appId", "displayName"]),
    passwordCredentials: credentials("passwordCredentials"),
    keyCredentials: credentials("keyCredentials"),
  };
}

/** The outline of a service principal: by which names it is known, and whether it may sign in. */
export function servicePrincipalOutline(principal: JsonObject): JsonObject {
  return {
    type: "Microsoft.Graph/servicePrincipals",
    ...pick(principal, [
      "id",
      "appId",
      "displayName",
      "servicePrincipalNames",
      "servicePrincipalType",
      "accountEnabled",
    ]),
  };
}
