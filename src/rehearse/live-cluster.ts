import type { ManagedCluster } from "../azure/managed-cluster.ts";
import type { ClusterPlan } from "../plan/schema.ts";

/** A cluster of a plan, with its live object. */
export interface LiveCluster {
  readonly plan: ClusterPlan;
  readonly cluster: ManagedCluster;
}

/** How many requests are under way at a time: well below what Azure Resource Manager lets through. */
export const READS_AT_ONCE = 8;
