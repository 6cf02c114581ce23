import type { EngineEvent, Event } from "../../src/engine/events.ts";
import type { StepId } from "../../src/engine/step.ts";
import type { ClusterPlan, MigrationPlan } from "../../src/plan/schema.ts";
import { migrationPlan } from "../../src/plan/schema.ts";

const HOME = "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups";
const SHARED = "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups";

export const CLUSTER = `${HOME}/rg-payments/providers/Microsoft.ContainerService/managedClusters/payments-prod`;
export const REGISTRY = `${SHARED}/rg-shared/providers/Microsoft.ContainerRegistry/registries/acrshared`;
export const SUBNET = `${HOME}/rg-network/providers/Microsoft.Network/virtualNetworks/vnet-hub/subnets/snet-aks`;
const ROUTES = `${HOME}/rg-network/providers/Microsoft.Network/routeTables/rt-aks`;
export const KUBELET_ID = `${HOME}/rg-identities/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-payments-prod-kubelet`;
export const HASH = "3f6c".repeat(16);

export const OLD_CLIENT = "aaaaaaaa-0000-4000-8000-000000000001";
const KUBELET_REASON = "nodes pull images as the kubelet identity";
const NETWORK_REASON = "the control plane joins nodes and load balancers to this subnet";

const STEPS: ClusterPlan["steps"] = [
  {
    id: "create-identities",
    changes: [
      {
        key: "identity:control-plane",
        summary: "create identity id-payments-prod in rg-identities (westeurope)",
        reason: "the control plane needs an identity of its own",
        risk: "additive",
      },
      {
        key: "identity:kubelet",
        summary: "create identity id-payments-prod-kubelet in rg-identities (westeurope)",
        reason: "the nodes need an identity whose rights exist before they are re-imaged",
        risk: "additive",
      },
    ],
  },
  {
    id: "assign-roles",
    changes: [
      role("Network Contributor", SUBNET, "control-plane", NETWORK_REASON),
      role("Network Contributor", SUBNET.replace("snet-aks", "snet-gpu"), "control-plane", NETWORK_REASON),
      role("Network Contributor", ROUTES, "control-plane", "the control plane writes pod routes to this table"),
      role(
        "Managed Identity Operator",
        KUBELET_ID,
        "control-plane",
        "the control plane assigns this identity to nodes",
      ),
      role("AcrPull", REGISTRY, "kubelet", KUBELET_REASON),
    ],
  },
  { id: "await-role-propagation", changes: [] },
  {
    id: "enable-managed-identity",
    changes: [
      {
        key: `switch:${CLUSTER}`,
        summary: "switch payments-prod to id-payments-prod and id-payments-prod-kubelet",
        reason: "one update carries both identities",
        risk: "irreversible",
        drains: ["system", "apps", "gpu"],
        nodes: 9,
      },
    ],
  },
  {
    id: "assign-kubelet-identity",
    changes: [
      {
        key: `kubelet-identity:${CLUSTER}`,
        summary: "assign id-payments-prod-kubelet to the nodes in an update of its own",
        reason: "Azure may refuse an update that carries both identities",
        risk: "disruptive",
        drains: ["system", "apps", "gpu"],
        nodes: 9,
        onlyIf: "combined update refused",
      },
    ],
  },
  { id: "attach-acr", changes: [] },
  {
    id: "grant-addon-roles",
    changes: [
      role("Monitoring Metrics Publisher", CLUSTER, "addon:omsagent", "container insights sends metrics"),
      {
        key: "gap:addon:omsagent",
        summary: "container insights sends no metrics until its new identity has its role",
        reason: "Azure makes this identity in the update itself",
        risk: "disruptive",
      },
    ],
  },
  { id: "await-kubelet-propagation", changes: [] },
  {
    id: "upgrade-node-images",
    changes: [
      {
        key: "roll:gpu",
        summary: "upgrade the node image of pool gpu",
        reason: "kubelet keeps using the service principal until its node is re-imaged",
        risk: "disruptive",
        drains: ["gpu"],
        nodes: 2,
        onlyIf: "pool gpu not re-imaged by the switch",
      },
    ],
  },
  { id: "verify-migration", changes: [] },
  { id: "await-token-switchover", changes: [] },
];

function role(
  name: string,
  scope: string,
  who: string,
  reason: string,
): ClusterPlan["steps"][number]["changes"][number] {
  return {
    key: `role:${name}@${scope}→${who}`,
    summary: `assign ${name} on ${scope} to ${who}`,
    reason,
    risk: "additive",
  };
}

const CLUSTER_PLAN: ClusterPlan = {
  id: CLUSTER,
  fingerprint: `sha256:${"ab".repeat(32)}`,
  facts: {
    identity: { type: "None", userAssigned: [] },
    clientId: OLD_CLIENT,
    network: {
      nodeResourceGroup: "MC_rg-payments_payments-prod_westeurope",
      plugin: "azure",
      outboundType: "userDefinedRouting",
      routeTables: [ROUTES],
      securityGroups: [],
      publicIps: [],
    },
    addons: { omsagent: {} },
    pools: [],
    heldRoles: [],
    registries: [{ id: REGISTRY, mode: "rbac", source: "AcrPull of the old principal" }],
  },
  path: "service-principal-to-user-assigned",
  from: {
    servicePrincipal: { clientId: OLD_CLIENT, objectId: "aaaaaaaa-0000-4000-8000-000000000002" },
    location: "westeurope",
    pools: [
      { name: "system", nodeImageVersion: "AKSUbuntu-2204gen2containerd-202610.01.0", nodes: 3 },
      { name: "apps", nodeImageVersion: "AKSUbuntu-2204gen2containerd-202610.01.0", nodes: 4 },
      { name: "gpu", nodeImageVersion: "AKSUbuntu-2204gen2containerd-202610.01.0", nodes: 2 },
    ],
  },
  target: {
    controlPlaneIdentity: { name: "id-payments-prod", resourceGroup: "rg-identities", location: "westeurope" },
    kubeletIdentity: { name: "id-payments-prod-kubelet", resourceGroup: "rg-identities", location: "westeurope" },
  },
  findings: [
    { check: "ID003", severity: "high", seen: "the secret expires on 2026-12-20", remedy: "migrate before that day" },
    { check: "RD007", severity: "medium", seen: "pool gpu has no spare node", remedy: "expect its workloads to wait" },
  ],
  rights: [
    {
      decision: "narrowed",
      role: "Contributor",
      scope: "/subscriptions/11111111-1111-4111-8111-111111111111",
      reason: "it covers a whole subscription",
      instead: "Network Contributor on the cluster's subnets",
    },
  ],
  steps: STEPS,
};

/** A valid plan of one cluster with everything that a report can show; `cluster` replaces parts of the cluster's plan. */
export function buildPlan(cluster: Partial<ClusterPlan> = {}): MigrationPlan {
  return migrationPlan.parse({
    apiVersion: "aks-mi/v1",
    kind: "MigrationPlan",
    metadata: {
      name: "payments-prod",
      createdAt: "2026-11-22T08:00:00Z",
      tool: "aks-mi 0.1.0",
      cloud: "AzureCloud",
      tenant: "99999999-9999-4999-8999-999999999999",
      emulator: false,
    },
    settings: { rolePropagation: { wait: "60m" }, tokenSwitchover: { wait: "24h" } },
    clusters: [{ ...CLUSTER_PLAN, ...cluster }],
  });
}

/** A plan that finds everything as it should be. */
export function buildEmptyPlan(): MigrationPlan {
  return buildPlan({
    path: "none",
    findings: [],
    rights: [],
    steps: STEPS.map(({ id }) => ({ id, changes: [] })),
  });
}

/** Events of one journal: numbered, and dated by minutes and seconds after 08:00. */
export function buildEvents(...list: [at: string, step: StepId | undefined, event: EngineEvent][]): Event[] {
  return list.map(([at, step, event], index) => ({
    ...event,
    run: "20261122-0800-k3f9",
    seq: index + 1,
    at: `2026-11-${at.length > 8 ? at.slice(0, 2) : "22"}T${at.slice(-8)}Z`,
    cluster: CLUSTER,
    ...(step ? { step } : {}),
  }));
}

/** A step that failed because Azure refused something. */
export const REFUSED = {
  type: "step:failed",
  code: "AZURE_ERROR",
  message: "Azure said no",
  remedy: "Ask again",
} as const;
