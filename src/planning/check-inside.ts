import type { Azure } from "../azure/azure.ts";
import type { ManagedCluster } from "../azure/clusters.ts";
import { isWithin } from "../azure/ids.ts";
import type { Finding } from "../engine/step.ts";
import {
  type InsideOutcome,
  judgeBudgets,
  judgeReferences,
  judgeRegistries,
  judgeWorkloads,
} from "../in-cluster/judge-inside.ts";
import { lookInside } from "../in-cluster/look-inside.ts";
import { isHostOf } from "../in-cluster/workloads.ts";
import { controlPlaneGrants } from "../migration/grants.ts";
import type { Migration } from "../migration/migration.ts";
import type { PathId } from "../plan/schema.ts";
import { rollKindOf } from "./check-nodes.ts";

/** Roles that only let their holder look, or act on identities: they give no right on what the cluster names. */
const ROLES_WITHOUT_WRITES = new Set(["Reader", "Managed Identity Operator"]);

/** What a look inside says about a plan: what it does not cure, measured by the roles and registries that it gives. */
export async function checkInside(
  azure: Azure,
  cluster: ManagedCluster,
  migration: Migration,
  path: PathId,
): Promise<Finding[]> {
  const { clusterId, facts, from, target } = migration;
  const inside = await lookInside(azure, clusterId, cluster, from.servicePrincipal?.clientId);
  const grants = controlPlaneGrants(clusterId, facts, target).filter(({ role }) => !ROLES_WITHOUT_WRITES.has(role));
  const rolls = rollKindOf(path, migration) !== undefined;
  return [
    ...(rolls ? judgeBudgets(inside) : []),
    ...judgeWorkloads(inside),
    ...judgeReferences(inside, ({ scope }) => grants.some((grant) => isWithin(scope, grant.scope))),
    ...(rolls ? judgeRegistries(inside, "blocker", (host) => isPlanned(host, facts.registries)) : []),
  ].map(asFinding);
}

function isPlanned(host: string, registries: readonly { readonly id: string }[]): boolean {
  return registries.some(({ id }) => isHostOf(host, id.split("/").at(-1)!));
}

/** What could not be looked at stays in the plan, in front of whoever approves it. */
function asFinding(outcome: InsideOutcome): Finding {
  if ("severity" in outcome) return outcome;
  return {
    check: outcome.check,
    severity: "info",
    seen: `${outcome.reason}: not assessed`,
    remedy: "Look at it with `kubectl` from where the cluster's API server can be reached.",
  };
}
