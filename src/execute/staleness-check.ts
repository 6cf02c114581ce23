import type { Azure } from "../azure/azure.ts";
import type { ManagedCluster } from "../azure/managed-cluster.ts";
import { AksMiError } from "../engine/errors.ts";
import { resolveTarget } from "../migration/migration.ts";
import { readFacts } from "../migration/read-facts.ts";
import { NAMED_REGISTRY } from "../migration/read-registries.ts";
import { fingerprint } from "../plan/canonical.ts";
import type { ClusterPlan } from "../plan/schema.ts";
import { oldPrincipals } from "../planning/origin.ts";
import { compareFacts, type Difference } from "../planning/staleness.ts";

/**
 * Compares a live cluster with the facts that its plan was made from.
 * @returns what differs because the plan itself has brought it about
 * @throws AksMiError `PLAN_STALE` that names the first other difference with both values, or says that the facts were edited
 */
export async function ensureNotStale(azure: Azure, plan: ClusterPlan, cluster: ManagedCluster): Promise<Difference[]> {
  const named = plan.facts.registries
    .filter((registry) => registry.source === NAMED_REGISTRY)
    .map((registry) => registry.id);
  const { facts } = await readFacts(azure, cluster, oldPrincipals(plan.from), named);
  const differences = compareFacts(plan.id, plan.facts, facts, resolveTarget(plan.id, plan.target));
  const stranger = differences.find((difference) => !difference.own);
  const name = plan.id.split("/").at(-1);
  if (stranger)
    throw stale(
      `${name} is not as it was when the plan was made: ${stranger.path} was ${stranger.planned} and is ${stranger.live}.`,
    );
  if (fingerprint(plan.facts) !== plan.fingerprint)
    throw stale(`The facts of ${name} in the plan are not those of its fingerprint: one of both was edited.`);
  return differences;
}

function stale(what: string): AksMiError {
  return new AksMiError("PLAN_STALE", what, "Make a new plan with `aks-mi plan`, review it, and apply that.");
}
