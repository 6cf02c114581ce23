import { expect, test } from "vitest";
import type { Check } from "../../src/assess/checks/all-checks.ts";
import * as identity from "../../src/assess/checks/identity-state.ts";
import { known, unknown } from "../../src/assess/outcome.ts";
import type { ClusterReading, IdentityReading } from "../../src/assess/reading.ts";
import type { PoolEvidence } from "../../src/migration/nodes.ts";
import { CLUSTER, clusterOf, IDENTITY, KUBELET, NODE_GROUP, onServicePrincipal, readingOf, say } from "./readings.ts";

function pool(rank: PoolEvidence["rank"]): PoolEvidence {
  const state = { provisioningState: "Succeeded", nodeImageVersion: "1", type: "VirtualMachineScaleSets" };
  return { pool: "apps", ...state, rank, nodes: 2, reimaged: [], seen: "as seen" };
}

function systemAssigned(changes: Partial<ClusterReading> = {}, properties = {}): ClusterReading {
  const reading = readingOf();
  return {
    ...reading,
    cluster: clusterOf(properties, { identity: { type: "SystemAssigned", principalId: "p" } }),
    state: "system-assigned",
    facts: { ...reading.facts, identity: { type: "SystemAssigned", userAssigned: [] } },
    ...changes,
  };
}

function kubeletReading(changes: Partial<IdentityReading>): ClusterReading {
  const reading = readingOf();
  return { ...reading, identities: reading.identities.map((item) => ({ ...item, ...changes })).slice(1) };
}

const assignment = (principalId: string, scope: string) => ({
  id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${principalId}`,
  scope,
  roleGuid: "g",
  roleDefinitionId: "d",
  principalId,
  principalType: "ServicePrincipal",
  since: undefined,
  conditional: false,
});

const KUBELET_IDENTITY = { id: KUBELET, location: "westeurope", clientId: "c", tenantId: undefined };
const systemFacts = systemAssigned().facts;
const ownKubelet = { identityProfile: { kubeletidentity: { resourceId: KUBELET } } };
const aksKubelet = {
  identityProfile: {
    kubeletidentity: {
      resourceId: `${NODE_GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/shop-agentpool`,
    },
  },
};
const shared = { identityProfile: { kubeletidentity: { resourceId: IDENTITY } } };

const CASES: [string, Check, ClusterReading, string[]][] = [
  ["a service principal", identity.checkServicePrincipal, onServicePrincipal(), ["ID001 high"]],
  ["managed identity", identity.checkServicePrincipal, readingOf(), []],

  ["nodes on an older model", identity.checkHalfMigrated, readingOf({ pools: [pool("model")] }), ["ID002 high"]],
  ["scale sets without the identity", identity.checkHalfMigrated, readingOf({ pools: [pool("none")] }), ["ID002 high"]],
  [
    "nodes that cannot be read",
    identity.checkHalfMigrated,
    readingOf({ pools: [pool("unknown")] }),
    ["ID002 not assessed"],
  ],
  [
    "no kubelet identity",
    identity.checkHalfMigrated,
    readingOf({ cluster: clusterOf({ identityProfile: {} }) }),
    ["ID002 high"],
  ],
  ["re-imaged nodes", identity.checkHalfMigrated, readingOf({ pools: [pool("rolled")] }), []],

  ["system-assigned", identity.checkSystemAssignedIdentity, systemAssigned(), ["ID008 info"]],
  [
    "system-assigned with a private DNS zone of its own",
    identity.checkSystemAssignedIdentity,
    systemAssigned({ facts: { ...systemFacts, privateDnsZone: "/zone" } }),
    ["ID007 blocker"],
  ],
  [
    "system-assigned with KMS, a host group and a reservation",
    identity.checkSystemAssignedIdentity,
    systemAssigned(
      { facts: { ...systemFacts, kms: { keyId: "key" } } },
      { agentPoolProfiles: [{ name: "a", hostGroupID: "/host", capacityReservationGroupID: "/reserved" }] },
    ),
    ["ID007 blocker", "ID007 blocker", "ID007 blocker"],
  ],
  ...["kubenet", "none"].map((plugin): (typeof CASES)[number] => [
    `system-assigned with outbound routes of its own and the network plugin ${plugin}`,
    identity.checkSystemAssignedIdentity,
    systemAssigned({
      facts: { ...systemFacts, network: { ...systemFacts.network, plugin, outboundType: "userDefinedRouting" } },
    }),
    ["ID007 blocker"],
  ]),
  [
    "system-assigned with outbound routes of its own and Azure CNI",
    identity.checkSystemAssignedIdentity,
    systemAssigned({
      facts: {
        ...systemFacts,
        network: { ...systemFacts.network, plugin: "azure", outboundType: "userDefinedRouting" },
      },
    }),
    ["ID008 info"],
  ],
  ["user-assigned", identity.checkSystemAssignedIdentity, readingOf(), []],

  [
    "an identity that is gone",
    identity.checkIdentitiesExist,
    kubeletReading({ identity: known(undefined) }),
    ["ID009 critical"],
  ],
  [
    "an identity that was deleted and made again: another principal",
    identity.checkIdentitiesExist,
    kubeletReading({ identity: known({ ...KUBELET_IDENTITY, principalId: "another" }) }),
    ["ID009 critical"],
  ],
  [
    "an identity that cannot be read",
    identity.checkIdentitiesExist,
    kubeletReading({ identity: unknown("403") }),
    ["ID009 not assessed"],
  ],
  ["identities that are there", identity.checkIdentitiesExist, readingOf(), []],

  [
    "one identity for nodes and control plane",
    identity.checkIdentitiesAreSeparate,
    readingOf({ cluster: clusterOf(shared) }),
    ["ID010 medium"],
  ],
  [
    "an identity of two clusters",
    identity.checkIdentitiesAreSeparate,
    kubeletReading({ otherClusters: { items: ["/other"] } }),
    ["ID011 medium"],
  ],
  [
    "perhaps an identity of two clusters",
    identity.checkIdentitiesAreSeparate,
    kubeletReading({ otherClusters: { items: [], gap: "403" } }),
    ["ID011 not assessed"],
  ],
  ["identities of its own", identity.checkIdentitiesAreSeparate, readingOf(), []],

  [
    "an own kubelet identity under a system-assigned control plane",
    identity.checkKubeletIdentityFits,
    systemAssigned({}, ownKubelet),
    ["ID013 high"],
  ],
  [
    "AKS's kubelet identity under a system-assigned control plane",
    identity.checkKubeletIdentityFits,
    systemAssigned({}, aksKubelet),
    [],
  ],
  ["an own kubelet identity under a user-assigned control plane", identity.checkKubeletIdentityFits, readingOf(), []],

  [
    "China East",
    identity.checkRegionSupport,
    onServicePrincipal({}, { cluster: clusterOf({}, { location: "China East" }) }),
    ["ID014 blocker"],
  ],
  [
    "US Gov Iowa",
    identity.checkRegionSupport,
    onServicePrincipal({}, { cluster: clusterOf({}, { location: "usgoviowa" }) }),
    ["ID014 medium"],
  ],
  ["West Europe", identity.checkRegionSupport, onServicePrincipal(), []],

  [
    "an identity of another tenant",
    identity.checkTenant,
    readingOf({ tenant: "33333333-3333-4333-8333-333333333333" }),
    ["ID015 critical"],
  ],
  ["an identity of the same tenant", identity.checkTenant, readingOf(), []],

  [
    "a role of nobody",
    identity.checkLeftovers,
    readingOf({ ownAssignments: { items: [assignment("gone", CLUSTER)] } }),
    ["ID017 low"],
  ],
  [
    "an application on the nodes' group of a finished cluster",
    identity.checkLeftovers,
    readingOf({
      ownAssignments: { items: [assignment("old", NODE_GROUP)] },
      directory: known(new Map([["old", "application"]])),
    }),
    ["ID017 low"],
  ],
  [
    "the principal in use on the nodes' group",
    identity.checkLeftovers,
    onServicePrincipal(
      {},
      {
        ownAssignments: { items: [assignment("old", NODE_GROUP)] },
        directory: known(new Map([["old", "application"]])),
      },
    ),
    [],
  ],
  [
    "managed identities on the nodes' group",
    identity.checkLeftovers,
    readingOf({
      ownAssignments: { items: [assignment("mi", NODE_GROUP)] },
      directory: known(new Map([["mi", "managed-identity"]])),
    }),
    [],
  ],
  [
    "a directory that cannot be read",
    identity.checkLeftovers,
    readingOf({ directory: unknown("403") }),
    ["ID017 not assessed"],
  ],
];

test.each(CASES)("%s", (_, check, reading, expected) => {
  expect(say(check, reading)).toEqual(expected);
});

test("a cluster on a service principal is told what PSRule and Azure Policy say, and where PSRule is outdated", () => {
  const [finding] = identity.checkServicePrincipal(onServicePrincipal());
  expect(finding).toMatchObject({
    rules: ["PSRule Azure.AKS.ManagedIdentity (AZR-000025)", "Azure Policy da6e2401-19da-4532-9141-fb8fbde08431"],
    remedy: expect.stringContaining("need not be deployed anew, as PSRule's page"),
  });
});
