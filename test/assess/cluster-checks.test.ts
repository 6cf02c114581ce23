import { expect, test } from "vitest";
import * as access from "../../src/assess/checks/access.ts";
import * as addons from "../../src/assess/checks/addons.ts";
import type { Check } from "../../src/assess/checks/all-checks.ts";
import * as workloads from "../../src/assess/checks/workloads.ts";
import type { ClusterReading } from "../../src/assess/reading.ts";
import type { JsonObject } from "../../src/azure/json.ts";
import { clusterOf, onServicePrincipal, readingOf, say } from "./readings.ts";

const having = (properties: JsonObject) => readingOf({ cluster: clusterOf(properties) });
const { facts } = readingOf();
const withAddons = (own: ClusterReading["facts"]["addons"]) => readingOf({ facts: { ...facts, addons: own } });
const legacyEntra = { aadProfile: { serverAppID: "app", enableAzureRBAC: true } };

const CASES: [string, Check, ClusterReading, string[]][] = [
  ["pod identity", workloads.checkPodIdentity, having({ podIdentityProfile: { enabled: true } }), ["WK004 critical"]],
  ["pod identity turned off", workloads.checkPodIdentity, having({ podIdentityProfile: { enabled: false } }), []],
  ["no issuer", workloads.checkWorkloadIdentity, having({ oidcIssuerProfile: {} }), ["WK008 low"]],
  ["an issuer alone", workloads.checkWorkloadIdentity, having({ securityProfile: {} }), ["WK008 low"]],
  ["Workload ID", workloads.checkWorkloadIdentity, readingOf(), []],

  [
    "legacy monitoring",
    addons.checkContainerInsights,
    withAddons({ omsAgent: { useAADAuth: "false" } }),
    ["AD001 high"],
  ],
  ["monitoring that does not say", addons.checkContainerInsights, withAddons({ omsagent: {} }), ["AD001 high"]],
  [
    "monitoring with managed identity",
    addons.checkContainerInsights,
    withAddons({ omsagent: { useAADAuth: "True" } }),
    [],
  ],
  [
    "both old ingress add-ons",
    addons.checkIngressAddons,
    withAddons({ httpApplicationRouting: {}, webAppRouting: {} }),
    ["AD002 medium", "AD002 medium"],
  ],
  ["no ingress add-on", addons.checkIngressAddons, readingOf(), []],
  [
    "an add-on without identity",
    addons.checkAddonIdentities,
    having({ addonProfiles: { azurepolicy: { enabled: true } } }),
    ["AD003 high"],
  ],
  [
    "application routing without identity",
    addons.checkAddonIdentities,
    having({ ingressProfile: { webAppRouting: { enabled: true } } }),
    ["AD003 high"],
  ],
  [
    "application routing with identity",
    addons.checkAddonIdentities,
    having({ ingressProfile: { webAppRouting: { enabled: true, identity: { objectId: "o" } } } }),
    [],
  ],
  [
    "an add-on without identity while an update runs",
    addons.checkAddonIdentities,
    having({ provisioningState: "Updating", addonProfiles: { azurepolicy: { enabled: true } } }),
    ["AD003 not assessed"],
  ],
  [
    "an add-on with identity, one that is off, and one that has none",
    addons.checkAddonIdentities,
    having({
      addonProfiles: {
        azurepolicy: { enabled: true, identity: { objectId: "o" } },
        omsagent: { enabled: false },
        kubeDashboard: { enabled: true },
      },
    }),
    [],
  ],
  [
    "an add-on without identity on a service principal",
    addons.checkAddonIdentities,
    onServicePrincipal({}, {}, { addonProfiles: { azurepolicy: { enabled: true } } }),
    [],
  ],
  ["features that need managed identity", addons.checkLockedFeatures, onServicePrincipal(), ["AD004 info"]],
  ["features on managed identity", addons.checkLockedFeatures, readingOf(), []],

  ["no Entra integration", access.checkEntraIntegration, having({ aadProfile: null }), ["OP001 medium"]],
  [
    "an Entra profile that says nothing",
    access.checkEntraIntegration,
    having({ aadProfile: { managed: null, adminGroupObjectIDs: null } }),
    ["OP001 medium"],
  ],
  ["the legacy Entra integration", access.checkEntraIntegration, having(legacyEntra), ["ID016 high"]],
  ["the managed Entra integration", access.checkEntraIntegration, readingOf(), []],
  ["no Kubernetes RBAC", access.checkKubernetesRbac, having({ enableRBAC: false }), ["OP002 high"]],
  ["Kubernetes RBAC", access.checkKubernetesRbac, readingOf(), []],
  ["no Azure RBAC", access.checkAzureRbac, having({ aadProfile: { managed: true } }), ["OP003 low"]],
  ["Azure RBAC", access.checkAzureRbac, readingOf(), []],
  ["local accounts", access.checkLocalAccounts, having({ disableLocalAccounts: false }), ["OP004 medium"]],
  ["no local accounts", access.checkLocalAccounts, readingOf(), []],
  [
    "nobody who may administer it",
    access.checkAdminAccess,
    having({ aadProfile: { managed: true } }),
    ["RD014 medium"],
  ],
  [
    "an admin group",
    access.checkAdminAccess,
    having({ aadProfile: { managed: true, adminGroupObjectIDs: ["g"] } }),
    [],
  ],
];

test.each(CASES)("%s", (_, check, reading, expected) => {
  expect(say(check, reading)).toEqual(expected);
});

test("what only the cluster's own API tells is said to be not assessed, on a healthy cluster too", () => {
  const checks = workloads.checkWorkloads(readingOf()).map(({ check }) => check);
  expect(checks).toEqual(["WK001", "WK002", "WK003", "WK005", "WK006", "WK007", "RB007", "RD005", "RD007"]);
});

test("the finding on pod identity corrects the rule that asked for it", () => {
  const [finding] = workloads.checkPodIdentity(having({ podIdentityProfile: { enabled: true } }));
  expect(finding).toMatchObject({
    rules: ["PSRule Azure.AKS.PodIdentity (AZR-000037)"],
    remedy: expect.stringContaining("PSRule's rule asked for the opposite"),
  });
});
