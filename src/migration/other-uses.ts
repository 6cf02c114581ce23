import type { Azure } from "../azure/azure.ts";
import { sameId } from "../azure/ids.ts";
import { clientIdOf, clusterIdOf, type ManagedCluster } from "../azure/managed-cluster.ts";
import { reasonFor } from "../azure/refusals.ts";
import { allows } from "../azure/role-definitions.ts";
import type { RoleAssignment } from "../azure/roles.ts";
import { builtInRole } from "./built-in-roles.ts";
import { clusterScopesOf } from "./cluster-scopes.ts";
import { isForeignRole } from "./foreign-roles.ts";

const READ_CLUSTERS = "Microsoft.ContainerService/managedClusters/read";
const READ_ASSIGNMENTS = "Microsoft.Authorization/roleAssignments/read";

/** What is known of a service principal besides its use by one cluster. */
export interface OtherUses {
  /** What speaks against removing it, and what could not be looked at, each with the check's id; empty for nothing. */
  readonly against: readonly string[];
  /** Where it holds roles itself. */
  readonly scopes: readonly string[];
}

/**
 * Looks, in every subscription that the caller sees, for other uses of a service principal that a cluster has left: other
 * clusters (ID005), and roles that no cluster needs (WK009).
 * @param cluster the cluster that has left it
 */
export async function readOtherUses(
  azure: Azure,
  clusterId: string,
  cluster: ManagedCluster,
  { clientId, objectId }: { readonly clientId: string; readonly objectId: string | undefined },
): Promise<OtherUses> {
  const gaps: string[] = [];
  const attempt = async <T>(check: string, what: string, read: () => Promise<readonly T[]>): Promise<readonly T[]> => {
    try {
      return await read();
    } catch (error) {
      gaps.push(`${check}: ${reasonFor(error, what)}`);
      return [];
    }
  };
  const seen = await attempt("ID005", "the subscriptions", () => azure.resources.subscriptions());
  const clusters: ManagedCluster[] = [];
  const held = new Map<string, RoleAssignment>();
  for (const { id, name } of seen.filter(({ enabled }) => enabled)) {
    const permissions = await attempt("ID005", "your permissions", async () => {
      return (await azure.roles.permissions(`/subscriptions/${id}`)) ?? [];
    });
    const mayRead = (action: string) => permissions.some((permission) => allows(permission, action));
    // Azure leaves out of a list what the caller may not read, without a word.
    if (!mayRead(READ_CLUSTERS)) gaps.push(`ID005: you may read only some clusters of subscription ${name}`);
    if (!mayRead(READ_ASSIGNMENTS)) gaps.push(`WK009: you may read only some role assignments of subscription ${name}`);
    clusters.push(...(await attempt("ID005", `the clusters of subscription ${name}`, () => azure.clusters.list(id))));
    if (objectId === undefined) continue;
    const what = `the role assignments of subscription ${name}`;
    for (const item of await attempt("WK009", what, () => azure.roles.listAssignedTo(id, objectId)))
      held.set(item.id.toLowerCase(), item);
  }
  if (objectId === undefined) gaps.push("WK009: its roles are not known, for nobody knows its object id");
  const users = clusters
    .map((user) => ({ id: clusterIdOf(user), cluster: user }))
    .filter((user) => usesClient(user.cluster, clientId) && !sameId(user.id, clusterId));
  const scopes = clusterScopesOf([{ id: clusterId, cluster }, ...users]);
  const foreign = [...held.values()].filter((right) => isForeignRole(right, scopes));
  const roles = await Promise.all(foreign.map(async (right) => `${await roleName(azure, right)} on ${right.scope}`));
  const own = [...held.values()].filter(({ principalId }) => principalId === objectId?.toLowerCase());
  return {
    against: [
      ...(users.length > 0
        ? [`ID005: it is also used by ${users.map(({ id }) => id.split("/").at(-1)).join(", ")}`]
        : []),
      ...(roles.length > 0 ? [`WK009: it holds roles that no cluster needs: ${roles.join(", ")}`] : []),
      ...gaps,
    ],
    scopes: [...new Set(own.map(({ scope }) => scope))],
  };
}

function usesClient(cluster: ManagedCluster, clientId: string): boolean {
  const own = clientIdOf(cluster);
  return own?.toLowerCase() === clientId.toLowerCase();
}

async function roleName(azure: Azure, { roleDefinitionId, roleGuid }: RoleAssignment): Promise<string> {
  const known = builtInRole(roleDefinitionId)?.name;
  if (known) return known;
  try {
    return (await azure.roles.definition(roleDefinitionId))?.name ?? roleGuid;
  } catch (error) {
    reasonFor(error, "a role");
    return roleGuid;
  }
}
