import { createEmulator, type Emulator } from "../../src/emulator/emulator.ts";
import type { Json, JsonObject, Resource } from "../../src/emulator/json.ts";
import { VirtualClock } from "../../src/engine/clock.ts";
import { withPairs } from "../support/pairs.ts";

/** An answer with its body parsed; tests look into it freely. */
export interface Answer {
  status: number;
  headers: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads the JSON of an answer without a model of it
  body: any;
}

export const SUBSCRIPTION = "11111111-1111-4111-8111-111111111111";
export const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg-app`;
export const CLUSTER = `${GROUP}/providers/Microsoft.ContainerService/managedClusters/web`;
export const REGISTRY = `${GROUP}/providers/Microsoft.ContainerRegistry/registries/webimages`;
export const NODE_GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/MC_rg-app_web_westeurope`;
export const SERVICE_PRINCIPAL = "22222222-2222-4222-8222-222222222222";
export const APPLICATION = "33333333-3333-4333-8333-333333333333";

export const ROLES = {
  owner: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
  contributor: "b24988ac-6180-42a0-ab88-20f7382dd24c",
  reader: "acdd72a7-3385-48ef-bd42-f606fba81ae7",
  networkContributor: "4d97b98b-1d4f-4787-a291-c67834d212e7",
  acrPull: "7f951dda-4ed3-4680-a7ca-43fe172d538d",
  managedIdentityOperator: "f1a07417-d97a-45cb-824c-7a7467783830",
  repositoryReader: "b93aa761-3e63-49ed-ac28-beffa264f7ac",
} as const;

/** The id of a built-in role as assignments write it. */
export function roleId(guid: string): string {
  return `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/${guid}`;
}

/** An assignment that has long been in force. */
export function assignment(
  name: string,
  scope: string,
  role: string,
  principalId: string,
  more: JsonObject = {},
): Resource {
  return {
    id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
    type: "Microsoft.Authorization/roleAssignments",
    properties: { roleDefinitionId: roleId(role), principalId, ...more },
  };
}

/** A service principal, its application, a registry that it may pull from, and a plain kubenet cluster on it. */
export function plainWorld(clusterProperties: JsonObject = {}, clusterMore: JsonObject = {}): Resource[] {
  return [
    {
      type: "Microsoft.Graph/servicePrincipals",
      id: SERVICE_PRINCIPAL,
      appId: APPLICATION,
      servicePrincipalNames: [APPLICATION, "http://sp-web"],
      displayName: "sp-web",
    },
    {
      type: "Microsoft.Graph/applications",
      id: "44444444-4444-4444-8444-444444444444",
      appId: APPLICATION,
      passwordCredentials: [{ endDateTime: "2027-03-01T00:00:00Z" }],
    },
    {
      id: REGISTRY,
      type: "Microsoft.ContainerRegistry/registries",
      location: "westeurope",
      sku: { name: "Premium", tier: "Premium" },
      properties: {},
    },
    assignment("a0000000-0000-4000-8000-000000000001", REGISTRY, ROLES.acrPull, SERVICE_PRINCIPAL),
    {
      id: CLUSTER,
      type: "Microsoft.ContainerService/managedClusters",
      location: "westeurope",
      properties: {
        kubernetesVersion: "1.33.5",
        dnsPrefix: "web",
        agentPoolProfiles: [
          { name: "system", count: 2, mode: "System" },
          { name: "apps", count: 3, mode: "User" },
        ],
        servicePrincipalProfile: { clientId: APPLICATION },
        addonProfiles: { omsagent: { enabled: true, config: { useAADAuth: "false" } } },
        storageProfile: { diskCSIDriver: { enabled: true } },
        networkProfile: { networkPlugin: "kubenet" },
        ...clusterProperties,
      },
      ...clusterMore,
    },
  ];
}

/** The api-versions that this project's clients speak. */
const VERSIONS: [RegExp, string][] = [
  [/^microsoft\.authorization\/locks/i, "2020-05-01"],
  [/^microsoft\.authorization\//i, "2022-04-01"],
  [/^microsoft\.managedidentity\//i, "2024-11-30"],
  [/^microsoft\.containerregistry\//i, "2025-11-01"],
  [/^microsoft\.network\//i, "2025-07-01"],
  [/^microsoft\.compute\//i, "2025-04-01"],
];

function versionFor(path: string): string {
  const provider = path.split(/\/providers\//i).at(-1)!;
  return VERSIONS.find(([pattern]) => pattern.test(provider))?.[1] ?? "2026-04-01";
}

/** An emulator on a virtual clock, with the calls that tests make. */
export class Harness {
  readonly clock = new VirtualClock(new Date("2026-11-22T08:00:00Z"), Number.POSITIVE_INFINITY);
  readonly emulator: Emulator;

  constructor() {
    this.emulator = withPairs(createEmulator({ clock: this.clock }));
  }

  /** A harness with resources and behaviour. */
  static async with(resources: Resource[], behaviour: JsonObject = {}): Promise<Harness> {
    const harness = new Harness();
    if (Object.keys(behaviour).length > 0) await harness.expect(200, "PATCH", "/_emulator/behaviour", behaviour);
    await harness.expect(200, "POST", "/_emulator/resources", resources);
    return harness;
  }

  /** One call; ARM calls without api-version get one. */
  async call(method: string, path: string, body?: Json, headers: Record<string, string> = {}): Promise<Answer> {
    const isArm = path.startsWith("/subscriptions");
    const url = new URL(path, "https://management.azure.com");
    if (isArm && !url.searchParams.has("api-version")) url.searchParams.set("api-version", versionFor(path));
    const response = await this.emulator.handle({
      method,
      url: url.toString(),
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { ...response, body: response.body === "" ? undefined : JSON.parse(response.body) };
  }

  /** One call that has to be answered with this status; its body. */
  async expect(status: number, method: string, path: string, body?: Json): Promise<Answer["body"]> {
    const answer = await this.call(method, path, body);
    if (answer.status !== status)
      throw new Error(`${method} ${path} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  get(path: string): Promise<Answer["body"]> {
    return this.expect(200, "GET", path);
  }

  /** Puts the clock forward. */
  async advance(duration: string): Promise<void> {
    await this.expect(200, "POST", "/_emulator/clock", { advance: duration });
  }

  /** What the clusters did. */
  events(): Promise<Answer["body"][]> {
    return this.get("/_emulator/events");
  }

  /** Makes an identity through the API. */
  async identity(name: string): Promise<{ id: string; principalId: string; clientId: string }> {
    const path = `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
    const body = await this.expect(201, "PUT", path, { location: "westeurope" });
    return { id: body.id, ...body.properties };
  }

  /** Grants a role through the API. */
  async grant(scope: string, role: string, principalId: string, name: string = crypto.randomUUID()): Promise<Answer> {
    return this.call("PUT", `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`, {
      properties: { roleDefinitionId: roleId(role), principalId, principalType: "ServicePrincipal" },
    });
  }

  /** The cluster's GET with changes on top, as a client would send it back. */
  async clusterBody(changes: JsonObject, propertyChanges: JsonObject = {}): Promise<JsonObject> {
    const cluster = await this.get(CLUSTER);
    return { ...cluster, ...changes, properties: { ...cluster.properties, ...propertyChanges } };
  }

  /** Identities for control plane and kubelet with everything they need, long in force. */
  async preparedIdentities() {
    const controlPlane = await this.identity("id-web");
    const kubelet = await this.identity("id-web-kubelet");
    await this.grant(kubelet.id, ROLES.managedIdentityOperator, controlPlane.principalId);
    await this.grant(REGISTRY, ROLES.acrPull, kubelet.principalId);
    await this.advance("60m");
    return { controlPlane, kubelet };
  }
}

/** The identity block that assigns one identity. */
export function userAssigned(id: string): JsonObject {
  return { type: "UserAssigned", userAssignedIdentities: { [id]: {} } };
}

/** Properties that ask for a kubelet identity. */
export function kubeletIdentity(id: string): JsonObject {
  return { identityProfile: { kubeletidentity: { resourceId: id } } };
}
