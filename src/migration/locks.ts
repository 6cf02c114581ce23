import type { Azure } from "../azure/azure.ts";
import { hasStatus } from "../azure/errors.ts";
import { isWithin, resourceGroupOf, subscriptionOf } from "../azure/ids.ts";
import { asString, at } from "../azure/json.ts";
import type { ManagedCluster } from "../azure/managed-cluster.ts";
import { allows } from "../azure/role-definitions.ts";
import type { Finding } from "../engine/step.ts";
import { parseRoleKey } from "../plan/change-keys.ts";
import type { ClusterFacts, ClusterPlan } from "../plan/schema.ts";
import { clusterSubnets, nodeResourceGroupId } from "./grants.ts";
import { resolveTarget } from "./migration.ts";

/** A management lock as Azure lists it. */
export interface Lock {
  readonly id: string;
  readonly name: string;
  /** `ReadOnly` or `CanNotDelete` */
  readonly level: string;
}

const LINK = "https://aka.ms/azure-lock-resources";

/**
 * RD009: the locks that stand in a migration's way. One on the nodes' resource group, or on anything in it, makes AKS refuse
 * whatever replaces nodes, also when it only forbids to delete (AKS issue 3291). Elsewhere ReadOnly forbids every write: the
 * cluster's update, new identities and role assignments. CanNotDelete forbids none of these.
 * @param written the scopes that a plan writes to, beside the cluster
 */
export function findLocks(
  locks: readonly Lock[],
  clusterId: string,
  facts: ClusterFacts,
  written: readonly string[] = [],
): Finding[] {
  const nodeGroup = nodeResourceGroupId(clusterId, facts);
  const concerned = [clusterId, ...referredTo(facts), ...written];
  const seen = new Set<string>();
  return locks.flatMap((lock): Finding[] => {
    const scope = lock.id.replace(/\/providers\/Microsoft\.Authorization\/locks\/[^/]+$/i, "");
    if (seen.has(lock.id.toLowerCase())) return [];
    seen.add(lock.id.toLowerCase());
    const holds = `the lock ${lock.name} (${lock.level}) holds on ${scope.split("/").at(-1)}`;
    if (isWithin(nodeGroup, scope) || isWithin(scope, nodeGroup)) return [ofNodes(holds)];
    const first = concerned.find((id) => isWithin(id, scope));
    if (first === undefined) return [];
    return [lock.level.toLowerCase() === "readonly" ? ofWrites(holds, first) : ofDeletions(holds)];
  });
}

function ofNodes(holds: string): Finding {
  return {
    check: "RD009",
    severity: "blocker",
    seen: `${holds}: AKS replaces no nodes while their resource group, or anything in it, is locked`,
    remedy: "Lift the lock for the time of the migration and put it back afterwards.",
    link: LINK,
  };
}

function ofWrites(holds: string, id: string): Finding {
  return {
    check: "RD009",
    severity: "blocker",
    seen: `${holds}: nothing can be written to ${id.split("/").at(-1)}, no role assigned on it either`,
    remedy: "Lift the lock for the time of the migration and put it back afterwards.",
    link: LINK,
  };
}

function ofDeletions(holds: string): Finding {
  return {
    check: "RD009",
    severity: "medium",
    seen: holds,
    remedy:
      "The migration deletes nothing there and is not hindered; only `aks-mi undo` could not take away what a run made there.",
    link: LINK,
  };
}

/** RD009: the node resource group's own lockdown keeps everyone out but AKS (AKS documentation). */
export function findLockdown(cluster: ManagedCluster): Finding[] {
  const restriction = asString(at(cluster, "properties", "nodeResourceGroupProfile", "restrictionLevel"));
  if (restriction?.toLowerCase() !== "readonly") return [];
  return [
    {
      check: "RD009",
      severity: "medium",
      seen: "the nodes' resource group is locked down (ReadOnly): only AKS itself may change it",
      remedy: "Nothing has to be done for the migration; repairs by hand on the nodes will be refused.",
      link: "https://learn.microsoft.com/azure/aks/node-resource-group-lockdown",
    },
  ];
}

/** What the cluster refers to: its control plane writes there while nodes come and go. */
function referredTo(facts: ClusterFacts): string[] {
  const { routeTables, securityGroups, publicIps } = facts.network;
  const zone = facts.privateDnsZone ? [facts.privateDnsZone] : [];
  return [...clusterSubnets(facts), ...routeTables, ...securityGroups, ...publicIps, ...zone];
}

/** The scopes that changes write to: identities to be created, and whatever roles are assigned on. */
function scopesWritten({ id, target }: Pick<ClusterPlan, "id" | "target">, keys: readonly string[]): string[] {
  const { controlPlane, kubelet } = resolveTarget(id, target);
  const identities = new Map([
    ["identity:control-plane", controlPlane?.id],
    ["identity:kubelet", kubelet?.id],
  ]);
  return keys.map((key) => identities.get(key) ?? parseRoleKey(key)?.scope).filter((scope) => scope !== undefined);
}

/**
 * Reads the locks of every subscription that a plan writes to, and says which stand in its way. What could not be read is
 * said too.
 */
export async function checkLocks(
  azure: Azure,
  cluster: ManagedCluster,
  plan: Pick<ClusterPlan, "id" | "facts" | "target">,
  keys: readonly string[],
): Promise<Finding[]> {
  const written = scopesWritten(plan, keys);
  const { locks, unread } = await readLocks(azure, [plan.id, nodeResourceGroupId(plan.id, plan.facts), ...written]);
  return [
    ...findLocks(locks, plan.id, plan.facts, written),
    ...findLockdown(cluster),
    ...unread.map(
      (scope): Finding => ({
        check: "RD009",
        severity: "info",
        seen: `you may not read the locks of ${scope.split("/").at(-1)}: not assessed`,
        remedy: "Ask someone who may.",
      }),
    ),
  ];
}

/** One list per subscription, where the caller may see all of it; else one per resource group. */
async function readLocks(azure: Azure, scopes: readonly string[]): Promise<{ locks: Lock[]; unread: string[] }> {
  const locks: Lock[] = [];
  const unread: string[] = [];
  for (const scope of await listScopes(azure, scopes)) {
    try {
      locks.push(...(await azure.resources.locks(scope)));
    } catch (error) {
      if (!hasStatus(error, 403)) throw error;
      unread.push(scope);
    }
  }
  return { locks, unread };
}

/** Azure leaves out of a subscription's list what the caller may not see, without a word; a group's it refuses. */
async function listScopes(azure: Azure, scopes: readonly string[]): Promise<string[]> {
  const lists: string[] = [];
  for (const subscription of new Set(scopes.map((scope) => subscriptionOf(scope)?.toLowerCase()))) {
    if (subscription === undefined) continue;
    const whole = `/subscriptions/${subscription}`;
    const held = await azure.roles.permissions(whole);
    if (held?.some((role) => allows(role, "Microsoft.Authorization/locks/read"))) lists.push(whole);
    else lists.push(...groupsOf(scopes.filter((scope) => isWithin(scope, whole))));
  }
  return lists;
}

function groupsOf(scopes: readonly string[]): string[] {
  const groups = new Map<string, string>();
  for (const scope of scopes) {
    const group = resourceGroupOf(scope) ?? scope;
    groups.set(group.toLowerCase(), group);
  }
  return [...groups.values()];
}
