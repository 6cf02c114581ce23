import { parseResourceId } from "../azure/ids.ts";
import { BUILT_IN_ROLES, ROLES_THAT_GRANT_ROLES } from "./built-in-roles.ts";
import { belongsToClusters, type ClusterScopes } from "./cluster-scopes.ts";

/** Kinds of resources that clusters are given roles on. */
const CLUSTER_PROVIDERS = /^Microsoft\.(Network|ContainerRegistry|ContainerService|ManagedIdentity|Compute)\//i;

/** Roles on a resource group that clusters are commonly given. */
const CLUSTER_ROLES: ReadonlySet<string> = new Set([
  BUILT_IN_ROLES.Reader,
  BUILT_IN_ROLES.AcrPull,
  BUILT_IN_ROLES["Container Registry Repository Reader"],
  BUILT_IN_ROLES["Network Contributor"],
  BUILT_IN_ROLES["Managed Identity Operator"],
  BUILT_IN_ROLES["Monitoring Metrics Publisher"],
  BUILT_IN_ROLES["Private DNS Zone Contributor"],
  BUILT_IN_ROLES["DNS Zone Contributor"],
]);

/** True for a role that has nothing to do with the clusters whose scopes these are: something else uses its holder. */
export function isForeignRole(
  { scope, roleGuid }: { readonly scope: string; readonly roleGuid: string },
  clusterScopes: ClusterScopes,
): boolean {
  // Wide roles are the business of ID006.
  if (ROLES_THAT_GRANT_ROLES.has(roleGuid) || CLUSTER_ROLES.has(roleGuid)) return false;
  if (belongsToClusters(scope, clusterScopes)) return false;
  const resource = parseResourceId(scope);
  if (resource) return !CLUSTER_PROVIDERS.test(resource.type);
  return isBelowSubscription(scope) || roleGuid !== BUILT_IN_ROLES.Contributor;
}

/** True for a resource group and whatever is in one. */
export function isBelowSubscription(scope: string): boolean {
  return /^\/subscriptions\/[^/]+\/resourceGroups\//i.test(scope);
}
