import { type Cluster, controlPlanePrincipalOf } from "./cluster.ts";
import { managedIdentityId } from "./identities.ts";
import { isSameId, keyOf, nameOf, resourceGroupOf, subscriptionOf } from "./ids.ts";
import { objectAt, objectsAt, textAt } from "./json.ts";
import { ASSIGNMENT_TYPE, scopeOfAssignment } from "./rights.ts";
import { CONTRIBUTOR_GUID } from "./roles.ts";
import { nodeGroupIdOf } from "./scale-sets.ts";
import { isoOf } from "./timeline.ts";
import type { World } from "./world.ts";

/** Makes the load balancer of a cluster and its outbound address. */
export function createLoadBalancer(world: World, cluster: Cluster): void {
  const group = nodeGroupIdOf(cluster);
  const location = textAt(cluster.resource, "location");
  const profile = objectAt(cluster.resource, "properties", "networkProfile", "loadBalancerProfile");
  const given = objectsAt(profile, "effectiveOutboundIPs").map((item) => textAt(item, "id")!);
  const name = world.ids.guidOf(`outbound address of ${keyOf(cluster.id)}`);
  const addresses = given.length > 0 ? given : [`${group}/providers/Microsoft.Network/publicIPAddresses/${name}`];
  for (const id of addresses) {
    if (world.store.get(id) || !isSameId(resourceGroupOf(id), resourceGroupOf(group))) continue;
    world.store.put({
      name: nameOf(id),
      id,
      type: "Microsoft.Network/publicIPAddresses",
      location,
      sku: { name: "Standard", tier: "Regional" },
      properties: {
        provisioningState: "Succeeded",
        publicIPAllocationMethod: "Static",
        publicIPAddressVersion: "IPv4",
      },
    });
  }
  world.store.put({
    name: "kubernetes",
    id: `${group}/providers/Microsoft.Network/loadBalancers/kubernetes`,
    type: "Microsoft.Network/loadBalancers",
    location,
    sku: { name: "Standard", tier: "Regional" },
    properties: { provisioningState: "Succeeded" },
  });
}

/** AKS makes its control-plane principal Contributor on the node resource group; it does not take that away again. */
export function grantNodeGroup(world: World, cluster: Cluster, isNew: boolean): void {
  const scope = nodeGroupIdOf(cluster);
  const principalId = controlPlanePrincipalOf(cluster);
  const roleId = `/subscriptions/${subscriptionOf(scope)}/providers/Microsoft.Authorization/roleDefinitions/${CONTRIBUTOR_GUID}`;
  const exists = world.store
    .inGroup(scope)
    .some(
      (resource) =>
        isSameId(resource.type, ASSIGNMENT_TYPE) &&
        isSameId(scopeOfAssignment(resource), scope) &&
        isSameId(textAt(resource, "properties", "principalId"), principalId) &&
        isSameId(textAt(resource, "properties", "roleDefinitionId"), roleId),
    );
  if (exists) return;
  const name = world.ids.guidOf(`Contributor of ${principalId} on ${keyOf(scope)}`);
  const now = isoOf(world.nowMs);
  world.store.put({
    id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
    name,
    type: "Microsoft.Authorization/roleAssignments",
    properties: {
      roleDefinitionId: roleId,
      principalId,
      principalType: "ServicePrincipal",
      scope,
      ...(isNew ? { createdOn: now, updatedOn: now } : {}),
    },
    ...(isNew ? { _emulator: { inForce: "at once" } } : {}),
  });
}

/** The id of the kubelet identity that AKS makes for a cluster that is given none. */
export function ownKubeletIdentityId(cluster: Cluster): string {
  return managedIdentityId(nodeGroupIdOf(cluster), `${nameOf(cluster.id)}-agentpool`);
}
