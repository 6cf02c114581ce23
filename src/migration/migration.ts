import { identityId, parseResourceId, sameId } from "../azure/ids.ts";
import { parseDuration } from "../engine/clock.ts";
import type { History } from "../engine/history.ts";
import type { OperationStore } from "../engine/operations.ts";
import type { ClusterFacts, ClusterPlan, IdentityTarget, MigrationPlan } from "../plan/schema.ts";

/** A user-assigned identity that the migration uses. */
export interface PlannedIdentity {
  readonly id: string;
  readonly name: string;
  readonly resourceGroup: string;
  readonly location: string;
}

/** Where the cluster is to go. */
export interface Target {
  /** Undefined: the system-assigned identity. */
  readonly controlPlane: PlannedIdentity | undefined;
  /** Undefined: the one that AKS makes. */
  readonly kubelet: PlannedIdentity | undefined;
}

/** One cluster's migration, as its steps are configured from the plan. */
export interface Migration {
  readonly clusterId: string;
  readonly cloud: string;
  readonly facts: ClusterFacts;
  readonly from: ClusterPlan["from"];
  readonly target: Target;
  readonly rolePropagationMs: number;
  readonly tokenSwitchoverMs: number;
  /** True when someone else makes the role assignments, and the run waits for them. */
  readonly roleRequests: boolean;
  /** True when nodes are re-imaged although a maintenance window is shut (`--ignore-preflight RD008`). */
  readonly ignoresWindows: boolean;
  /** What Azure forgets. */
  readonly history: History;
  readonly operations: OperationStore;
}

/** The key of the change that is the point of no return. */
export function switchKey(clusterId: string): string {
  return `switch:${clusterId}`;
}

/** The key of the update that gives a cluster its own kubelet identity. */
export function kubeletIdentityKey(clusterId: string): string {
  return `kubelet-identity:${clusterId}`;
}

/** The key of a pool's node image upgrade. */
export function rollKey(pool: string): string {
  return `roll:${pool}`;
}

/** The condition under which one update becomes two. */
export const COMBINED_REFUSED =
  "Azure refuses or ignores the kubelet identity in the update that switches the control plane";

/** True when this migration gives the nodes another identity than the one they have: only then are they re-imaged. */
export function changesKubeletIdentity({ from, facts, target }: Pick<Migration, "from" | "facts" | "target">): boolean {
  if (from.servicePrincipal) return true;
  return target.kubelet !== undefined && !sameId(target.kubelet.id, facts.kubeletIdentity);
}

/** Reads one cluster of a plan as a migration. */
export function migrationOf(
  plan: MigrationPlan,
  cluster: ClusterPlan,
  history: History,
  operations: OperationStore,
): Migration {
  return {
    clusterId: cluster.id,
    cloud: plan.metadata.cloud,
    facts: cluster.facts,
    from: cluster.from,
    target: resolveTarget(cluster.id, cluster.target),
    rolePropagationMs: parseDuration(plan.settings.rolePropagation.wait)!,
    tokenSwitchoverMs: parseDuration(plan.settings.tokenSwitchover.wait)!,
    roleRequests: plan.settings.roleRequests === true,
    ignoresWindows: plan.settings.ignoredChecks?.includes("RD008") === true,
    history,
    operations,
  };
}

/** Fills in the ids of the identities that a plan names. */
export function resolveTarget(clusterId: string, target: ClusterPlan["target"]): Target {
  const { subscription } = parseResourceId(clusterId)!;
  const resolve = (identity: IdentityTarget | undefined): PlannedIdentity | undefined =>
    identity && {
      id: identityId(identity.subscription ?? subscription, identity.resourceGroup, identity.name),
      name: identity.name,
      resourceGroup: identity.resourceGroup,
      location: identity.location,
    };
  return { controlPlane: resolve(target.controlPlaneIdentity), kubelet: resolve(target.kubeletIdentity) };
}
