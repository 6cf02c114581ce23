import { isWithin, parseResourceId, resourceGroupId, sameId } from "../azure/ids.ts";
import { roleGuidOf } from "../azure/roles.ts";
import type { Change } from "../engine/step.ts";
import { type Grantee, roleKey } from "../plan/change-keys.ts";
import type { ClusterFacts, ClusterPlan, HeldRole } from "../plan/schema.ts";
import { BUILT_IN_ROLES, type BuiltInRole, PULL_ROLES, ROLES_THAT_GRANT_ROLES } from "./built-in-roles.ts";
import { isBelowSubscription } from "./foreign-roles.ts";
import type { Target } from "./migration.ts";

/** A role that one of the new identities is to hold. */
export interface Grant {
  readonly who: Grantee;
  readonly role: string;
  readonly roleGuid: string;
  readonly scope: string;
  /** The resource that it is for, where its scope is that resource's group. */
  readonly on?: string;
  readonly reason: string;
}

/** What becomes of a right of the old identity, and why. */
export type Right = ClusterPlan["rights"][number];

/** The change that makes a grant. */
export function grantChange(grant: Grant): Change {
  return {
    key: roleKey(grant),
    summary: `assign ${grant.role} on ${shortName(grant.scope)} to the ${describe(grant.who)}`,
    reason: grant.reason,
    risk: "additive",
  };
}

/** A grantee in words. */
export function describe(who: Grantee): string {
  if (who === "control-plane") return "control-plane identity";
  if (who === "kubelet") return "kubelet identity";
  return `identity of add-on ${who.slice("addon:".length)}`;
}

function shortName(scope: string): string {
  return parseResourceId(scope)?.name ?? scope.split("/").filter(Boolean).at(-1) ?? "the root scope";
}

/** What the control plane needs: what the cluster's own resources ask for, and what the old principal held. */
export function controlPlaneGrants(clusterId: string, facts: ClusterFacts, target: Target): Grant[] {
  const grants: Grant[] = [];
  const add = (next: Grant) => {
    const isSame = (grant: Grant) => grant.roleGuid === next.roleGuid && sameId(grant.scope, next.scope);
    if (!grants.some(isSame)) grants.push(next);
  };
  for (const needed of neededByCluster(clusterId, facts, target)) add(needed);
  for (const held of facts.heldRoles ?? []) {
    if (reasonNotToCopy(held) || PULL_ROLES.has(roleGuid(held))) continue;
    const reason = held.through
      ? `the old identity holds it through the group ${held.through}`
      : "the old identity holds it";
    add({ who: "control-plane", role: held.role, roleGuid: roleGuid(held), scope: held.scope, reason });
  }
  return grants;
}

/** What the kubelet identity needs: to pull from each registry. */
export function kubeletGrants(facts: ClusterFacts): Grant[] {
  return facts.registries.map((registry) => {
    const role: BuiltInRole = registry.mode === "abac" ? "Container Registry Repository Reader" : "AcrPull";
    const reason = `the nodes pull images from it (${registry.source})`;
    return { who: "kubelet", role, roleGuid: BUILT_IN_ROLES[role], scope: registry.id, reason };
  });
}

function* neededByCluster(clusterId: string, facts: ClusterFacts, target: Target): Generator<Grant> {
  const outside = (id: string) => !isWithin(id, nodeResourceGroupId(clusterId, facts));
  const give = (role: BuiltInRole, scope: string, reason: string): Grant => ({
    who: "control-plane",
    role,
    roleGuid: BUILT_IN_ROLES[role],
    scope,
    reason,
  });
  const subnets = clusterSubnets(facts).filter(outside);
  for (const id of subnets) yield give("Network Contributor", id, "nodes and load balancers join this subnet");
  for (const id of facts.network.routeTables.filter(outside)) {
    yield give("Network Contributor", id, "the control plane writes the routes of the nodes into it");
  }
  for (const id of facts.network.securityGroups.filter(outside)) {
    yield give("Network Contributor", id, "the control plane writes rules for Services of type LoadBalancer into it");
  }
  for (const id of facts.network.publicIps.filter(outside)) {
    yield give("Network Contributor", id, "the load balancer uses this outbound address");
  }
  if (facts.privateDnsZone) {
    yield give(
      "Private DNS Zone Contributor",
      facts.privateDnsZone,
      "the API server's private name is registered in it",
    );
    for (const vnet of new Set(subnets.map(virtualNetworkOf))) {
      yield give("Network Contributor", vnet, "the private DNS zone is linked to this virtual network");
    }
  }
  for (const id of unique(facts.pools.flatMap(({ placement = [] }) => placement)).filter(outside)) yield placed(id);
  if (facts.diskEncryptionSet) yield give("Reader", facts.diskEncryptionSet, "disks are encrypted with its key");
  if (facts.kms?.vault) {
    yield give("Key Vault Crypto User", facts.kms.vault, "Kubernetes secrets are encrypted with a key in it");
    if (facts.kms.isPrivate)
      yield give(
        "Key Vault Contributor",
        facts.kms.vault,
        "the cluster reaches this private vault over a private link",
      );
  }
  if (target.kubelet && outside(target.kubelet.id)) {
    yield give(
      "Managed Identity Operator",
      target.kubelet.id,
      "the control plane assigns the kubelet identity to the nodes",
    );
  }
}

/**
 * What placing nodes takes: Contributor on the resource group of a host group or capacity reservation group (AKS
 * documentation of each), the right to write a proximity placement group.
 */
function placed(id: string): Grant {
  const { subscription, resourceGroup, type, name } = parseResourceId(id)!;
  const isProximity = /\/proximityPlacementGroups$/i.test(type);
  const scope = isProximity ? id : resourceGroupId(subscription, resourceGroup);
  return {
    who: "control-plane",
    role: "Contributor",
    roleGuid: BUILT_IN_ROLES.Contributor,
    scope,
    ...(isProximity ? {} : { on: id }),
    reason: `nodes are placed in ${name}`,
  };
}

/** Every subnet that the cluster's pools and API server are in. */
export function clusterSubnets(facts: ClusterFacts): string[] {
  const ids = [...facts.pools.flatMap((pool) => [pool.subnet, pool.podSubnet]), facts.network.apiServerSubnet];
  return unique(ids.filter((id): id is string => id !== undefined));
}

/** The id of the resource group in which AKS keeps the nodes. */
export function nodeResourceGroupId(clusterId: string, facts: ClusterFacts): string {
  return resourceGroupId(parseResourceId(clusterId)!.subscription, facts.network.nodeResourceGroup);
}

/** The id of the virtual network that a subnet is in. */
export function virtualNetworkOf(subnetId: string): string {
  return subnetId.replace(/\/subnets\/[^/]+$/i, "");
}

/** What becomes of each right that the old identity holds. */
export function decideRights(facts: ClusterFacts): Right[] {
  return (facts.heldRoles ?? []).map((held) => {
    const { role, scope, through } = held;
    const right = { role, scope, ...(through ? { through } : {}) };
    const refusal = reasonNotToCopy(held);
    if (refusal) return { ...right, decision: refusal.decision, reason: refusal.reason, instead: proposeInstead(held) };
    if (PULL_ROLES.has(roleGuid(held))) {
      return {
        ...right,
        decision: "moved" as const,
        reason: `images are pulled by the nodes, so the kubelet identity gets it${held.conditional ? ", for the whole registry: its condition is not copied" : ""}`,
      };
    }
    return { ...right, decision: "kept" as const, reason: "the control plane may need it as before" };
  });
}

function reasonNotToCopy(held: HeldRole): { decision: "narrowed" | "dropped"; reason: string } | undefined {
  if (grantsRoles(held)) {
    return { decision: "dropped", reason: `${held.role} may hand out roles, which no cluster needs` };
  }
  if (!isBelowSubscription(held.scope)) {
    return { decision: "narrowed", reason: "it reaches over a whole subscription or more" };
  }
  if (held.conditional && !PULL_ROLES.has(roleGuid(held))) {
    return { decision: "dropped", reason: "it holds under a condition, without which it would allow more" };
  }
  return undefined;
}

function grantsRoles(held: HeldRole): boolean {
  return held.grantsRoles === true || ROLES_THAT_GRANT_ROLES.has(roleGuid(held));
}

function proposeInstead(held: HeldRole): string {
  if (isBelowSubscription(held.scope) && !grantsRoles(held))
    return "the same role under the same condition, assigned by hand where the cluster needs it";
  return !isBelowSubscription(held.scope)
    ? `the roles of this plan on the cluster's own resources; where workloads need more, ${grantsRoles(held) ? "a role without role assignment" : held.role} on the one resource group concerned`
    : "a role for the one action that is needed, for example Network Contributor on the resource";
}

function roleGuid({ roleDefinitionId }: HeldRole): string {
  return roleGuidOf(roleDefinitionId);
}

function unique(ids: string[]): string[] {
  return ids.filter((id, index) => ids.findIndex((other) => sameId(other, id)) === index);
}
