import {
  clusterState,
  endedBadly,
  identityTypeOf,
  isOnManagedIdentity,
  isTerminal,
  kubeletIdentityOf,
  type ManagedCluster,
  unsettledStates,
} from "../azure/managed-cluster.ts";
import type { NotAssessed } from "../engine/known.ts";
import type { Finding } from "../engine/step.ts";
import { isBehind, isEmpty } from "./evidence.ts";
import type { PoolEvidence } from "./nodes.ts";

/** What a cluster really uses, from control plane and nodes. */
export type ClusterState = "service-principal" | "half-migrated" | "system-assigned" | "user-assigned" | "broken";

/** How a cluster stands between service principal and managed identity. */
export interface Completeness {
  readonly state: ClusterState;
  readonly complete: boolean;
  readonly findings: readonly Finding[];
  readonly notAssessed: readonly NotAssessed[];
}

/** Judges a cluster by its own object and by the evidence about its nodes. What cannot be assessed never reads as healthy. */
export function judgeCluster(cluster: ManagedCluster, pools: readonly PoolEvidence[]): Completeness {
  const onManagedIdentity = isOnManagedIdentity(cluster);
  const findings: Finding[] = [];
  if (!onManagedIdentity || !kubeletIdentityOf(cluster)) {
    findings.push({
      check: "PM001",
      severity: "high",
      seen: onManagedIdentity ? "the cluster names no kubelet identity" : "the control plane uses a service principal",
      remedy: "Make a plan with `aks-mi plan` and apply it.",
    });
  }
  for (const { what, state } of unsettledStates(cluster)) {
    const severity = isTerminal(state) ? ("high" as const) : ("medium" as const);
    findings.push({
      check: "PM001",
      severity,
      seen: `${what} is ${state}`,
      remedy: "Wait until it has ended, or reconcile what failed.",
    });
  }
  if (onManagedIdentity) {
    for (const pool of pools.filter(isBehind)) {
      findings.push({
        check: "ID002",
        severity: "high",
        seen: `pool ${pool.pool}: ${pool.seen}`,
        remedy: "Resume the run that switched the cluster, or upgrade the pool's node image.",
      });
    }
  }
  const unknown = pools.filter(({ rank }) => rank === "unknown");
  const notAssessed = [...unknown, ...pools.filter(isEmpty)].map((pool) => ({
    check: "PM002",
    reason: `pool ${pool.pool}: ${pool.seen}`,
  }));
  // Nodes of which nothing is known are not proven, and complete is only what is.
  const complete = findings.length === 0 && unknown.length === 0;
  return { state: stateOf(cluster, pools), complete, findings, notAssessed };
}

function stateOf(cluster: ManagedCluster, pools: readonly PoolEvidence[]): ClusterState {
  if (endedBadly(clusterState(cluster))) return "broken";
  if (!isOnManagedIdentity(cluster)) return "service-principal";
  if (!kubeletIdentityOf(cluster) || pools.some(isBehind)) return "half-migrated";
  return identityTypeOf(cluster)?.toLowerCase() === "userassigned" ? "user-assigned" : "system-assigned";
}
