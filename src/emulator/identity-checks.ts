import { enveloped, flat } from "./arm-error.ts";
import type { Cluster } from "./cluster.ts";
import { isSameId, resourceGroupOf } from "./ids.ts";
import { isObject, type JsonObject, objectAt, objectsAt, textAt, valueAt } from "./json.ts";
import { isOfSizes } from "./machine-pools.ts";
import { customSubnets, routeTableOf } from "./round.ts";
import { identityValue, nodeGroupIdOf } from "./scale-sets.ts";
import type { World } from "./world.ts";

const ASSIGN = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action";

/** Regions where a kubelet identity of one's own is not supported (AKS documentation). */
const NO_OWN_KUBELET_IDENTITY = /^china(east|north)$/i;

/** Refuses what no cluster of this kind supports, whoever asks. @throws ArmError 400 */
export function refuseUnsupported(
  world: World,
  cluster: Cluster,
  body: JsonObject,
  effective: JsonObject | undefined,
  isChange: boolean,
  kubeletId: string | undefined,
  isCombined: boolean,
): void {
  const clientId = textAt(body, "properties", "servicePrincipalProfile", "clientId");
  const present = textAt(cluster.resource, "properties", "servicePrincipalProfile", "clientId");
  if (!effective && clientId && !isSameId(clientId, present))
    throw flat(
      400,
      "ChangeServicePrincipalProfileNotAllowed",
      "Updating service principal profile is not allowed on existing cluster.",
    );
  const isUserAssigned = isSameId(textAt(effective, "type"), "UserAssigned");
  const isOwnKubelet =
    kubeletId !== undefined && !isSameId(resourceGroupOf(kubeletId), resourceGroupOf(nodeGroupIdOf(cluster)));
  if ((isOwnKubelet && !isUserAssigned) || (isCombined && world.behaviour.combinedIdentityUpdate === "refused"))
    throw flat(
      400,
      "CustomKubeletIdentityOnlySupportedOnUserAssignedMSICluster",
      "Custom kubelet identity is only supported on clusters with a user-assigned managed identity as control plane identity.",
    );
  if (isChange) checkNetwork(world, cluster, effective, isUserAssigned);
}

/** Own route tables and DNS zones need a user-assigned identity that may already write them (public reports). */
function checkNetwork(
  world: World,
  cluster: Cluster,
  effective: JsonObject | undefined,
  isUserAssigned: boolean,
): void {
  const isKubenet = isSameId(textAt(cluster.resource, "properties", "networkProfile", "networkPlugin"), "kubenet");
  const outside = (id: string | undefined) =>
    id !== undefined && !isSameId(resourceGroupOf(id), resourceGroupOf(nodeGroupIdOf(cluster)));
  const table = isKubenet
    ? customSubnets(cluster)
        .map((id) => routeTableOf(world, id))
        .find(outside)
    : undefined;
  const zone = textAt(cluster.resource, "properties", "apiServerAccessProfile", "privateDNSZone");
  const ownZone = zone?.startsWith("/") ? zone : undefined;
  if (!isUserAssigned && table)
    throw flat(
      400,
      "CustomRouteTableWithUnsupportedMSIType",
      "Clusters using managed identity type SystemAssigned do not support bringing your own route table. Please see https://aka.ms/aks/customrt for more information",
    );
  if (!isUserAssigned && ownZone)
    throw flat(
      400,
      "OnlySupportedOnUserAssignedMSICluster",
      "System-assigned managed identity not supported for custom resource PrivateDNSZone. Please use user-assigned managed identity.",
    );
  const unsupported = isUserAssigned ? undefined : needOfUserAssigned(cluster);
  if (unsupported)
    throw flat(
      400,
      "OnlySupportedOnUserAssignedMSICluster",
      `System-assigned managed identity not supported for ${unsupported}. Please use user-assigned managed identity.`,
    );
  const principalId = principalOf(world, effective);
  const may = (action: string, scope: string) => world.rights.allows(principalId, action, scope, world.nowMs);
  if (table && !may("Microsoft.Network/routeTables/write", table))
    throw flat(
      400,
      "CustomRouteTableMissingPermission",
      `Managed identity or service principle must be given permission to read and write to custom route table ${table}. Please see https://aka.ms/aks/customrt for more information`,
    );
  if (ownZone && !may("Microsoft.Network/privateDnsZones/write", ownZone))
    throw flat(
      400,
      "CustomPrivateDNSZoneMissingPermissionError",
      `Service principal or user-assigned identity must be given permission to read and write to custom private dns zone ${ownZone}. Check access result not allowed for action Microsoft.Network/privateDnsZones/write.`,
    );
}

/** What else only a user-assigned identity can have (AKS documentation and release notes; code and text are the model's own). */
function needOfUserAssigned({ resource }: Cluster): string | undefined {
  if (valueAt(resource, "properties", "securityProfile", "azureKeyVaultKms", "enabled") === true)
    return "KMS etcd encryption";
  const isInOwnNetwork = (profile: JsonObject) => isOfSizes(profile) && textAt(profile, "vnetSubnetID") !== undefined;
  return objectsAt(resource, "properties", "agentPoolProfiles").some(isInOwnNetwork)
    ? "VirtualMachines node pools in a custom virtual network"
    : undefined;
}

/** The principal of an identity block. */
export function principalOf(world: World, identity: JsonObject | undefined): string {
  const assigned = Object.keys(objectAt(identity, "userAssignedIdentities") ?? {})[0];
  if (!assigned) return textAt(identity, "principalId") ?? "";
  return textAt(identityValue(world, assigned), "principalId") ?? "";
}

/**
 * The service itself checks that the control plane may assign the kubelet identity (public reports).
 * @throws ArmError 400 `CustomKubeletIdentityPropertyError`, `CustomKubeletIdentityMissingPermissionError`
 */
export function checkKubeletIdentity(
  world: World,
  cluster: Cluster,
  id: string,
  effective: JsonObject | undefined,
): void {
  if (NO_OWN_KUBELET_IDENTITY.test(textAt(cluster.resource, "location") ?? ""))
    throw flat(400, "CustomKubeletIdentityPropertyError", "Custom kubelet identity is not supported in this region.");
  if (!world.store.get(id))
    throw flat(400, "CustomKubeletIdentityPropertyError", `The kubelet identity '${id}' was not found.`);
  if (isSameId(resourceGroupOf(id), resourceGroupOf(nodeGroupIdOf(cluster)))) return;
  if (world.rights.allows(principalOf(world, effective), ASSIGN, id, world.nowMs)) return;
  throw flat(
    400,
    "CustomKubeletIdentityMissingPermissionError",
    "The cluster using user-assigned managed identity must be granted 'Managed Identity Operator' role to assign kubelet identity. You can run 'az role assignment create --assignee <control-plane-identity-principal-id> --role 'Managed Identity Operator' --scope <kubelet-identity-resource-id>' to grant the permission. See https://learn.microsoft.com/en-us/azure/aks/use-managed-identity#add-role-assignment",
  );
}

/**
 * A body may carry `{}`, null, or the very ids that a GET showed; anything else is refused (public reports).
 * @throws ArmError 400 `InvalidIdentityValues`
 */
export function checkEchoedIds(world: World, id: string, value: unknown): void {
  if (value === null || value === undefined) return;
  const real = identityValue(world, id);
  if (
    isObject(value) &&
    Object.entries(value).every(([key, item]) => item === null || isSameId(String(item), String(real[key])))
  )
    return;
  throw enveloped(
    400,
    "InvalidIdentityValues",
    "The 'UserAssignedIdentities' property keys should only be empty json objects, null or the resource exisiting property.",
  );
}

/** The refusal of an identity that does not exist. */
export function identityMissing(cluster: Cluster, id: string): Error {
  return enveloped(
    400,
    "FailedIdentityOperation",
    `Identity operation for resource '${cluster.id}' failed with error 'Failed to perform resource identity operation. Status: 'BadRequest'. Response: '{"error":{"code":"BadRequest","message":"Resource '${id}' was not found."}}'.'.`,
  );
}
