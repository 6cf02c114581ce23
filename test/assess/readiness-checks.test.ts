import { expect, test } from "vitest";
import type { Check } from "../../src/assess/checks/all-checks.ts";
import * as capacity from "../../src/assess/checks/capacity.ts";
import * as readiness from "../../src/assess/checks/readiness.ts";
import { known, unknown } from "../../src/assess/outcome.ts";
import type { ClusterReading } from "../../src/assess/reading.ts";
import type { JsonObject } from "../../src/azure/json.ts";
import type { PolicyAssignment } from "../../src/azure/policies.ts";
import type { PoolEvidence } from "../../src/migration/nodes.ts";
import { BUILT_IN_POLICIES } from "../../src/migration/policy.ts";
import { clusterOf, GROUP, NODE_GROUP, onServicePrincipal, readingOf, SUBSCRIPTION, say } from "./readings.ts";

const having = (properties: JsonObject, changes: Partial<ClusterReading> = {}) =>
  onServicePrincipal({}, changes, properties);
const lock = (scope: string, level: string) => ({
  locks: { items: [{ id: `${scope}/providers/Microsoft.Authorization/locks/keep`, name: "keep", level }] },
});
const policy = (changes: Partial<PolicyAssignment> = {}): Partial<ClusterReading> => ({
  policies: {
    items: [
      {
        id: "a",
        name: "no local accounts",
        scope: SUBSCRIPTION,
        definition: BUILT_IN_POLICIES.localAccounts,
        effect: "Deny",
        enforced: true,
        excludedScopes: [],
        ...changes,
      },
    ],
  },
});
const withLocalAccounts = (changes: Partial<ClusterReading>) => having({ disableLocalAccounts: false }, changes);
const tagged = (tags: JsonObject) => ({ cluster: clusterOf({}, { tags }) });
const SUBNET = `${GROUP}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/aks`;
const flat = (prefix: string, used: number) =>
  having(
    {
      networkProfile: { networkPlugin: "azure" },
      agentPoolProfiles: [
        { name: "a", count: 3, vmSize: "Standard_D4ds_v5", vnetSubnetID: SUBNET, upgradeSettings: { maxSurge: "33%" } },
      ],
    },
    {
      subnets: [
        {
          id: SUBNET,
          routeTable: undefined,
          securityGroup: undefined,
          addressPrefixes: [prefix],
          ipConfigurations: used,
        },
      ],
    },
  );
const quota = (cores: number, family: number, properties: JsonObject = {}) =>
  onServicePrincipal(
    {},
    {
      usages: known([
        { name: "cores", used: 97, limit: cores },
        { name: "standardDDSv5Family", used: 97, limit: family },
      ]),
    },
    properties,
  );
const surging = (fields: JsonObject) => ({
  agentPoolProfiles: [{ name: "a", count: 3, vmSize: "Standard_D4ds_v5", ...fields }],
});
const half = (changes: Partial<ClusterReading>) =>
  readingOf({ state: "half-migrated", maintenance: known([]), ...changes });
const evidence = (rank: PoolEvidence["rank"]): PoolEvidence => ({
  pool: "system",
  provisioningState: "Succeeded",
  nodeImageVersion: "image-1",
  type: "VirtualMachineScaleSets",
  rank,
  nodes: 3,
  reimaged: [],
  seen: "as seen",
});
const images = (latest: string) => new Map([["system", known(latest)]]);
const pool = { name: "system", count: 3, nodeImageVersion: "image-1" };

const CASES: [string, Check, ClusterReading, string[]][] = [
  [
    "a failed cluster",
    readiness.checkIsReady,
    readingOf({ cluster: clusterOf({ provisioningState: "Failed" }) }),
    ["RD001 blocker"],
  ],
  [
    "a stopped cluster",
    readiness.checkIsReady,
    readingOf({ cluster: clusterOf({ powerState: { code: "Stopped" } }) }),
    ["RD001 blocker"],
  ],
  ["a running cluster", readiness.checkIsReady, readingOf(), []],
  [
    "a running cluster, in another case",
    readiness.checkIsReady,
    readingOf({ cluster: clusterOf({ provisioningState: "succeeded", powerState: { code: "running" } }) }),
    [],
  ],

  [
    "the newest image, on a service principal",
    readiness.checkNodeImages,
    having({ agentPoolProfiles: [pool] }, { latestNodeImages: images("image-1") }),
    ["RD002 info"],
  ],
  [
    "the newest image, half way",
    readiness.checkNodeImages,
    half({
      cluster: clusterOf({ agentPoolProfiles: [pool] }),
      latestNodeImages: images("image-1"),
      pools: [evidence("model")],
    }),
    ["RD002 medium"],
  ],
  [
    "the newest image on a pool that is through, half way",
    readiness.checkNodeImages,
    half({
      cluster: clusterOf({ agentPoolProfiles: [pool] }),
      latestNodeImages: images("image-1"),
      pools: [evidence("rolled")],
    }),
    [],
  ],
  [
    "the newest image on an availability set, which takes another way",
    readiness.checkNodeImages,
    having({ agentPoolProfiles: [{ ...pool, type: "AvailabilitySet" }] }, { latestNodeImages: images("image-1") }),
    [],
  ],
  [
    "a newer image",
    readiness.checkNodeImages,
    having({ agentPoolProfiles: [pool] }, { latestNodeImages: images("image-2") }),
    [],
  ],
  [
    "an unknown newest image",
    readiness.checkNodeImages,
    onServicePrincipal({}, { latestNodeImages: new Map([["system", unknown("403")]]) }),
    ["RD002 not assessed"],
  ],

  ["a version out of support", capacity.checkVersions, having({ kubernetesVersion: "1.24.9" }), ["RD003 high"]],
  [
    "a version in long-term support alone",
    capacity.checkVersions,
    onServicePrincipal({}, { kubernetesVersions: known([{ version: "1.33", supportPlans: ["AKSLongTermSupport"] }]) }),
    ["RD003 high"],
  ],
  [
    "nodes four versions behind",
    capacity.checkVersions,
    having({ agentPoolProfiles: [{ name: "a", count: 2, currentOrchestratorVersion: "1.29.1" }] }),
    ["RD003 high"],
  ],
  ["a supported version", capacity.checkVersions, onServicePrincipal(), []],
  [
    "an empty list of versions",
    capacity.checkVersions,
    onServicePrincipal({}, { kubernetesVersions: known([]) }),
    ["RD003 not assessed"],
  ],

  [
    "an availability set",
    readiness.checkOldPoolKinds,
    having({ agentPoolProfiles: [{ name: "a", type: "AvailabilitySet" }] }),
    ["RD004 medium"],
  ],
  [
    "a basic load balancer",
    readiness.checkOldPoolKinds,
    having({ networkProfile: { loadBalancerSku: "Basic" } }),
    ["RD004 medium"],
  ],
  ["a scale set", readiness.checkOldPoolKinds, onServicePrincipal(), []],

  // 3 nodes with 31 addresses each, 31 more for the surge: 124 of the 251 that a /24 has; a /25 has 123.
  ["room for a surge", capacity.checkSurge, flat("10.0.0.0/24", 0), []],
  ["a subnet that the cluster itself fills", capacity.checkSurge, flat("10.0.0.0/25", 0), ["RD006 blocker"]],
  ["a subnet that others fill", capacity.checkSurge, flat("10.0.0.0/24", 225), ["RD006 blocker"]],
  ["too few cores in the region", capacity.checkSurge, quota(100, 200), ["RD006 blocker"]],
  ["too few cores of the family", capacity.checkSurge, quota(200, 100), ["RD006 blocker"]],
  ...(["rolled", "model"] as const).map((rank): (typeof CASES)[number] => [
    `no cores left, half way, on a pool whose nodes are ${rank}`,
    capacity.checkSurge,
    half({ usages: known([{ name: "cores", used: 9, limit: 9 }]), pools: [evidence(rank)] }),
    rank === "rolled" ? [] : ["RD006 blocker"],
  ]),
  ["cores enough", capacity.checkSurge, quota(101, 101), []],
  [
    "too few cores for the whole surge, where Kubernetes 1.35 makes do with one node",
    capacity.checkSurge,
    quota(105, 105, surging({ upgradeSettings: { maxSurge: "3" }, currentOrchestratorVersion: "1.35.1" })),
    ["RD006 medium"],
  ],
  [
    "too few cores even for one node of Kubernetes 1.35",
    capacity.checkSurge,
    quota(100, 100, surging({ currentOrchestratorVersion: "1.35.1" })),
    ["RD006 blocker"],
  ],
  ["no cores left and a pool without a node", capacity.checkSurge, quota(97, 97, surging({ count: 0 })), []],
  [
    "no cores left and a pool of single machines, which has no count of its own",
    capacity.checkSurge,
    quota(97, 97, { agentPoolProfiles: [{ name: "a", type: "VirtualMachines" }] }),
    ["RD006 not assessed"],
  ],
  [
    "no cores left and a pool that is stopped",
    capacity.checkSurge,
    quota(97, 97, surging({ powerState: { code: "Stopped" } })),
    [],
  ],
  [
    "no cores left and a pool that does without a surge",
    capacity.checkSurge,
    quota(97, 97, surging({ upgradeSettings: { maxSurge: "0", maxUnavailable: "1" } })),
    [],
  ],
  [
    "a family whose quota is not shown",
    capacity.checkSurge,
    onServicePrincipal({}, { usages: known([{ name: "cores", used: 1, limit: 100 }]) }),
    ["RD006 not assessed"],
  ],
  ["an unknown quota", capacity.checkSurge, onServicePrincipal({}, { usages: unknown("403") }), ["RD006 not assessed"]],

  [
    "a single node",
    readiness.checkSingleNodes,
    having({ agentPoolProfiles: [{ name: "a", count: 1 }] }),
    ["RD007 medium"],
  ],
  [
    "a single node of a finished cluster",
    readiness.checkSingleNodes,
    readingOf({ cluster: clusterOf({ agentPoolProfiles: [{ name: "a", count: 1 }] }) }),
    [],
  ],
  ["three nodes", readiness.checkSingleNodes, onServicePrincipal(), []],

  ["no window", readiness.checkMaintenance, onServicePrincipal({}, { maintenance: known([]) }), ["RD008 low"]],
  [
    "windows that may not be read",
    readiness.checkMaintenance,
    onServicePrincipal({}, { maintenance: unknown("403") }),
    ["RD008 not assessed"],
  ],
  [
    "a policy that blocks",
    readiness.checkMaintenance,
    having({ nodeDisruptionProfile: { nodeDisruptionPolicy: "Block" } }),
    ["RD008 high"],
  ],
  [
    "a policy that waits for a window that is not there",
    readiness.checkMaintenance,
    having(
      { nodeDisruptionProfile: { nodeDisruptionPolicy: "AllowDuringMaintenanceWindow" } },
      { maintenance: known([]) },
    ),
    ["RD008 high"],
  ],
  ["both windows", readiness.checkMaintenance, onServicePrincipal(), []],

  [
    "a read-only lock on the group",
    readiness.checkLocksInTheWay,
    onServicePrincipal({}, lock(GROUP, "ReadOnly")),
    ["RD009 blocker"],
  ],
  [
    "a read-only lock on the subscription",
    readiness.checkLocksInTheWay,
    onServicePrincipal({}, lock(SUBSCRIPTION, "ReadOnly")),
    ["RD009 blocker"],
  ],
  [
    "a lock on one address of the nodes",
    readiness.checkLocksInTheWay,
    onServicePrincipal({}, lock(`${NODE_GROUP}/providers/Microsoft.Network/publicIPAddresses/ip`, "CanNotDelete")),
    ["RD009 blocker"],
  ],
  [
    "a lock against deletion on the subscription, which the nodes' group inherits",
    readiness.checkLocksInTheWay,
    onServicePrincipal({}, lock(SUBSCRIPTION, "CanNotDelete")),
    ["RD009 blocker"],
  ],
  [
    "a lock against deletion on the cluster's group",
    readiness.checkLocksInTheWay,
    onServicePrincipal({}, lock(GROUP, "CanNotDelete")),
    ["RD009 medium"],
  ],
  [
    "a lock elsewhere",
    readiness.checkLocksInTheWay,
    onServicePrincipal({}, lock(`${SUBSCRIPTION}/resourceGroups/rg-web`, "ReadOnly")),
    [],
  ],
  ["a lock on a finished cluster", readiness.checkLocksInTheWay, readingOf(lock(GROUP, "ReadOnly")), []],
  [
    "locks that may not be read",
    readiness.checkLocksInTheWay,
    onServicePrincipal({}, { locks: { items: [], gap: "403" } }),
    ["RD009 not assessed"],
  ],
  [
    "a locked-down group of nodes",
    readiness.checkLocksInTheWay,
    having({ nodeResourceGroupProfile: { restrictionLevel: "ReadOnly" } }),
    ["RD009 medium"],
  ],

  ["a policy that denies local accounts", readiness.checkPolicyDenials, withLocalAccounts(policy()), ["RD010 blocker"]],
  ["the same where there are none", readiness.checkPolicyDenials, onServicePrincipal({}, policy()), []],
  [
    "the same with an exclusion",
    readiness.checkPolicyDenials,
    withLocalAccounts(policy({ excludedScopes: [GROUP] })),
    [],
  ],
  ["the same that only audits", readiness.checkPolicyDenials, withLocalAccounts(policy({ effect: "Audit" })), []],
  ["the same that is not enforced", readiness.checkPolicyDenials, withLocalAccounts(policy({ enforced: false })), []],
  [
    "a policy of one's own",
    readiness.checkPolicyDenials,
    onServicePrincipal({}, policy({ definition: "own" })),
    ["RD010 not assessed"],
  ],
  [
    "policies that may not be read",
    readiness.checkPolicyDenials,
    onServicePrincipal({}, { policies: { items: [], gap: "403" } }),
    ["RD010 not assessed"],
  ],

  [
    "a Terraform tag",
    readiness.checkCode,
    onServicePrincipal({}, tagged({ "managed-by": "Terraform" })),
    ["RD011 high"],
  ],
  [
    "a tag that says nothing",
    readiness.checkCode,
    onServicePrincipal({}, tagged({ team: "shop" })),
    ["RD011 not assessed"],
  ],
  ["Fleet Manager", readiness.checkFleetUpdates, onServicePrincipal(), ["RD012 not assessed"]],
  [
    "a private cluster without run command",
    readiness.checkReachable,
    having({ apiServerAccessProfile: { enablePrivateCluster: true, disableRunCommand: true } }),
    ["RD013 medium"],
  ],
  [
    "a private cluster with run command",
    readiness.checkReachable,
    having({ apiServerAccessProfile: { enablePrivateCluster: true } }),
    [],
  ],
  [
    "a public cluster without run command",
    readiness.checkReachable,
    having({ apiServerAccessProfile: { disableRunCommand: true, authorizedIPRanges: ["203.0.113.0/24"] } }),
    ["RD013 medium"],
  ],
];

test.each(CASES)("%s", (_, check, reading, expected) => {
  expect(say(check, reading)).toEqual(expected);
});
