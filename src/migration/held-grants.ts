import type { Azure } from "../azure/azure.ts";
import { isWithin, subscriptionOf } from "../azure/ids.ts";
import { isOnManagedIdentity, type ManagedCluster } from "../azure/managed-cluster.ts";
import type { RoleAssignment } from "../azure/roles.ts";
import { AksMiError } from "../engine/errors.ts";
import type { Report } from "../engine/step.ts";
import type { Grantee } from "../plan/change-keys.ts";
import { type Grant, grantChange } from "./grants.ts";
import type { Migration } from "./migration.ts";
import { type Principals, readPrincipals } from "./principals.ts";

/** Which of some grants are held. */
export interface GrantFacts {
  readonly principals: Principals;
  /** The grants that nobody holds yet. */
  readonly missing: readonly Grant[];
  /** When the youngest of the held grants came about; undefined when all are older than anyone can tell. */
  readonly youngest: Date | undefined;
  /** True when a principal is missing although the cluster has been switched: Azure will show it later. */
  readonly waitingForPrincipal: boolean;
}

/** Reads which of the grants the new identities hold, one list per principal and subscription. */
export async function readGrants(
  azure: Azure,
  migration: Migration,
  cluster: ManagedCluster,
  grants: readonly Grant[],
): Promise<GrantFacts> {
  const principals = await readPrincipals(
    azure,
    cluster,
    migration.target,
    grants.map((grant) => grant.who),
  );
  const lists = new Map<string, Promise<RoleAssignment[]>>();
  const missing: Grant[] = [];
  const since: number[] = [];
  for (const grant of grants) {
    const principal = principals.get(grant.who);
    const held = principal ? await findAssignment(azure, lists, grant, principal) : undefined;
    if (!held) missing.push(grant);
    else if (held.since) since.push(held.since.getTime());
  }
  return {
    principals,
    missing,
    youngest: since.length > 0 ? new Date(Math.max(...since)) : undefined,
    waitingForPrincipal:
      isOnManagedIdentity(cluster) && grants.some(({ who }) => !principals.has(who) && !isGivenByUser(who, migration)),
  };
}

/** True for an identity of the plan's own: it is created by a step, not waited for. */
function isGivenByUser(who: Grantee, { target }: Migration): boolean {
  return (
    (who === "control-plane" && target.controlPlane !== undefined) ||
    (who === "kubelet" && target.kubelet !== undefined)
  );
}

/** The oldest assignment that covers a grant: the same role at its scope or above it, without conditions. */
async function findAssignment(
  azure: Azure,
  lists: Map<string, Promise<RoleAssignment[]>>,
  grant: Grant,
  principal: string,
): Promise<RoleAssignment | undefined> {
  const subscription = subscriptionOf(grant.scope) ?? "";
  const key = `${subscription} ${principal}`;
  const list = lists.get(key) ?? azure.roles.listForPrincipal(subscription, principal);
  lists.set(key, list);
  return (await list)
    .filter((held) => held.principalId === principal && held.roleGuid === grant.roleGuid.toLowerCase())
    .filter((held) => isWithin(grant.scope, held.scope) && !held.conditional)
    .sort((a, b) => (a.since?.getTime() ?? 0) - (b.since?.getTime() ?? 0))[0];
}

/** Makes one grant. @throws AksMiError when its principal is not there */
export async function applyGrant(azure: Azure, migration: Migration, grant: Grant, report: Report): Promise<void> {
  const cluster = await readCluster(azure, migration);
  const principalId = (await readPrincipals(azure, cluster, migration.target, [grant.who])).get(grant.who);
  if (!principalId) {
    throw new AksMiError(
      "STEP_FAILED",
      `The ${grant.who} identity is gone: ${grant.role} cannot be assigned to it.`,
      "Run `aks-mi resume`.",
    );
  }
  const { id, adopted, correlationId } = await azure.roles.assign({
    scope: grant.scope,
    role: grant.role,
    roleGuid: grant.roleGuid,
    principalId,
  });
  await report({ type: "change:bound", key: grantChange(grant).key, resourceId: id, correlationId, adopted });
}

/** Reads the cluster of a migration. @throws AksMiError when it is gone */
export async function readCluster(azure: Azure, migration: Migration): Promise<ManagedCluster> {
  const cluster = await azure.clusters.get(migration.clusterId);
  if (cluster) return cluster;
  throw new AksMiError(
    "AZURE_ERROR",
    `There is no cluster ${migration.clusterId}, or you may not see it.`,
    "Check the id and the account you are signed in with.",
  );
}
