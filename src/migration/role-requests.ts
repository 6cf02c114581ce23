import { shell } from "../engine/shell.ts";
import { type Grantee, parseRoleKey } from "../plan/change-keys.ts";
import type { ClusterPlan, MigrationPlan } from "../plan/schema.ts";
import { describe } from "./grants.ts";
import { resolveTarget } from "./migration.ts";

/** A role assignment that someone else has to make, because the operator may not. */
export interface RoleRequest {
  readonly cluster: string;
  readonly role: string;
  readonly scope: string;
  /** Who gets it, in words. */
  readonly to: string;
  readonly reason: string;
  /** A command that makes it, for whoever may. It looks the principal up itself: it may not exist yet. */
  readonly command: string;
}

/** The role assignments of a plan, as requests for whoever may make them. */
export function roleRequests(plan: MigrationPlan): RoleRequest[] {
  return plan.clusters.flatMap((cluster) =>
    cluster.steps.flatMap((step) =>
      step.changes.flatMap((change) => {
        const parsed = parseRoleKey(change.key);
        if (!parsed) return [];
        const { role, scope, who } = parsed;
        const command = [
          "az role assignment create --assignee-principal-type ServicePrincipal",
          `--assignee-object-id "$(${principalQuery(cluster, who)})"`,
          `--role ${shell(role)} --scope ${shell(scope)}`,
        ].join(" ");
        return [{ cluster: cluster.id, role, scope, to: describe(who), reason: change.reason, command }];
      }),
    ),
  );
}

/** An `az` query that prints a grantee's object id. */
function principalQuery(cluster: ClusterPlan, who: Grantee): string {
  const { controlPlane, kubelet } = resolveTarget(cluster.id, cluster.target);
  const show = (query: string) => `az aks show --ids ${shell(cluster.id)} --query ${shell(query)} -o tsv`;
  if (who === "control-plane") return controlPlane ? identityQuery(controlPlane.id) : show("identity.principalId");
  if (who === "kubelet") return kubelet ? identityQuery(kubelet.id) : show("identityProfile.kubeletidentity.objectId");
  const addon = who.slice("addon:".length);
  // Azure keeps this one beside the other add-ons.
  const profile = addon === "webAppRouting" ? `ingressProfile.${addon}` : `addonProfiles.${addon}`;
  return show(`${profile}.identity.objectId`);
}

function identityQuery(id: string): string {
  return `az identity show --ids ${shell(id)} --query principalId -o tsv`;
}
