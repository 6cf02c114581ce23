import { isOnManagedIdentity } from "./adopt-cluster.ts";
import { flat } from "./arm-error.ts";
import type { Cluster } from "./cluster.ts";
import { isSameId, nameOf } from "./ids.ts";
import { textAt } from "./json.ts";
import { isWindowShut } from "./maintenance-window.ts";
import type { World } from "./world.ts";

/**
 * Azure signs in as the cluster's service principal for every update, and refuses it when that cannot be done (support
 * articles of both errors). Whether it refuses the one update that leaves the service principal too is not known: reports
 * go both ways, and `deadPrincipalUpdate` switches it.
 * @throws ArmError 400 `BadRequest` or `ServicePrincipalNotFound`
 */
export function refuseByPrincipal(world: World, cluster: Cluster, isSwitch: boolean): void {
  if (isOnManagedIdentity(cluster.resource) || cluster.servicePrincipalId === undefined) return;
  if (isSwitch && world.behaviour.deadPrincipalUpdate === "accepted") return;
  const clientId = textAt(cluster.resource, "properties", "servicePrincipalProfile", "clientId") ?? "";
  refusePrincipal(world, clientId, cluster.servicePrincipalId);
}

/** @throws ArmError 400, flat, when nobody can sign in as this service principal */
export function refusePrincipal(world: World, clientId: string, principalId: string): void {
  const problem = world.principals.problemOf(principalId, world.nowMs);
  if (!problem) return;
  if (problem.startsWith("AADSTS"))
    throw flat(
      400,
      "BadRequest",
      `The credentials in ServicePrincipalProfile were invalid. Please see https://aka.ms/aks-sp-help for more details. (Details: ${problem})`,
    );
  throw flat(
    400,
    "ServicePrincipalNotFound",
    `Service principal clientID: ${clientId} not found in Active Directory tenant ${world.principals.tenantId}, Please see https://aka.ms/aks-sp-help for more details.`,
  );
}

/**
 * A node disruption policy of `Block` stops changes of the cluster's identities, and no node image upgrade; so does one of
 * `AllowDuringMaintenanceWindow` outside of that (AKS documentation, preview). Code and text of the refusal are not published:
 * these are the model's own.
 * @throws ArmError 400 `NodeDisruptionPolicyViolation`
 */
export function refuseByDisruptionPolicy(world: World, cluster: Cluster, isIdentityUpdate: boolean): void {
  const policy = textAt(cluster.resource, "properties", "nodeDisruptionProfile", "nodeDisruptionPolicy");
  const isOutside = isSameId(policy, "AllowDuringMaintenanceWindow") && isWindowShut(world, cluster);
  if (!isIdentityUpdate || !(isOutside || isSameId(policy, "Block"))) return;
  throw flat(
    400,
    "NodeDisruptionPolicyViolation",
    `The operation would disrupt nodes of managed cluster ${nameOf(cluster.id)}, and its node disruption policy is ${policy}.`,
  );
}
