import type { Azure } from "../azure/azure.ts";
import type { ManagedCluster } from "../azure/managed-cluster.ts";
import { AksMiError } from "../engine/errors.ts";
import { resolveTarget } from "../migration/migration.ts";
import { readFacts } from "../migration/read-facts.ts";
import { NAMED_REGISTRY } from "../migration/read-registries.ts";
import type { ClusterPlan } from "../plan/schema.ts";
import { oldPrincipals } from "../planning/origin.ts";
import { compareFacts, type Difference } from "../planning/staleness.ts";

/**
 * Compares a live cluster with the facts that its plan was made from.
 * @returns what differs because the plan itself has brought it about
 * @throws AksMiError `PLAN_STALE` that names the first other difference with both values
 */
export async function ensureNotStale(azure: Azure, plan: ClusterPlan, cluster: ManagedCluster): Promise<Difference[]> {
  const named = plan.facts.registries
    .filter((registry) => registry.source === NAMED_REGISTRY)
    .map((registry) => registry.id);
  const { facts } = await readFacts(azure, cluster, oldPrincipals(plan.from), named);
  const differences = compareFacts(plan.id, plan.facts, facts, resolveTarget(plan.id, plan.target));
  const stranger = differences.find((difference) => !difference.own);
  if (!stranger) return differences;
  throw new AksMiError(
    "PLAN_STALE",
    `${plan.id.split("/").at(-1)} is not as it was when the plan was made: ${stranger.path} was ${stranger.planned} and is ${stranger.live}.`,
    "Make a new plan with `aks-mi plan`, review it, and apply that.",
  );
}
