import type { Azure } from "../azure/azure.ts";
import { isWithin } from "../azure/ids.ts";
import type { ManagedCluster } from "../azure/managed-cluster.ts";
import { asFinding, type Outcome } from "../engine/outcome.ts";
import type { Finding } from "../engine/step.ts";
import { judgeBudgets, judgeDrains, judgeInterruptions } from "../in-cluster/judge-drains.ts";
import { judgeReferences, judgeRegistries, judgeWorkloads } from "../in-cluster/judge-inside.ts";
import { type DrainEvidence, lookAtDrains, lookInside } from "../in-cluster/look-inside.ts";
import type { OutsideReference } from "../in-cluster/references.ts";
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
  const grants = controlPlaneGrants(clusterId, facts, target);
  const gives = ({ scope, action }: OutsideReference) =>
    grants.some(
      (grant) =>
        isWithin(scope, grant.scope) &&
        (!ROLES_WITHOUT_WRITES.has(grant.role) || (grant.role === "Reader" && action.endsWith("/read"))),
    );
  const rolls = rollKindOf(path, migration) !== undefined;
  return [
    ...(rolls ? [...judgeDrains(inside), ...judgeInterruptions(inside)] : []),
    ...judgeWorkloads(inside),
    ...judgeReferences(inside, gives),
    ...(rolls ? judgePulls(inside, migration) : []),
  ].map(toFinding);
}

/** The part of it that is asked again right before nodes are drained: pods and budgets come and go. */
export async function checkDrains(
  azure: Azure,
  cluster: ManagedCluster,
  migration: Migration,
  path: PathId,
): Promise<Finding[]> {
  if (!rollKindOf(path, migration)) return [];
  const inside = await lookAtDrains(azure, migration.clusterId, cluster);
  return [...judgeBudgets(inside), ...judgePulls(inside, migration)].map(toFinding);
}

/** Registries on which the plan gives the kubelet identity no role. */
function judgePulls(inside: DrainEvidence, { facts }: Migration): Outcome[] {
  return judgeRegistries(inside, "blocker", (host) =>
    facts.registries.some(({ id }) => isHostOf(host, id.split("/").at(-1)!)),
  );
}

function toFinding(outcome: Outcome): Finding {
  return asFinding(outcome, "Look at it with `kubectl` from where the cluster's API server can be reached.");
}
