import { durationMs } from "./behaviour.ts";
import { nameOf, subscriptionOf, withLowerCaseGroup } from "./ids.ts";
import type { JsonObject, Resource } from "./json.ts";
import { textAt } from "./json.ts";
import type { World } from "./world.ts";

const IDENTITY_TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities";

/** Makes a user-assigned identity. Its ids belong to its resource id, so the same run gives the same ones. */
export function createIdentity(world: World, id: string, location: string, ids: JsonObject = {}): Resource {
  const birth = `${id.toLowerCase()} ${world.store.get(id) ? "" : world.nowMs}`;
  const identity: Resource = {
    id: withLowerCaseGroup(id),
    name: nameOf(id),
    type: IDENTITY_TYPE,
    location,
    tags: {},
    _emulator: { createdAt: new Date(world.nowMs).toISOString() },
    properties: {
      tenantId: world.principals.tenantId,
      principalId: textAt(ids, "objectId") ?? textAt(ids, "principalId") ?? world.ids.guidOf(`principal of ${birth}`),
      clientId: textAt(ids, "clientId") ?? world.ids.guidOf(`client of ${birth}`),
    },
  };
  world.store.put(identity);
  return identity;
}

/** Lets role assignments see a new principal only after the directory has replicated it. */
export function delayReplication(world: World, principalId: string): void {
  const principal = world.principals.get(principalId);
  if (principal) principal.knownFromMs = world.nowMs + durationMs(world.behaviour, "principalReplication");
}

/** The id of an identity that AKS makes in a node resource group. */
export function managedIdentityId(nodeGroupId: string, name: string): string {
  const group = nodeGroupId.slice(nodeGroupId.lastIndexOf("/") + 1);
  return `/subscriptions/${subscriptionOf(nodeGroupId)}/resourcegroups/${group}/providers/${IDENTITY_TYPE}/${name}`;
}
