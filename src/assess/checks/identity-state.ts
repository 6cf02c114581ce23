import { isWithin, parseResourceId, sameId } from "../../azure/ids.ts";
import { asString, at } from "../../azure/json.ts";
import { kubeletIdentityOf, userAssignedIdsOf } from "../../azure/managed-cluster.ts";
import { isBehind, isEmpty } from "../../migration/evidence.ts";
import { nodeResourceGroupId } from "../../migration/grants.ts";
import { checkRegion, checkSystemAssigned } from "../../migration/preflight.ts";
import { useOfIdentity } from "../../migration/principals.ts";
import { LINKS, RULES } from "../links.ts";
import type { Outcome } from "../outcome.ts";
import type { ClusterReading, IdentityReading } from "../reading.ts";

/** ID001: the condition of Azure Policy's built-in definition; it cannot see a cluster that is half way. */
export function checkServicePrincipal({ servicePrincipal }: ClusterReading): Outcome[] {
  if (!servicePrincipal) return [];
  return [
    {
      check: "ID001",
      severity: "high",
      seen: `control plane and nodes use the service principal ${servicePrincipal.clientId || "that the cluster does not name"}`,
      remedy:
        "Make a plan with `aks-mi plan --id …`. The cluster need not be deployed anew, as PSRule's page on this rule says: Azure changes the identity in place.",
      link: LINKS.managedIdentity,
      rules: RULES.managedIdentity,
    },
  ];
}

/** ID002: a switched control plane is no finished migration; only the nodes tell (see the ranks of node evidence). */
export function checkHalfMigrated({ cluster, servicePrincipal, pools }: ClusterReading): Outcome[] {
  if (servicePrincipal) return [];
  const remedy =
    "Finish it with `aks-mi plan`, or upgrade the node images of these pools. Azure Policy and PSRule report this cluster as compliant.";
  const old = pools.filter(isBehind);
  const outcomes: Outcome[] = pools
    .filter((pool) => pool.rank === "unknown" || isEmpty(pool))
    .map(({ pool, seen }) => ({ check: "ID002", reason: `pool ${pool}: ${seen}` }));
  if (!kubeletIdentityOf(cluster)) {
    const seen = "the control plane is on managed identity, and the cluster names no kubelet identity";
    outcomes.push({ check: "ID002", severity: "high", seen, remedy, link: LINKS.nodeImage });
  } else if (old.length > 0) {
    const seen = `the control plane is on managed identity, nodes are not: ${old.map(({ pool, seen }) => `pool ${pool}: ${seen}`).join("; ")}`;
    outcomes.push({ check: "ID002", severity: "high", seen, remedy, link: LINKS.nodeImage });
  }
  return outcomes;
}

/** ID007 and ID008: what a system-assigned identity cannot do, and that there is another kind. */
export function checkSystemAssignedIdentity({ cluster, facts, servicePrincipal }: ClusterReading): Outcome[] {
  if (servicePrincipal || !isSystemAssigned(facts.identity.type)) return [];
  const unsupported = checkSystemAssigned(cluster, facts, { controlPlane: undefined, kubelet: undefined });
  if (unsupported.length > 0) return unsupported;
  return [
    {
      check: "ID008",
      severity: "info",
      seen: "the control plane uses the system-assigned identity",
      remedy:
        "Nothing has to be done. A user-assigned identity outlives the cluster and can be given its roles beforehand; changing over takes several hours and no downtime.",
      link: LINKS.managedIdentity,
    },
  ];
}

/** ID009: an identity that is gone; recreating it under the same name gives another principal. */
export function checkIdentitiesExist({
  cluster,
  identities,
}: Pick<ClusterReading, "cluster"> & {
  readonly identities: readonly Pick<IdentityReading, "id" | "use" | "identity">[];
}): Outcome[] {
  return identities.flatMap(({ id, use, identity }): Outcome[] => {
    const name = parseResourceId(id)?.name ?? id;
    if (!identity.known) return [{ check: "ID009", reason: `${use} identity ${name}: ${identity.reason}` }];
    const used = useOfIdentity(cluster, id)?.principalId;
    if (identity.value && (used === undefined || sameId(used, identity.value.principalId))) return [];
    return [
      {
        check: "ID009",
        severity: "critical",
        seen: identity.value
          ? `the ${use} identity ${name} was deleted and made again: the cluster acts as the one that is gone`
          : `the ${use} identity ${name} does not exist any more`,
        remedy: "Plan with an identity of another name: made again under this one it is another principal.",
        link: LINKS.managedIdentity,
      },
    ];
  });
}

/** ID010 and ID011: identities that do more than one job. */
export function checkIdentitiesAreSeparate({ cluster, identities }: ClusterReading): Outcome[] {
  const outcomes: Outcome[] = [];
  const kubelet = kubeletIdentityOf(cluster)?.resourceId;
  if (kubelet && userAssignedIdsOf(cluster).some((id) => sameId(id, kubelet))) {
    outcomes.push({
      check: "ID010",
      severity: "medium",
      seen: `nodes and control plane share the identity ${parseResourceId(kubelet)?.name}: every pod that reaches the instance metadata has the control plane's rights`,
      remedy: "Plan with --kubelet-identity and another identity; its update re-images the nodes.",
      link: LINKS.managedIdentity,
    });
  }
  for (const { id, otherClusters } of identities) {
    const name = parseResourceId(id)?.name ?? id;
    if (otherClusters.items.length > 0) {
      outcomes.push({
        check: "ID011",
        severity: "medium",
        seen: `the identity ${name} is also used by ${otherClusters.items.map(lastName).join(", ")}`,
        remedy: "Give each cluster identities of its own, or accept that each has the other's rights.",
        link: LINKS.managedIdentity,
      });
    } else if (otherClusters.gap !== undefined) {
      outcomes.push({ check: "ID011", reason: `${name}: ${otherClusters.gap}` });
    }
  }
  return outcomes;
}

/** ID013: Azure supports a kubelet identity of one's own only with a user-assigned control plane. */
export function checkKubeletIdentityFits({ id, cluster, facts, servicePrincipal }: ClusterReading): Outcome[] {
  const kubelet = kubeletIdentityOf(cluster)?.resourceId;
  if (servicePrincipal || !kubelet || !isSystemAssigned(facts.identity.type)) return [];
  if (isWithin(kubelet, nodeResourceGroupId(id, facts))) return [];
  return [
    {
      check: "ID013",
      severity: "high",
      seen: `the kubelet identity ${parseResourceId(kubelet)?.name} is one's own, and the control plane is system-assigned: Azure refuses the next update of either`,
      remedy: "Move the control plane to a user-assigned identity with `aks-mi plan`.",
      link: LINKS.managedIdentity,
    },
  ];
}

/** ID014: regions that lack a part of managed identity, for clusters that a plan would move to it. */
export function checkRegionSupport({ id, cluster, servicePrincipal }: ClusterReading): Outcome[] {
  if (!servicePrincipal) return [];
  const identity = { id, name: "", resourceGroup: "", location: "" };
  return checkRegion(asString(cluster["location"]) ?? "", { controlPlane: identity, kubelet: identity });
}

/** ID015: a subscription that moved to another tenant leaves its managed identities behind; AKS does not support the move. */
export function checkTenant({ cluster, tenant, identities }: ClusterReading): Outcome[] {
  if (!tenant) return [];
  const tenants = [
    asString(at(cluster, "identity", "tenantId")),
    ...identities.map(({ identity }) => (identity.known ? identity.value?.tenantId : undefined)),
  ];
  const other = tenants.find((candidate) => candidate && candidate.toLowerCase() !== tenant.toLowerCase());
  if (!other) return [];
  return [
    {
      check: "ID015",
      severity: "critical",
      seen: `its managed identity is of tenant ${other}, its subscription of tenant ${tenant}`,
      remedy: "Move the subscription back, or build the cluster anew: AKS does not support this move.",
      link: LINKS.tenantMove,
    },
  ];
}

/** ID017: roles that outlived whom they were for. AKS does not take the old identity's role on the nodes' group away. */
export function checkLeftovers(reading: ClusterReading): Outcome[] {
  const { ownAssignments, directory, servicePrincipal } = reading;
  if (!directory.known) return [{ check: "ID017", reason: directory.reason }];
  const kindOf = (principalId: string) => directory.value.get(principalId.toLowerCase());
  const gone = ownAssignments.items.filter(({ principalId }) => kindOf(principalId) === undefined);
  // On a cluster that is through, an application on the nodes' group is most likely the old service principal.
  const isThrough = !servicePrincipal && reading.state !== "half-migrated" && reading.state !== "broken";
  const group = nodeResourceGroupId(reading.id, reading.facts);
  const old = isThrough
    ? ownAssignments.items.filter(
        ({ principalId, scope }) => kindOf(principalId) === "application" && sameId(scope, group),
      )
    : [];
  const outcomes: Outcome[] = ownAssignments.gap === undefined ? [] : [{ check: "ID017", reason: ownAssignments.gap }];
  const finding = (seen: string) =>
    outcomes.push({
      check: "ID017",
      severity: "low",
      seen,
      remedy: "Delete the assignments once nothing depends on them (`az role assignment delete --ids …`).",
      link: LINKS.permissions,
    });
  if (gone.length > 0)
    finding(`${count(gone.length)} on the cluster or its nodes, of nobody in the directory any more`);
  if (old.length > 0)
    finding(`${count(old.length)} on the nodes' resource group, of a service principal, perhaps the old one`);
  return outcomes;
}

function count(assignments: number): string {
  return assignments === 1 ? "1 role assignment" : `${assignments} role assignments`;
}

function isSystemAssigned(type: string): boolean {
  return type.toLowerCase() === "systemassigned";
}

function lastName(id: string): string {
  return id.split("/").at(-1)!;
}
