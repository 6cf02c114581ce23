import { AzureError, hasStatus } from "./errors.ts";
import { applicationQuery, servicePrincipalQuery } from "./graph-queries.ts";
import { parseResourceGroupId, parseResourceId } from "./ids.ts";
import { asObject, type JsonObject } from "./json.ts";
import type { RawClient, Transport } from "./transport.ts";

/** A part of Azure as it stands, or that it could not be seen and why. */
export type Seen<T> =
  | { readonly kind: "found"; readonly value: T }
  | { readonly kind: "missing" }
  | { readonly kind: "unreadable"; readonly reason: string };

/** Resources exactly as Azure returns them, for a copy of them. Only reads, and what may not be read is an answer too. */
export interface Inventory {
  /** Any resource of a type in a resource group, or a resource group itself. */
  resource(id: string): Promise<Seen<JsonObject>>;
  /** The scale sets of a resource group. */
  scaleSets(subscription: string, resourceGroup: string): Promise<Seen<JsonObject[]>>;
  /** The instances of a scale set, with their instance views. */
  instances(scaleSetId: string): Promise<Seen<JsonObject[]>>;
  /** The container registries of a subscription. */
  registries(subscription: string): Promise<Seen<JsonObject[]>>;
  /** What a principal holds in a subscription and above it, by itself or through groups too. */
  assignments(
    subscription: string,
    principalId: string,
    how: "directly" | "through groups too",
  ): Promise<Seen<JsonObject[]>>;
  /** A role, built in or custom, by its full id. */
  roleDefinition(id: string): Promise<Seen<JsonObject>>;
  /** Management locks at, above and below a scope. */
  locks(scope: string): Promise<Seen<JsonObject[]>>;
  /** The planned maintenance of a cluster. */
  maintenanceConfigurations(clusterId: string): Promise<Seen<JsonObject[]>>;
  /** The service principal that a client id or another of its names stands for. */
  servicePrincipal(clientId: string): Promise<Seen<JsonObject>>;
  /** The application of this tenant behind a client id, with the ends of its credentials. */
  application(appId: string): Promise<Seen<JsonObject>>;
}

const COMPUTE = "2025-04-01";
const REGISTRIES = "2025-11-01";
const CONTAINER_SERVICE = "2026-04-01";

/** The api-version in which a type is read; the first match counts. */
const API_VERSIONS: readonly (readonly [type: RegExp, version: string])[] = [
  [/^microsoft\.managedidentity\//i, "2024-11-30"],
  [/^microsoft\.network\/privatednszones$/i, "2024-06-01"],
  [/^microsoft\.network\/dnszones$/i, "2018-05-01"],
  [/^microsoft\.network\//i, "2025-07-01"],
  [/^microsoft\.containerregistry\//i, REGISTRIES],
  [/^microsoft\.compute\//i, COMPUTE],
  [/^microsoft\.keyvault\/vaults$/i, "2024-11-01"],
  [/^microsoft\.operationalinsights\/workspaces$/i, "2023-09-01"],
];

/** The inventory as plain requests through the pipelines of Azure Resource Manager and Microsoft Graph. */
export function createInventory({ arm, graph }: Transport): Inventory {
  const get = (what: string, path: string) => see(async () => asObject((await arm.get(what, path)).body));
  const list = (client: RawClient, what: string, path: string) =>
    see(async () => (await client.list(what, path)).map(asObject));
  const first = async (what: string, path: string): Promise<Seen<JsonObject>> => {
    const found = await list(graph, what, path);
    if (found.kind !== "found") return found;
    return found.value[0] ? { kind: "found", value: found.value[0] } : { kind: "missing" };
  };
  return {
    async resource(id) {
      const version = versionFor(id);
      if (!version) return { kind: "unreadable", reason: "resources of this type are not read" };
      return get(`read ${id}`, `${id}?api-version=${version}`);
    },
    scaleSets: (subscription, resourceGroup) =>
      list(
        arm,
        `list the scale sets of ${resourceGroup}`,
        `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/providers/Microsoft.Compute/virtualMachineScaleSets?api-version=${COMPUTE}`,
      ),
    instances: (scaleSetId) =>
      list(
        arm,
        `list the instances of ${scaleSetId.split("/").at(-1)}`,
        `${scaleSetId}/virtualMachines?api-version=${COMPUTE}&$expand=instanceView`,
      ),
    registries: (subscription) =>
      list(
        arm,
        `list the registries of subscription ${subscription}`,
        `/subscriptions/${subscription}/providers/Microsoft.ContainerRegistry/registries?api-version=${REGISTRIES}`,
      ),
    assignments(subscription, principalId, how) {
      const filter = how === "directly" ? `principalId eq '${principalId}'` : `assignedTo('${principalId}')`;
      return list(
        arm,
        `list the role assignments of ${principalId}`,
        `/subscriptions/${subscription}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&$filter=${encodeURIComponent(filter)}`,
      );
    },
    roleDefinition: (id) => get("read a role definition", `${id}?api-version=2022-04-01`),
    locks: (scope) =>
      list(
        arm,
        `list the locks of ${scope}`,
        `${scope}/providers/Microsoft.Authorization/locks?api-version=2020-05-01`,
      ),
    maintenanceConfigurations: (clusterId) =>
      list(
        arm,
        "list the maintenance configurations",
        `${clusterId}/maintenanceConfigurations?api-version=${CONTAINER_SERVICE}`,
      ),
    servicePrincipal: (clientId) => first("look up the service principal", servicePrincipalQuery(clientId)),
    application: (appId) => first("read the application's credentials", applicationQuery(appId)),
  };
}

function versionFor(id: string): string | undefined {
  if (parseResourceGroupId(id)) return "2022-09-01";
  const type = parseResourceId(id)?.type;
  return type && API_VERSIONS.find(([pattern]) => pattern.test(type))?.[1];
}

/** Refusals are answers here; what keeps everything from being read is not. */
async function see<T>(read: () => Promise<T>): Promise<Seen<T>> {
  try {
    return { kind: "found", value: await read() };
  } catch (error) {
    if (hasStatus(error, 404)) return { kind: "missing" };
    if (error instanceof AzureError && error.code !== "NOT_SIGNED_IN")
      return { kind: "unreadable", reason: `${error.azureCode} (HTTP ${error.status})` };
    throw error;
  }
}
