import type { Check } from "../../src/assess/checks/all-checks.ts";
import { isFinding, known } from "../../src/assess/outcome.ts";
import type { ClusterReading, ServicePrincipalReading } from "../../src/assess/reading.ts";
import type { HeldRight } from "../../src/assess/rights.ts";
import type { JsonObject } from "../../src/azure/json.ts";
import type { ManagedCluster } from "../../src/azure/managed-cluster.ts";
import type { RoleDefinition } from "../../src/azure/role-definitions.ts";

const NOW = new Date("2026-11-22T08:00:00Z");
export const SUBSCRIPTION = "/subscriptions/11111111-1111-4111-8111-111111111111";
export const GROUP = `${SUBSCRIPTION}/resourceGroups/rg-shop`;
export const NODE_GROUP = `${SUBSCRIPTION}/resourceGroups/MC_shop`;
export const CLUSTER = `${GROUP}/providers/Microsoft.ContainerService/managedClusters/shop`;
export const IDENTITY = `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-shop`;
export const KUBELET = `${IDENTITY}-kubelet`;
const TENANT = "22222222-2222-4222-8222-222222222222";

const IDENTITY_BLOCK = {
  type: "UserAssigned",
  userAssignedIdentities: { [IDENTITY]: { principalId: "principal-of-control-plane" } },
};

/** A cluster on managed identity of which nothing can be said against; `properties` are merged in at the top. */
export function clusterOf(properties: JsonObject = {}, top: JsonObject = {}): ManagedCluster {
  return {
    id: CLUSTER,
    location: "westeurope",
    identity: IDENTITY_BLOCK,
    ...top,
    properties: {
      provisioningState: "Succeeded",
      powerState: { code: "Running" },
      nodeResourceGroup: "MC_shop",
      kubernetesVersion: "1.33",
      enableRBAC: true,
      disableLocalAccounts: true,
      aadProfile: { managed: true, enableAzureRBAC: true },
      oidcIssuerProfile: { enabled: true },
      securityProfile: { workloadIdentity: { enabled: true } },
      servicePrincipalProfile: { clientId: "msi" },
      identityProfile: { kubeletidentity: { resourceId: KUBELET, objectId: "principal-of-kubelet" } },
      networkProfile: { networkPlugin: "azure", networkPluginMode: "overlay", loadBalancerSku: "standard" },
      agentPoolProfiles: [{ name: "system", count: 3, vmSize: "Standard_D4ds_v5", type: "VirtualMachineScaleSets" }],
      ...properties,
    },
  };
}

/** A role as somebody holds it. */
export function right(
  scope: string,
  roleName: string,
  role: Partial<RoleDefinition>,
  more: Partial<HeldRight> = {},
): HeldRight {
  return {
    scope,
    roleName,
    roleGuid: "00000000-0000-4000-8000-000000000000",
    role: { name: roleName, actions: [], notActions: [], dataActions: [], ...role },
    conditional: false,
    through: undefined,
    ...more,
  };
}

const OPERATOR = right(KUBELET, "Managed Identity Operator", {
  actions: ["Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action"],
});

/** What was read of a healthy cluster on managed identity, with some of it changed. */
export function readingOf(changes: Partial<ClusterReading> = {}): ClusterReading {
  const identity = (id: string, use: "control-plane" | "kubelet") => ({
    id,
    use,
    identity: known({
      id,
      location: "westeurope",
      principalId: `principal-of-${use}`,
      clientId: "c",
      tenantId: TENANT,
    }),
    otherClusters: { items: [] },
  });
  return {
    id: CLUSTER,
    cluster: clusterOf(),
    now: NOW,
    cloud: "AzureCloud",
    tenant: TENANT,
    state: "user-assigned",
    facts: {
      identity: { type: "UserAssigned", userAssigned: [IDENTITY] },
      clientId: "msi",
      network: { nodeResourceGroup: "MC_shop", routeTables: [], securityGroups: [], publicIps: [] },
      addons: {},
      pools: [{ name: "system", type: "VirtualMachineScaleSets", osType: "Linux", mode: "System" }],
      registries: [],
    },
    pools: [],
    servicePrincipal: undefined,
    identities: [identity(IDENTITY, "control-plane"), identity(KUBELET, "kubelet")],
    controlPlane: { principalId: "principal-of-control-plane", rights: { items: [OPERATOR] } },
    kubelet: { principalId: "principal-of-kubelet", rights: { items: [] } },
    addons: new Map(),
    registries: { items: [] },
    locks: { items: [] },
    policies: { items: [] },
    subnets: [],
    latestNodeImages: new Map(),
    maintenance: undefined,
    kubernetesVersions: known([{ version: "1.33", supportPlans: ["KubernetesOfficial"] }]),
    usages: known([
      { name: "cores", used: 10, limit: 100 },
      { name: "standardDDSv5Family", used: 10, limit: 100 },
    ]),
    assignmentCount: known(10),
    ownAssignments: { items: [] },
    directory: known(new Map()),
    ...changes,
  };
}

/** The same on a service principal, with some of the principal's reading and of the cluster's changed. */
export function onServicePrincipal(
  principal: Partial<ServicePrincipalReading> = {},
  changes: Partial<ClusterReading> = {},
  properties: JsonObject = {},
): ClusterReading {
  const profile = { servicePrincipalProfile: { clientId: "the-client" }, identityProfile: {} };
  return readingOf({
    cluster: clusterOf({ ...profile, ...properties }, { identity: { type: "None" } }),
    state: "service-principal",
    identities: [],
    controlPlane: undefined,
    kubelet: undefined,
    servicePrincipal: {
      clientId: "the-client",
      principal: known({ objectId: "the-object", appId: "the-client", displayName: "sp-shop", enabled: true }),
      credentialEnds: known([new Date("2027-11-01T00:00:00Z")]),
      rights: { items: [] },
      otherClusters: { items: [] },
      clusterScopes: { scopes: new Set([CLUSTER, GROUP, NODE_GROUP].map((id) => id.toLowerCase())), groups: new Set() },
      ...principal,
    },
    latestNodeImages: new Map([["system", known("a newer image")]]),
    maintenance: known([
      { name: "aksManagedAutoUpgradeSchedule", durationHours: 8 },
      { name: "aksManagedNodeOSUpgradeSchedule", durationHours: 8 },
    ]),
    ...changes,
  });
}

/** What a check says, short: `ID001 high`, or `ID003 not assessed`. */
export function say(check: Check, reading: ClusterReading): string[] {
  return check(reading).map((outcome) => `${outcome.check} ${isFinding(outcome) ? outcome.severity : "not assessed"}`);
}
