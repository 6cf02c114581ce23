import type { Azure } from "../azure/azure.ts";
import { hasStatus } from "../azure/errors.ts";
import { isWithin, subscriptionOf } from "../azure/ids.ts";
import { at } from "../azure/json.ts";
import type { ManagedCluster } from "../azure/managed-cluster.ts";
import type { PolicyAssignment } from "../azure/policies.ts";
import type { NotAssessed } from "../engine/known.ts";
import type { Finding } from "../engine/step.ts";

/** Azure Policy's built-in definitions for clusters, by the name of the definition. */
export const BUILT_IN_POLICIES = {
  managedIdentity: "da6e2401-19da-4532-9141-fb8fbde08431",
  workloadIdentity: "2cc2e023-0dac-4046-875b-178f683929d5",
  entraIntegration: "450d2877-ebea-41e8-b00c-e286317d21bf",
  localAccounts: "993c2fcd-2b29-49d2-9eb0-df2c3a730c32",
} as const;

/** The assignments that apply to a cluster and are enforced. */
function assignmentsOn(clusterId: string, assignments: readonly PolicyAssignment[]): PolicyAssignment[] {
  return assignments.filter(
    (assignment) =>
      assignment.enforced &&
      (isWithin(clusterId, assignment.scope) || /\/managementGroups\//i.test(assignment.scope)) &&
      !assignment.excludedScopes.some((scope) => isWithin(clusterId, scope)),
  );
}

/**
 * RD010: the built-in definition against local accounts, assigned with `Deny`, refuses every update of a cluster that still
 * has them, the switch too. Other definitions that can deny are not evaluated here.
 */
export function findDenials(
  clusterId: string,
  cluster: ManagedCluster,
  assignments: readonly PolicyAssignment[],
): Finding[] {
  if (at(cluster, "properties", "disableLocalAccounts") === true) return [];
  return assignmentsOn(clusterId, assignments)
    .filter(
      ({ definition, effect }) => definition === BUILT_IN_POLICIES.localAccounts && effect?.toLowerCase() === "deny",
    )
    .map(({ name }) => ({
      check: "RD010",
      severity: "blocker" as const,
      seen: `the policy assignment ${name} denies updates of clusters with local accounts, and this one has them`,
      remedy: "Disable local accounts first, or ask for an exemption for the time of the migration.",
      link: "https://learn.microsoft.com/azure/aks/manage-local-accounts-managed-azure-ad",
    }));
}

/** What no one here can say of the other assignments on a cluster: their rules are not evaluated. */
export function findUnevaluated(clusterId: string, assignments: readonly PolicyAssignment[]): NotAssessed[] {
  const evaluated = new Set<string>(Object.values(BUILT_IN_POLICIES));
  const others = assignmentsOn(clusterId, assignments).filter(({ definition }) => !evaluated.has(definition));
  if (others.length === 0) return [];
  const what =
    others.length === 1 ? "the rules of 1 policy assignment" : `the rules of ${others.length} policy assignments`;
  return [{ check: "RD010", reason: `${what} on the cluster are not evaluated` }];
}

/** The same for a plan, with a read of its own. Unreadable assignments are reported as such. */
export async function checkPolicies(azure: Azure, clusterId: string, cluster: ManagedCluster): Promise<Finding[]> {
  try {
    const assignments = await azure.policies.assignments(subscriptionOf(clusterId)!);
    return [
      ...findDenials(clusterId, cluster, assignments),
      ...findUnevaluated(clusterId, assignments).map(
        ({ check, reason }): Finding => ({
          check,
          severity: "info",
          seen: `${reason}: not assessed`,
          remedy: "One that denies updates shows when Azure refuses the first: by its name, and with nothing changed.",
        }),
      ),
    ];
  } catch (error) {
    if (!hasStatus(error, 403)) throw error;
    return [
      {
        check: "RD010",
        severity: "info",
        seen: "you may not read the policy assignments: not assessed",
        remedy: "Ask someone who may whether a policy denies updates of this cluster.",
      },
    ];
  }
}
