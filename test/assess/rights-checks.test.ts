import { expect, test } from "vitest";
import type { Check } from "../../src/assess/checks/all-checks.ts";
import * as rights from "../../src/assess/checks/rights.ts";
import { known, unknown } from "../../src/assess/outcome.ts";
import type { ClusterReading } from "../../src/assess/reading.ts";
import type { HeldRight } from "../../src/assess/rights.ts";
import { PULL_ACTION, PULL_DATA_ACTION } from "../../src/migration/built-in-roles.ts";
import type { ClusterFacts } from "../../src/plan/schema.ts";
import { CLUSTER, GROUP, KUBELET, onServicePrincipal, readingOf, right, SUBSCRIPTION, say } from "./readings.ts";

const NETWORK = `${SUBSCRIPTION}/resourceGroups/rg-net/providers/Microsoft.Network`;
const SUBNET = `${NETWORK}/virtualNetworks/vnet/subnets/aks`;
const ROUTES = `${NETWORK}/routeTables/rt`;
const RULES = `${NETWORK}/networkSecurityGroups/nsg`;
const ADDRESS = `${NETWORK}/publicIPAddresses/ip`;
const ZONE = `${NETWORK}/privateDnsZones/zone`;
const DISKS = `${SUBSCRIPTION}/resourceGroups/rg-disks/providers/Microsoft.Compute/diskEncryptionSets/des`;
const VAULT = `${SUBSCRIPTION}/resourceGroups/rg-keys/providers/Microsoft.KeyVault/vaults/kv`;
const REGISTRY = `${SUBSCRIPTION}/resourceGroups/rg-images/providers/Microsoft.ContainerRegistry/registries/acr`;
const PLACEMENT = `${SUBSCRIPTION}/resourceGroups/rg-place/providers/Microsoft.Compute/proximityPlacementGroups/ppg`;

const base = readingOf().facts;
const everything: ClusterFacts = {
  ...base,
  network: { ...base.network, routeTables: [ROUTES], securityGroups: [RULES], publicIps: [ADDRESS] },
  pools: [{ ...base.pools[0]!, subnet: SUBNET }],
  privateDnsZone: ZONE,
  diskEncryptionSet: DISKS,
  kms: { keyId: "key", vault: VAULT },
};

function holding(items: HeldRight[], changes: Partial<ClusterReading> = {}, gap?: string): ClusterReading {
  return readingOf({ controlPlane: { principalId: "p", rights: { items, gap } }, ...changes });
}

const networkContributor = right(`${SUBSCRIPTION}/resourceGroups/rg-net`, "Network Contributor", {
  actions: ["Microsoft.Network/*"],
});
const allThatIsNeeded = [
  networkContributor,
  right(DISKS, "Reader", { actions: ["*/read"] }),
  right(VAULT, "Key Vault Crypto User", {
    dataActions: ["Microsoft.KeyVault/vaults/keys/encrypt/action", "Microsoft.KeyVault/vaults/keys/decrypt/action"],
  }),
  right(KUBELET, "Managed Identity Operator", {
    actions: ["Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action"],
  }),
];

const placedIn = (id: string) => ({
  facts: { ...base, pools: [{ ...base.pools[0]!, placement: [id] }] },
});
const placed = placedIn(PLACEMENT);
const HOSTS = `${SUBSCRIPTION}/resourceGroups/rg-place/providers/Microsoft.Compute/hostGroups/hosts`;
const RESERVED = `${SUBSCRIPTION}/resourceGroups/rg-place/providers/Microsoft.Compute/capacityReservationGroups/reserved`;
const operator = allThatIsNeeded[3]!;

const gateway = { ingressApplicationGateway: { applicationGatewayId: `${NETWORK}/applicationGateways/agw` } };
const legacyMonitoring = { omsagent: { useAADAuth: "false" } };
function addon(addons: ClusterFacts["addons"], items: HeldRight[], name: string): ClusterReading {
  return readingOf({ facts: { ...base, addons }, addons: new Map([[name, { principalId: "p", rights: { items } }]]) });
}
const publisher = right(CLUSTER, "Monitoring Metrics Publisher", { dataActions: ["Microsoft.Insights/Metrics/Write"] });

function pulling(mode: "rbac" | "abac", items: HeldRight[]): ClusterReading {
  return readingOf({
    kubelet: { principalId: "k", rights: { items } },
    registries: { items: [{ id: REGISTRY, mode }] },
  });
}
const pull = right(REGISTRY, "AcrPull", { actions: [PULL_ACTION] });
const read = right(REGISTRY, "Container Registry Repository Reader", { dataActions: [PULL_DATA_ACTION] });

const CASES: [string, Check, ClusterReading, string[]][] = [
  [
    "no right on anything that the cluster names",
    rights.checkControlPlaneRights,
    holding([], { facts: everything }),
    [
      "RB001 high",
      "RB002 high",
      "RB003 high",
      "RB005 high",
      "RB004 high",
      "RB004 high",
      "RB006 high",
      "RB009 not assessed",
      "ID012 high",
    ],
  ],
  [
    "a right to join a subnet, and none to read it",
    rights.checkControlPlaneRights,
    holding([operator, right(SUBNET, "own", { actions: ["Microsoft.Network/virtualNetworks/subnets/join/action"] })], {
      facts: { ...base, pools: everything.pools },
    }),
    ["RB001 high"],
  ],
  [
    "no role for a vault's private link",
    rights.checkControlPlaneRights,
    holding(allThatIsNeeded, { facts: { ...everything, kms: { keyId: "key", vault: VAULT, isPrivate: true } } }),
    ["RB009 high"],
  ],
  [
    "a vault that the cluster does not name",
    rights.checkControlPlaneRights,
    holding(allThatIsNeeded, { facts: { ...everything, kms: { keyId: "key" } } }),
    ["RB009 not assessed"],
  ],
  ["every right that is needed", rights.checkControlPlaneRights, holding(allThatIsNeeded, { facts: everything }), []],
  [
    "roles under a condition, which may not hold",
    rights.checkControlPlaneRights,
    holding([operator, { ...networkContributor, conditional: true }], { facts: { ...base, pools: everything.pools } }),
    ["RB001 high"],
  ],
  [
    "rights that may not be read",
    rights.checkControlPlaneRights,
    holding([], { facts: { ...base, pools: everything.pools } }, "403"),
    ["RB001 not assessed", "ID012 not assessed"],
  ],
  ["a placement group without a role", rights.checkControlPlaneRights, holding([operator], placed), ["RB008 high"]],
  ["a host group without a role", rights.checkControlPlaneRights, holding([operator], placedIn(HOSTS)), ["RB008 high"]],
  [
    "a capacity reservation group whose role has no right to deploy",
    rights.checkControlPlaneRights,
    holding([operator, right(RESERVED, "Reader", { actions: ["*/read"] })], placedIn(RESERVED)),
    ["RB008 high"],
  ],
  [
    "a capacity reservation group with a role on its group",
    rights.checkControlPlaneRights,
    holding(
      [operator, right(GROUP.replace("rg-shop", "rg-place"), "Contributor", { actions: ["*"] })],
      placedIn(RESERVED),
    ),
    [],
  ],
  [
    "a placement group with a role",
    rights.checkControlPlaneRights,
    holding([operator, right(GROUP.replace("rg-shop", "rg-place"), "Contributor", { actions: ["*"] })], placed),
    [],
  ],
  [
    "a service principal, whose rights the migration passes on",
    rights.checkControlPlaneRights,
    onServicePrincipal({}, { facts: everything }),
    [],
  ],

  [
    "an ingress controller without rights",
    rights.checkAddonRights,
    addon(gateway, [], "ingressapplicationgateway"),
    ["RB010 high"],
  ],
  [
    "an ingress controller with rights",
    rights.checkAddonRights,
    addon(gateway, [networkContributor], "ingressapplicationgateway"),
    [],
  ],
  [
    "add-ons that read vaults, of which Azure names none",
    rights.checkAddonRights,
    addon({ azureKeyvaultSecretsProvider: {}, webAppRouting: {} }, [], "azurekeyvaultsecretsprovider"),
    ["RB010 not assessed", "RB010 not assessed"],
  ],
  ["monitoring without its role", rights.checkAddonRights, addon(legacyMonitoring, [], "omsagent"), ["RB010 high"]],
  ["monitoring with its role", rights.checkAddonRights, addon(legacyMonitoring, [publisher], "omsagent"), []],

  [
    "AcrPull where repositories decide",
    rights.checkPullRights,
    pulling("abac", [pull]),
    ["RB011 high", "RB011 not assessed"],
  ],
  [
    "the reader role where repositories decide",
    rights.checkPullRights,
    pulling("abac", [read]),
    ["RB011 not assessed"],
  ],
  ["AcrPull where it counts", rights.checkPullRights, pulling("rbac", [pull]), ["RB011 not assessed"]],
  [
    "AcrPull through a group",
    rights.checkPullRights,
    pulling("rbac", [{ ...pull, through: "group" }]),
    ["RB012 medium", "RB011 not assessed"],
  ],

  [
    "3,900 role assignments",
    rights.checkAssignmentLimit,
    onServicePrincipal({}, { assignmentCount: known(3900) }),
    ["RB015 medium"],
  ],
  ["100 role assignments", rights.checkAssignmentLimit, onServicePrincipal({}, { assignmentCount: known(100) }), []],
  [
    "an unknown number of them",
    rights.checkAssignmentLimit,
    onServicePrincipal({}, { assignmentCount: unknown("403") }),
    ["RB015 not assessed"],
  ],
];

test.each(CASES)("%s", (_, check, reading, expected) => {
  expect(say(check, reading)).toEqual(expected);
});

test("what is missing is named with the role and the scope that give it", () => {
  const [finding] = rights.checkControlPlaneRights(
    holding([operator], { facts: { ...base, pools: everything.pools } }),
  );
  expect(finding).toMatchObject({
    remedy: `Assign it Network Contributor on ${SUBNET}; it takes up to an hour to work.`,
  });
});
