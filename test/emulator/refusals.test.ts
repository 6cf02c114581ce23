import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { CLOUDS } from "../../src/azure/clouds.ts";
import { createInProcessClient } from "../../src/azure/doors.ts";
import { createTransport, type RawResponse, type Transport } from "../../src/azure/transport.ts";
import { showError } from "../../src/commands/show-error.ts";
import type { JsonObject, Resource } from "../../src/emulator/json.ts";
import {
  APPLICATION,
  assignment,
  CLUSTER,
  GROUP,
  Harness,
  kubeletIdentity,
  NODE_GROUP,
  plainWorld,
  REGISTRY,
  ROLES,
  roleId,
  SERVICE_PRINCIPAL,
  SUBSCRIPTION,
  userAssigned,
} from "./harness.ts";

/** An emulated Azure, and the SDK's own pipeline to it, as aks-mi has it. */
interface Bench {
  readonly harness: Harness;
  readonly arm: Transport["arm"];
  readonly graph: Transport["graph"];
  /** Sends the cluster back with changes, as every update does. */
  put(changes: JsonObject, properties?: JsonObject, headers?: Record<string, string>): Promise<RawResponse>;
}

const VERSION = "?api-version=2025-07-01";
const IDENTITIES = `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`;
const TABLE = `${GROUP}/providers/Microsoft.Network/routeTables/rt-web`;
const SUBNET = `${GROUP}/providers/Microsoft.Network/virtualNetworks/vnet-web/subnets/nodes`;
const ZONE = `${GROUP}/providers/Microsoft.Network/privateDnsZones/privatelink.westeurope.azmk8s.io`;
const NEW_GUID = "77777777-1111-4222-8333-444444444444";

/** A caller with one built-in role everywhere. */
function caller(role: string): JsonObject {
  const objectId = "11111111-2222-4333-8444-555555555555";
  return { caller: { objectId, name: "operator", type: "User", roles: [{ role, scope: "/" }] } };
}

/** A subnet with a route table of one's own, for the cluster's nodes. */
const OWN_NETWORK: Resource[] = [
  { id: TABLE, type: "Microsoft.Network/routeTables", location: "westeurope", properties: {} },
  {
    id: SUBNET.replace(/\/subnets.*/, ""),
    type: "Microsoft.Network/virtualNetworks",
    location: "westeurope",
    properties: { subnets: [{ name: "nodes", id: SUBNET, properties: { routeTable: { id: TABLE } } }] },
  },
];
const IN_OWN_NETWORK = { agentPoolProfiles: [{ name: "system", count: 1, mode: "System", vnetSubnetID: SUBNET }] };

interface Refusal {
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

const READ_AND_RESUME = /^Read what Azure says, put it right, then run `aks-mi resume`\.$/;
const CHECK_ID = /^Check the id, and that the account you are signed in with may read it\.$/;
const ASK_FOR_ROLE = /^Ask for a role with the action that the message names on its scope/;
const WAIT = /^Wait until the other operation on the cluster has ended/;
const RESET = /^Give the cluster a valid secret with `az aks update-credentials/;

/** Switches the cluster to a new user-assigned identity. */
async function switchTo({ harness, put }: Bench, properties: JsonObject = {}): Promise<RawResponse> {
  const { id } = await harness.identity("id-web");
  return put({ identity: userAssigned(id) }, properties);
}

function assign({ arm }: Bench, properties: JsonObject, name = NEW_GUID): Promise<RawResponse> {
  const path = `${REGISTRY}/providers/Microsoft.Authorization/roleAssignments/${name}${VERSION}`;
  return arm.send("assign a role", "PUT", path, { properties });
}

const REFUSALS: readonly Refusal[] = [
  {
    code: "AuthorizationFailed",
    status: 403,
    says: /does not have authorization to perform action 'Microsoft.ContainerService\/managedClusters\/write' over scope/,
    remedy: ASK_FOR_ROLE,
    behaviour: caller("Reader"),
    provoke: ({ put }) => put({}),
  },
  {
    code: "LinkedAuthorizationFailed",
    status: 403,
    says: /does not have permission to perform action 'Microsoft.ManagedIdentity\/userAssignedIdentities\/assign\/action' on the linked scope/,
    remedy: /Managed Identity Operator on the identities/,
    async provoke(bench) {
      const { id } = await bench.harness.identity("id-web");
      await bench.harness.expect(
        200,
        "PATCH",
        "/_emulator/behaviour",
        caller("Azure Kubernetes Service Contributor Role"),
      );
      return bench.put({ identity: userAssigned(id) });
    },
  },
  {
    code: "RequestDisallowedByPolicy",
    status: 403,
    says: /was disallowed by policy\. Policy identifiers: .*only-known-tags/,
    remedy: /^Ask for an exemption from the policy that the message names/,
    behaviour: { policies: [{ name: "only-known-tags", type: "*", scope: GROUP }] },
    provoke: ({ put }) => put({}),
  },
  {
    code: "ScopeLocked",
    status: 409,
    says: /cannot perform write operation because following scope\(s\) are locked/,
    remedy: /^Remove the lock that the message names for the time of the migration/,
    behaviour: { locks: [{ name: "keep", scope: GROUP, level: "ReadOnly" }] },
    provoke: ({ put }) => put({}),
  },
  {
    code: "SubscriptionNotFound",
    status: 404,
    says: /could not be found/,
    remedy: /^Check the subscription's id/,
    provoke: ({ arm }) => arm.get("read", `/subscriptions/99999999-9999-4999-8999-999999999999${VERSION}`),
  },
  {
    code: "InvalidResourceType",
    status: 404,
    says: /The resource type could not be found/,
    remedy: CHECK_ID,
    provoke: ({ arm }) => arm.get("read", `/subscriptions/${SUBSCRIPTION}/nothing/of/this${VERSION}`),
  },
  {
    code: "ResourceGroupNotFound",
    status: 404,
    says: /Resource group 'rg-none' could not be found/,
    remedy: CHECK_ID,
    provoke: ({ arm }) => arm.get("read", `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg-none${VERSION}`),
  },
  {
    code: "ResourceNotFound",
    status: 404,
    says: /The Resource 'Microsoft.ContainerService\/managedClusters\/none' under resource group 'rg-app' was not found/,
    remedy: CHECK_ID,
    provoke: ({ arm }) => arm.get("read", `${CLUSTER.replace(/web$/, "none")}${VERSION}`),
  },
  {
    code: "MissingApiVersionParameter",
    status: 400,
    says: /api-version query parameter .* is required/,
    remedy: READ_AND_RESUME,
    provoke: ({ arm }) => arm.get("read", CLUSTER),
  },
  {
    code: "MethodNotAllowed",
    status: 405,
    says: /The method 'TRACE' is not allowed/,
    remedy: READ_AND_RESUME,
    provoke: ({ arm }) => arm.send("trace", "TRACE", `${CLUSTER}${VERSION}`),
  },
  {
    code: "InvalidRequestContent",
    status: 400,
    says: /The request content was invalid/,
    remedy: READ_AND_RESUME,
    provoke: (bench) => assign(bench, {}),
  },
  {
    code: "LocationRequired",
    status: 400,
    says: /location property is required/,
    remedy: READ_AND_RESUME,
    provoke: ({ arm }) => arm.send("create an identity", "PUT", `${IDENTITIES}/id-web${VERSION}`, {}),
  },
  {
    code: "LocationNotAvailableForResourceType",
    status: 400,
    says: /'usdodcentral' is not available for resource type/,
    remedy: /--identity-resource-group|another region|--to system-assigned/,
    provoke: ({ arm }) =>
      arm.send("create an identity", "PUT", `${IDENTITIES}/id-web${VERSION}`, { location: "usdodcentral" }),
  },
  {
    code: "PrincipalNotFound",
    status: 400,
    says: /does not exist in the directory .* replication delay/,
    remedy: /^Wait until Microsoft Entra has replicated the new principal/,
    provoke: (bench) => assign(bench, { roleDefinitionId: roleId(ROLES.acrPull), principalId: NEW_GUID }),
  },
  {
    code: "RoleAssignmentExists",
    status: 409,
    says: /The role assignment already exists\./,
    remedy: READ_AND_RESUME,
    provoke: (bench) => assign(bench, { roleDefinitionId: roleId(ROLES.acrPull), principalId: SERVICE_PRINCIPAL }),
  },
  {
    code: "RoleAssignmentUpdateNotPermitted",
    status: 400,
    says: /are not allowed to be updated/,
    remedy: /^Remove the role assignment of this name/,
    provoke: (bench) =>
      assign(
        bench,
        { roleDefinitionId: roleId(ROLES.reader), principalId: SERVICE_PRINCIPAL },
        "a0000000-0000-4000-8000-000000000001",
      ),
  },
  {
    code: "RoleAssignmentNotFound",
    status: 404,
    says: /is not found/,
    remedy: CHECK_ID,
    provoke: ({ arm }) =>
      arm.get("read", `${REGISTRY}/providers/Microsoft.Authorization/roleAssignments/${NEW_GUID}${VERSION}`),
  },
  {
    code: "RoleDefinitionDoesNotExist",
    status: 404,
    says: /role definition/i,
    remedy: CHECK_ID,
    provoke: ({ arm }) => arm.get("read", `${roleId(NEW_GUID)}${VERSION}`),
  },
  {
    code: "OperationNotAllowed",
    status: 409,
    says: /there's an in progress update managed cluster operation/,
    remedy: WAIT,
    async provoke({ put }) {
      await put({ tags: { a: "b" } });
      return put({ tags: { a: "c" } });
    },
  },
  {
    code: "PreconditionFailed",
    status: 412,
    says: /The precondition given in the request header is not met/,
    remedy: /^Wait until nobody else changes the cluster/,
    provoke: ({ put }) => put({}, {}, { "if-match": '"another"' }),
  },
  {
    code: "OperationNotFound",
    status: 404,
    says: /The operation '.*' was not found/,
    remedy: CHECK_ID,
    provoke: ({ arm }) =>
      arm.get(
        "read",
        `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.ContainerService/locations/westeurope/operations/${NEW_GUID}${VERSION}`,
      ),
  },
  {
    code: "NotFound",
    status: 404,
    says: /Could not find agentpool 'none'/,
    remedy: CHECK_ID,
    provoke: ({ arm }) => arm.get("read", `${CLUSTER}/agentPools/none${VERSION}`),
  },
  {
    code: "BadRequest",
    status: 400,
    says: /credentials in ServicePrincipalProfile were invalid.*AADSTS7000222/,
    remedy: RESET,
    more: [
      {
        type: "Microsoft.Graph/applications",
        id: "44444444-4444-4444-8444-444444444444",
        appId: APPLICATION,
        passwordCredentials: [{ endDateTime: "2026-03-01T00:00:00Z" }],
      },
    ],
    provoke: ({ put }) => put({ tags: { a: "b" } }),
  },
  {
    code: "ServicePrincipalNotFound",
    status: 400,
    says: /Service principal clientID: .* not found in Active Directory tenant/,
    remedy: RESET,
    async provoke({ harness, put }) {
      await harness.expect(204, "DELETE", `/v1.0/servicePrincipals/${SERVICE_PRINCIPAL}`);
      return put({ tags: { a: "b" } });
    },
  },
  {
    code: "ChangeServicePrincipalProfileNotAllowed",
    status: 400,
    says: /Updating service principal profile is not allowed/,
    remedy: READ_AND_RESUME,
    provoke: ({ put }) => put({}, { servicePrincipalProfile: { clientId: NEW_GUID } }),
  },
  {
    code: "NodeDisruptionPolicyViolation",
    status: 400,
    says: /its node disruption policy is Block/,
    remedy: READ_AND_RESUME,
    cluster: { nodeDisruptionProfile: { nodeDisruptionPolicy: "Block" } },
    provoke: (bench) => switchTo(bench),
  },
  {
    code: "UnsatisfiablePDB",
    status: 400,
    says: /PDB api has maxunavailable == 0/,
    remedy: /^Let the disruption budget that the message names allow an eviction/,
    behaviour: { identityUpdateReimagesNodes: true },
    more: [
      {
        type: "Kubernetes/PodDisruptionBudget",
        id: "budget",
        cluster: CLUSTER,
        metadata: { name: "api", namespace: "shop" },
        spec: { maxUnavailable: 0 },
      },
    ],
    provoke: (bench) => switchTo(bench),
  },
  {
    code: "InvalidIdentityType",
    status: 400,
    says: /The identity type 'Both' is not supported/,
    remedy: READ_AND_RESUME,
    provoke: ({ put }) => put({ identity: { type: "Both" } }),
  },
  {
    code: "InvalidIdentityValues",
    status: 400,
    says: /The identity ids must not be null or empty/,
    remedy: READ_AND_RESUME,
    provoke: ({ put }) => put({ identity: { type: "UserAssigned", userAssignedIdentities: {} } }),
  },
  {
    code: "InvalidParameter",
    status: 400,
    says: /Only one user assigned identity is supported/,
    remedy: READ_AND_RESUME,
    provoke: ({ put }) =>
      put({
        identity: {
          type: "UserAssigned",
          userAssignedIdentities: { [`${IDENTITIES}/a`]: {}, [`${IDENTITIES}/b`]: {} },
        },
      }),
  },
  {
    code: "FailedIdentityOperation",
    status: 400,
    says: /Failed to perform resource identity operation/,
    remedy: /^Make the identity that the message names again under its name/,
    provoke: ({ put }) => put({ identity: userAssigned(`${IDENTITIES}/id-none`) }),
  },
  {
    code: "CustomKubeletIdentityMissingPermissionError",
    status: 400,
    says: /must be granted 'Managed Identity Operator' role to assign kubelet identity/,
    remedy: /^Give the control-plane identity Managed Identity Operator on the kubelet identity/,
    async provoke(bench) {
      const { id } = await bench.harness.identity("id-web-kubelet");
      return switchTo(bench, kubeletIdentity(id));
    },
  },
  {
    code: "CustomKubeletIdentityOnlySupportedOnUserAssignedMSICluster",
    status: 400,
    says: /only supported on clusters with a user-assigned managed identity/,
    remedy: /--to user-assigned, or with --kubelet-identity aks/,
    async provoke({ harness, put }) {
      const { id } = await harness.identity("id-web-kubelet");
      return put({ identity: { type: "SystemAssigned" } }, kubeletIdentity(id));
    },
  },
  {
    code: "CustomKubeletIdentityPropertyError",
    status: 400,
    says: /Custom kubelet identity is not supported in this region/,
    remedy: /--kubelet-identity aks/,
    top: { location: "chinaeast" },
    async provoke(bench) {
      const { id } = await bench.harness.identity("id-web-kubelet");
      return switchTo(bench, kubeletIdentity(id));
    },
  },
  {
    code: "CustomRouteTableWithUnsupportedMSIType",
    status: 400,
    says: /SystemAssigned do not support bringing your own route table/,
    remedy: /--to user-assigned/,
    cluster: IN_OWN_NETWORK,
    more: OWN_NETWORK,
    provoke: ({ put }) => put({ identity: { type: "SystemAssigned" } }),
  },
  {
    code: "CustomRouteTableMissingPermission",
    status: 400,
    says: /must be given permission to read and write to custom route table/,
    remedy: /Network Contributor on the route table that the message names/,
    cluster: IN_OWN_NETWORK,
    more: OWN_NETWORK,
    provoke: (bench) => switchTo(bench),
  },
  {
    code: "CustomPrivateDNSZoneMissingPermissionError",
    status: 400,
    says: /must be given permission to read and write to custom private dns zone/,
    remedy: /Private DNS Zone Contributor on the zone that the message names/,
    cluster: { apiServerAccessProfile: { privateDNSZone: ZONE } },
    provoke: (bench) => switchTo(bench),
  },
  {
    code: "OnlySupportedOnUserAssignedMSICluster",
    status: 400,
    says: /not supported for custom resource PrivateDNSZone/,
    remedy: /--to user-assigned/,
    cluster: { apiServerAccessProfile: { privateDNSZone: ZONE } },
    provoke: ({ put }) => put({ identity: { type: "SystemAssigned" } }),
  },
  {
    code: "Authorization_RequestDenied",
    status: 403,
    says: /Insufficient privileges to complete the operation/,
    remedy: ASK_FOR_ROLE,
    behaviour: { graphDenied: true },
    provoke: ({ graph }) => graph.get("look it up", "/v1.0/servicePrincipals"),
  },
  {
    code: "Request_ResourceNotFound",
    status: 404,
    says: /does not exist or one of its queried reference-property objects are not present/,
    remedy: CHECK_ID,
    provoke: ({ graph }) => graph.get("look it up", `/v1.0/servicePrincipals/${NEW_GUID}`),
  },
];

/** Answers that are asked for again as long as they come: what is shown is what is left when they never end. */
const THROTTLES = [
  { code: "SubscriptionRequestsThrottled", bucket: "reads" },
  { code: "Throttled", bucket: "clusterReads" },
];

/** Errors of operations that Azure had accepted: each begins the title of a test. */
const OF_OPERATIONS = [
  ...readFileSync(join(import.meta.dirname, "operation-errors.test.ts"), "utf8").matchAll(/^test\("([A-Z]\w+)/gm),
].map((match) => match[1]!);

async function openBench({ cluster, top, behaviour, more = [] }: Partial<Refusal> = {}): Promise<Bench> {
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

/** What a user reads on the terminal when this ends a command. */
function shown(error: unknown): string {
  const written: string[] = [];
  const spy = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  showError(error, false);
  spy.mockRestore();
  return written.join("");
}

describe("what Azure refuses, through the SDK's pipeline", () => {
  test.each(REFUSALS)("$code: its code, its sentence and what to do are shown", async (refusal) => {
    const bench = await openBench(refusal);
    const error: unknown = await refusal.provoke(bench).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ azureCode: refusal.code, status: refusal.status });
    const [sentence, remedy] = shown(error).trimEnd().split("\n  → ");
    expect(sentence).toMatch(/^aks-mi: Azure refused to /);
    expect(sentence).toContain(`${refusal.code} (HTTP ${refusal.status}): `);
    expect(sentence).toMatch(refusal.says);
    expect(remedy).toMatch(refusal.remedy);
  });

  test.each(THROTTLES)("$code: it is waited for, and shown when it never ends", async ({ code, bucket }) => {
    const bench = await openBench({ behaviour: { throttles: { [bucket]: { size: 0, perSecond: 0 } } } });
    const before = bench.harness.clock.now().getTime();
    const error: unknown = await bench.arm
      .get("read the cluster", `${CLUSTER}${VERSION}`)
      .catch((thrown: unknown) => thrown);
    expect(bench.harness.clock.now().getTime()).toBeGreaterThan(before);
    expect(shown(error)).toMatch(
      new RegExp(`could not be reached to read the cluster: ${code} \\(HTTP 429\\)\n  → Check the network`),
    );
  });

  test("every code that the emulator can answer with is among these", () => {
    const known = [...REFUSALS, ...THROTTLES].map(({ code }) => code);
    expect(codesOfEmulator().filter((code) => ![...known, ...OF_OPERATIONS].includes(code))).toEqual([]);
  });
});

/** Codes of the control API and of states, which no client of Azure meets. */
const NOT_AZURES = ["EmulatorDefect", "InvalidControlInput", "Running"];

/** The error codes in the emulator's own source: a new one is to be tried like the others. */
function codesOfEmulator(): string[] {
  const folder = join(import.meta.dirname, "../../src/emulator");
  const sources = readdirSync(folder)
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("\n");
  const thrown = sources.matchAll(/(?:enveloped|flat|graphError)\(\s*\d+,\s*"([^"]+)"/g);
  const plain = sources.matchAll(/\bcode(?:: | = )"([A-Z][A-Za-z_]+)"/g);
  const codes = [...thrown, ...plain].map((match) => match[1]!);
  expect(codes.length).toBeGreaterThan(40);
  return [...new Set(codes)].filter((code) => !NOT_AZURES.includes(code));
}
