import { CLOUDS } from "../../src/azure/clouds.ts";
import { createInProcessClient } from "../../src/azure/doors.ts";
import { createTransport, type RawResponse, type Transport } from "../../src/azure/transport.ts";
import type { JsonObject, Resource } from "../../src/emulator/json.ts";
import {
  assignment,
  CLUSTER,
  GROUP,
  Harness,
  NODE_GROUP,
  plainWorld,
  REGISTRY,
  ROLES,
  SERVICE_PRINCIPAL,
  userAssigned,
} from "./harness.ts";

/** An emulated Azure, and the SDK's own pipeline to it, as aks-mi has it. */
export interface Bench {
  readonly harness: Harness;
  readonly arm: Transport["arm"];
  readonly graph: Transport["graph"];
  /** Sends the cluster back with changes, as every update does. */
  put(changes: JsonObject, properties?: JsonObject, headers?: Record<string, string>): Promise<RawResponse>;
}

export const VERSION = "?api-version=2025-07-01";
export const IDENTITIES = `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`;
const TABLE = `${GROUP}/providers/Microsoft.Network/routeTables/rt-web`;
const SUBNET = `${GROUP}/providers/Microsoft.Network/virtualNetworks/vnet-web/subnets/nodes`;
export const ZONE = `${GROUP}/providers/Microsoft.Network/privateDnsZones/privatelink.westeurope.azmk8s.io`;
export const NEW_GUID = "77777777-1111-4222-8333-444444444444";

/** A caller with one built-in role everywhere. */
export function caller(role: string): JsonObject {
  const objectId = "11111111-2222-4333-8444-555555555555";
  return { caller: { objectId, name: "operator", type: "User", roles: [{ role, scope: "/" }] } };
}

/** A subnet with a route table of one's own, for the cluster's nodes. */
export const OWN_NETWORK: Resource[] = [
  { id: TABLE, type: "Microsoft.Network/routeTables", location: "westeurope", properties: {} },
  {
    id: SUBNET.replace(/\/subnets.*/, ""),
    type: "Microsoft.Network/virtualNetworks",
    location: "westeurope",
    properties: { subnets: [{ name: "nodes", id: SUBNET, properties: { routeTable: { id: TABLE } } }] },
  },
];
export const IN_OWN_NETWORK = {
  agentPoolProfiles: [{ name: "system", count: 1, mode: "System", vnetSubnetID: SUBNET }],
};

export interface Refusal {
  readonly code: string;
  readonly status: number;
  /** Part of Azure's own sentence. */
  readonly says: RegExp;
  readonly remedy: RegExp;
  readonly behaviour?: JsonObject;
  readonly cluster?: JsonObject;
  readonly top?: JsonObject;
  readonly more?: Resource[];
  provoke(bench: Bench): Promise<unknown>;
}

export const READ_AND_RESUME = /^Read what Azure says, put it right, then run `aks-mi resume`\.$/;
export const CHECK_ID = /^Check the id, and that the account you are signed in with may read it\.$/;
export const ASK_FOR_ROLE = /^Ask for a role with the action that the message names on its scope/;
export const WAIT = /^Wait until the other operation on the cluster has ended/;
export const RESET = /^Give the cluster a valid secret with `az aks update-credentials/;

/** Switches the cluster to a new user-assigned identity. */
export async function switchTo({ harness, put }: Bench, properties: JsonObject = {}): Promise<RawResponse> {
  const { id } = await harness.identity("id-web");
  return put({ identity: userAssigned(id) }, properties);
}

export function assign({ arm }: Bench, properties: JsonObject, name = NEW_GUID): Promise<RawResponse> {
  const path = `${REGISTRY}/providers/Microsoft.Authorization/roleAssignments/${name}${VERSION}`;
  return arm.send("assign a role", "PUT", path, { properties });
}

/** An emulated Azure for one refusal, with a plain cluster in it. */
export async function openBench({ cluster, top, behaviour, more = [] }: Partial<Refusal> = {}): Promise<Bench> {
  const nodes = assignment("b0000000-0000-4000-8000-000000000002", NODE_GROUP, ROLES.contributor, SERVICE_PRINCIPAL);
  const harness = await Harness.with([
    ...more.filter(({ type }) => !/PodDis/.test(type)),
    ...plainWorld(cluster, top),
    nodes,
  ]);
  await harness.expect(200, "POST", "/_emulator/resources", more);
  if (behaviour) await harness.expect(200, "PATCH", "/_emulator/behaviour", behaviour);
  const { arm, graph } = createTransport({
    cloud: CLOUDS.AzureCloud,
    credential: { getToken: async () => ({ token: "emulator", expiresOnTimestamp: Number.MAX_SAFE_INTEGER }) },
    httpClient: createInProcessClient((request) => harness.emulator.handle(request)),
    retry: { clock: harness.clock, signal: undefined, onRetry: undefined, toClockMs: (ms) => ms },
  });
  const put: Bench["put"] = async (changes, properties = {}, headers = {}) =>
    arm.send(
      "update the cluster",
      "PUT",
      `${CLUSTER}${VERSION}`,
      await harness.clusterBody(changes, properties),
      headers,
    );
  return { harness, arm, graph, put };
}
