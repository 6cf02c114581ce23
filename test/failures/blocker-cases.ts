import type { BlockerCheck } from "../../src/engine/step.ts";
import { DEMO_CLUSTER } from "../support/cli.ts";
import type { Lab } from "../support/lab.ts";
import { changeCluster, GROUP, NETWORK, SUBSCRIPTION } from "./support.ts";

/** Something that stops a migration, and how a cluster comes to be so. */
export interface BlockerCase {
  readonly check: BlockerCheck;
  readonly name: string;
  readonly scenario?: string;
  /** What `plan` is told besides. */
  readonly flags?: readonly string[];
  readonly plant: (lab: Lab) => Promise<unknown>;
  /** A part of what has been seen, as the user reads it. */
  readonly seen: string;
  /**
   * What the run does when this comes about after the approval: stops at the preflight before the switch (4), or finds its
   * plan stale (5). A text says why it cannot come about then.
   */
  readonly later: 4 | 5 | string;
}

const NODE_GROUP = `${SUBSCRIPTION}/resourceGroups/MC_rg-payments-prod_payments-prod_westeurope`;

const put = (lab: Lab, ...resources: object[]) => lab.control("POST", "/_emulator/resources", resources);
const behave = (lab: Lab, behaviour: object) => lab.control("PATCH", "/_emulator/behaviour", behaviour);
const lock = (scope: string, level: string) => (lab: Lab) => behave(lab, { locks: [{ name: "keep", scope, level }] });
const budget = {
  type: "Kubernetes/PodDisruptionBudget",
  id: "budget",
  cluster: DEMO_CLUSTER,
  kind: "PodDisruptionBudget",
};
const metadata = { name: "api", namespace: "payments" };

const quota = (name: string) => (lab: Lab) =>
  put(lab, {
    id: `${SUBSCRIPTION}/providers/Microsoft.Compute/locations/westeurope/usages/${name}`,
    type: "Microsoft.Compute/locations/usages",
    name: { value: name },
    currentValue: 84,
    limit: 84,
  });

/** Gives the demo's application one credential with this end date. */
async function endCredential(lab: Lab, endDateTime: string): Promise<void> {
  type Stored = { type: string; appId?: string };
  const [application] = (await lab.control<Stored[]>("GET", "/_emulator/resources")).filter(({ type }) =>
    /Microsoft.Graph\/applications$/i.test(type),
  );
  await put(lab, { ...application, passwordCredentials: [{ endDateTime }] });
}

/** A caller who holds these roles everywhere, and no other. */
const caller = (...names: string[]) => ({
  caller: {
    objectId: "11111111-2222-4333-8444-555555555555",
    name: "operator",
    type: "User",
    roles: names.map((role) => ({ role, scope: "/" })),
  },
});

export const BLOCKER_CASES: readonly BlockerCase[] = [
  {
    check: "RD001",
    name: "a cluster that failed",
    plant: (lab) => changeCluster(lab, () => ({ provisioningState: "Failed" })),
    seen: "the cluster is Failed",
    later: 4,
  },
  {
    check: "RD001",
    name: "a cluster that was stopped",
    plant: (lab) => changeCluster(lab, () => ({ powerState: { code: "Stopped" } })),
    seen: "the cluster is Stopped",
    later: 4,
  },
  {
    check: "RD002",
    name: "no newer node image, where the user wants none to begin without",
    flags: ["--require-node-image"],
    plant: (lab) => behave(lab, { newerNodeImage: false }),
    seen: "there is no newer node image than that of pool system, apps, batch",
    later: 4,
  },
  {
    check: "RD005",
    name: "a disruption budget that forbids every eviction",
    flags: ["--in-cluster"],
    plant: (lab) => put(lab, { ...budget, metadata, spec: { maxUnavailable: 0 } }),
    seen: "the disruption budget payments/api forbids every eviction",
    later: 4,
  },
  {
    check: "RD005",
    name: "a disruption budget that allows none at the moment",
    flags: ["--in-cluster"],
    plant: (lab) => put(lab, { ...budget, metadata, status: { disruptionsAllowed: 0, expectedPods: 2 } }),
    seen: "the disruption budget payments/api allows no eviction now",
    later: 4,
  },
  {
    check: "RD006",
    name: "no cores left in the region for the surge",
    plant: quota("cores"),
    seen: "the quota cores has 0 left",
    later: 4,
  },
  {
    check: "RD006",
    name: "no cores left of the family",
    plant: quota("standardDDSv5Family"),
    seen: "the quota standardDDSv5Family has 0 left",
    later: 4,
  },
  {
    check: "RD006",
    name: "no addresses left in the subnet",
    plant: (lab) => fillSubnet(lab),
    seen: "and its subnet has 0 left",
    later: 4,
  },
  {
    check: "RD008",
    name: "a node disruption policy that blocks",
    plant: (lab) => changeCluster(lab, () => ({ nodeDisruptionProfile: { nodeDisruptionPolicy: "Block" } })),
    seen: "the node disruption policy is Block",
    later: 4,
  },
  {
    check: "RD009",
    name: "a read-only lock on the cluster's group",
    plant: lock(GROUP, "ReadOnly"),
    seen: "the lock keep (ReadOnly) holds on rg-payments-prod",
    later: 4,
  },
  {
    check: "RD009",
    name: "a lock against deletion on one address of the nodes",
    plant: lock(`${NODE_GROUP}/providers/Microsoft.Network/publicIPAddresses/egress`, "CanNotDelete"),
    seen: "AKS replaces no nodes while their resource group, or anything in it, is locked",
    later: 4,
  },
  {
    check: "RD009",
    name: "a read-only lock on the network's group, where roles are assigned",
    plant: lock(NETWORK.replace(/\/providers\/.*/, ""), "ReadOnly"),
    seen: "the lock keep (ReadOnly) holds on rg-network-prod",
    later: 4,
  },
  {
    check: "RD009",
    name: "a read-only lock on a registry in another subscription",
    plant: async (lab) => lock(await registryOf(lab), "ReadOnly")(lab),
    seen: "the lock keep (ReadOnly) holds on contosoplatform",
    later: "its role has been assigned by then, and the switch does not write there",
  },
  {
    check: "RD009",
    name: "a read-only lock on the identities' group",
    flags: ["--identity-resource-group", "rg-monitoring-prod"],
    plant: lock(`${SUBSCRIPTION}/resourceGroups/rg-monitoring-prod`, "ReadOnly"),
    seen: "nothing can be written to id-payments-prod",
    later: "the identities are there by then, with their roles",
  },
  {
    check: "IDENTITY-GROUP",
    name: "a group for the identities that does not exist",
    flags: ["--identity-resource-group", "rg-identities"],
    plant: async () => {},
    seen: "the resource group rg-identities, in which identities are to be created, does not exist",
    later: "the identities are there by then, and their group with them",
  },
  {
    check: "RD010",
    name: "a policy that denies clusters with local accounts",
    plant: (lab) =>
      put(lab, {
        id: `${SUBSCRIPTION}/providers/Microsoft.Authorization/policyAssignments/no-local-accounts`,
        type: "Microsoft.Authorization/policyAssignments",
        properties: {
          scope: SUBSCRIPTION,
          policyDefinitionId:
            "/providers/Microsoft.Authorization/policyDefinitions/993c2fcd-2b29-49d2-9eb0-df2c3a730c32",
          parameters: { effect: { value: "Deny" } },
        },
      }),
    seen: "denies updates of clusters with local accounts",
    later: 4,
  },
  {
    check: "RD015",
    name: "a credential that ends before the plan does",
    plant: (lab) => endCredential(lab, "2026-11-23T06:00:00Z"),
    seen: "the old principal's last credential expires on 2026-11-23",
    later: 4,
  },
  {
    check: "RB011",
    name: "registries that nobody can find out",
    plant: (lab) => behave(lab, { graphDenied: true }),
    seen: "nobody knows which registries the nodes pull from",
    later: "the plan holds the principal's object id, by which its roles are found without Microsoft Graph",
  },
  {
    check: "RB011",
    name: "a pod whose image comes from a registry without a role",
    flags: ["--in-cluster"],
    plant: (lab) =>
      put(lab, {
        type: "Kubernetes/Pod",
        id: "pod",
        cluster: DEMO_CLUSTER,
        kind: "Pod",
        metadata,
        spec: { containers: [{ name: "api", image: "contosopayments.azurecr.io/api:1" }] },
      }),
    seen: "payments/api runs images of contosopayments.azurecr.io",
    later: 4,
  },
  {
    check: "RB014",
    name: "an operator who may only read",
    plant: (lab) => behave(lab, caller("Reader")),
    seen: "Microsoft.ContainerService/managedClusters/write",
    later: 4,
  },
  {
    check: "RB014",
    name: "an operator who may not assign the identities",
    plant: (lab) =>
      behave(
        lab,
        caller(
          "Azure Kubernetes Service Contributor Role",
          "Managed Identity Contributor",
          "User Access Administrator",
          "Reader",
        ),
      ),
    seen: "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
    later: 4,
  },
  {
    check: "ID007",
    name: "a system-assigned identity on a cluster that encrypts etcd with a key of its own",
    scenario: "kubenet-plain",
    flags: ["--to", "system-assigned", "--role-propagation", "60m"],
    plant: (lab) =>
      changeCluster(lab, () => ({
        securityProfile: { azureKeyVaultKms: { enabled: true, keyId: "https://kv.vault.azure.net/keys/etcd/1" } },
      })),
    seen: "it encrypts etcd with a key of its own (KMS)",
    later: 5,
  },
  {
    check: "ID014",
    name: "a region without kubelet identities of one's own",
    plant: (lab) => changeCluster(lab, () => ({}), { location: "chinaeast" }),
    seen: "chinaeast does not support a kubelet identity of one's own",
    later: "a cluster never changes its region",
  },
];

/** The registry that the demo's plan gives the kubelet identity a role on. */
async function registryOf(lab: Lab): Promise<string> {
  type Stored = { id: string; type: string };
  const stored = await lab.control<Stored[]>("GET", "/_emulator/resources");
  return stored.find(({ type }) => /^Microsoft.ContainerRegistry\/registries$/i.test(type))!.id;
}

/** Somebody's machines take every address of the demo's subnet. */
async function fillSubnet(lab: Lab): Promise<void> {
  type Network = { type: string; properties: { subnets: { name: string; properties: object }[] } };
  const network = (await lab.control<Network[]>("GET", "/_emulator/resources")).find(({ type }) =>
    /^Microsoft.Network\/virtualNetworks$/i.test(type),
  )!;
  const ipConfigurations = Array.from({ length: 1100 }, (_, index) => ({ id: `${index}` }));
  const subnets = network.properties.subnets.map((subnet) => ({
    ...subnet,
    properties: { ...subnet.properties, ipConfigurations },
  }));
  await put(lab, { ...network, properties: { ...network.properties, subnets } });
}
