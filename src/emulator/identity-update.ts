import { isOnManagedIdentity } from "./adopt-cluster.ts";
import { enveloped, flat } from "./arm-error.ts";
import type { Cluster } from "./cluster.ts";
import { createIdentity, delayReplication, managedIdentityId } from "./identities.ts";
import {
  checkEchoedIds,
  checkKubeletIdentity,
  identityMissing,
  principalOf,
  refuseUnsupported,
} from "./identity-checks.ts";
import { isSameId, keyOf, nameOf } from "./ids.ts";
import { ensureObject, isObject, type JsonObject, objectAt, propertiesOf, textAt } from "./json.ts";
import { grantNodeGroup, ownKubeletIdentityId } from "./node-resource-group.ts";
import { identitiesOfNodes } from "./pools.ts";
import { identityValue, nodeGroupIdOf, setScaleSetIdentities } from "./scale-sets.ts";
import type { World } from "./world.ts";

/** What a PUT asks to change about a cluster's identities. */
export interface IdentityIntent {
  /** The identity block to put in place of the present one. */
  readonly identity: JsonObject | undefined;
  /** The kubelet identity to put in place of the present one. */
  readonly kubeletId: string | undefined;
  readonly rolls: boolean;
}

/** Works out what a PUT changes about identities, and refuses what Azure refuses. */
export function readIntent(world: World, cluster: Cluster, body: JsonObject): IdentityIntent {
  const identity = changedIdentity(world, cluster, objectAt(body, "identity"));
  const asked = textAt(body, "properties", "identityProfile", "kubeletidentity", "resourceId");
  const present = textAt(cluster.resource, "properties", "identityProfile", "kubeletidentity", "resourceId");
  const isNewKubelet = asked !== undefined && !isSameId(asked, present);
  const isCombined = !isOnManagedIdentity(cluster.resource) && identity !== undefined && isNewKubelet;
  const effective = identity ?? objectAt(cluster.resource, "identity");
  refuseUnsupported(world, cluster, body, effective, identity !== undefined, asked, isCombined);
  if (isNewKubelet) checkKubeletIdentity(world, cluster, asked, effective);
  const kubeletId =
    isCombined && world.behaviour.combinedIdentityUpdate === "ignoresKubelet"
      ? undefined
      : isNewKubelet
        ? asked
        : undefined;
  return { identity, kubeletId, rolls: isRolling(world, identity, kubeletId, isCombined) };
}

function isRolling(
  world: World,
  identity: JsonObject | undefined,
  kubeletId: string | undefined,
  isCombined: boolean,
): boolean {
  const { combinedIdentityUpdate, identityUpdateReimagesNodes, kubeletIdentityUpdateReimagesNodes } = world.behaviour;
  if (isCombined && kubeletId) return combinedIdentityUpdate === "rolls";
  if (kubeletId && kubeletIdentityUpdateReimagesNodes) return true;
  return identity !== undefined && identityUpdateReimagesNodes;
}

/** The identity block that replaces the present one, or undefined when the body asks for what is there. */
function changedIdentity(world: World, cluster: Cluster, asked: JsonObject | undefined): JsonObject | undefined {
  const type = textAt(asked, "type") ?? "None";
  const present = objectAt(cluster.resource, "identity");
  if (/^none$/i.test(type)) return undefined;
  if (/^systemassigned$/i.test(type)) {
    if (isSameId(type, textAt(present, "type"))) return undefined;
    return {
      type: "SystemAssigned",
      principalId: world.ids.guidOf(`system identity of ${keyOf(cluster.id)}`),
      tenantId: world.principals.tenantId,
    };
  }
  if (!/^userassigned$/i.test(type))
    throw enveloped(400, "InvalidIdentityType", `The identity type '${type}' is not supported.`);
  return changedUserAssigned(world, cluster, objectAt(asked, "userAssignedIdentities") ?? {}, present);
}

function changedUserAssigned(
  world: World,
  cluster: Cluster,
  asked: JsonObject,
  present: JsonObject | undefined,
): JsonObject | undefined {
  const ids = Object.keys(asked);
  if (ids.length === 0)
    throw enveloped(
      400,
      "InvalidIdentityValues",
      "The identity ids must not be null or empty for 'UserAssigned' identity type.",
    );
  if (ids.length > 1)
    throw flat(400, "InvalidParameter", "Only one user assigned identity is supported for the cluster.");
  const id = ids[0]!;
  const identity = world.store.get(id);
  if (!identity) throw identityMissing(cluster, id);
  checkEchoedIds(world, id, asked[id]);
  const held = Object.keys(objectAt(present, "userAssignedIdentities") ?? {});
  if (isSameId(textAt(present, "type"), "UserAssigned") && held.length === 1 && isSameId(held[0], id)) return undefined;
  return { type: "UserAssigned", userAssignedIdentities: { [id]: {} } };
}

/** What the accepted PUT already shows: the new identity, `msi` in place of the client id (recorded 2021). */
export function acceptIntent(world: World, cluster: Cluster, intent: IdentityIntent): void {
  const { resource } = cluster;
  if (intent.identity) {
    resource["identity"] = intent.identity;
    propertiesOf(resource)["servicePrincipalProfile"] = { clientId: "msi" };
    const principalId = principalOf(world, intent.identity);
    cluster.controlPlane.push({ principalId, sinceMs: world.nowMs });
    cluster.hasSwitched = true;
    cluster.work?.stir();
    world.store.put(resource);
    if (textAt(intent.identity, "principalId")) delayReplication(world, principalId);
    grantNodeGroup(world, cluster, true);
  }
  // A cluster that already has a kubelet identity shows the next one at once (recorded 2022), a first one only at the end.
  if (intent.kubeletId && textAt(resource, "properties", "identityProfile", "kubeletidentity", "resourceId"))
    ensureObject(propertiesOf(resource), "identityProfile")["kubeletidentity"] = kubeletValue(world, intent.kubeletId);
}

function kubeletValue(world: World, id: string): JsonObject {
  const { principalId, clientId } = identityValue(world, id);
  return { resourceId: id, clientId, objectId: principalId };
}

/** What is true once the control plane has been updated: identities exist and are handed to the scale sets. */
export function applyIdentities(world: World, cluster: Cluster, kubeletId: string | undefined): string | undefined {
  if (!isOnManagedIdentity(cluster.resource)) return undefined;
  const present = textAt(cluster.resource, "properties", "identityProfile", "kubeletidentity", "resourceId");
  const id = kubeletId ?? present ?? ownIdentity(world, cluster);
  cluster.kubeletPrincipalId = textAt(identityValue(world, id), "principalId");
  cluster.work?.stir();
  const addons = Object.keys(enabledAddons(cluster)).map((name) => addonIdentity(world, cluster, name));
  setScaleSetIdentities(world, cluster, [id, ...addons]);
  return id;
}

/** What only the GET after the update shows: the ids of all identities (recorded 2021-2023). */
export function completeIdentities(world: World, cluster: Cluster, kubeletId: string | undefined): void {
  if (!kubeletId) return;
  const properties = propertiesOf(cluster.resource);
  ensureObject(properties, "identityProfile")["kubeletidentity"] = kubeletValue(world, kubeletId);
  const assigned = objectAt(cluster.resource, "identity", "userAssignedIdentities");
  for (const id of Object.keys(assigned ?? {})) assigned![id] = identityValue(world, id);
  for (const [name, addon] of Object.entries(enabledAddons(cluster)))
    addon["identity"] = kubeletValue(world, addonIdentity(world, cluster, name));
}

function ownIdentity(world: World, cluster: Cluster): string {
  const id = ownKubeletIdentityId(cluster);
  return (world.store.get(id) ?? newIdentity(world, cluster, id)).id;
}

function newIdentity(world: World, cluster: Cluster, id: string): { id: string } {
  const identity = createIdentity(world, id, textAt(cluster.resource, "location")!);
  delayReplication(world, textAt(identity, "properties", "principalId")!);
  return identity;
}

/** The identity of an add-on: `omsagent-<cluster>` in the node resource group (recorded 2021), others alike. */
function addonIdentity(world: World, cluster: Cluster, addon: string): string {
  const present = identitiesOfNodes(cluster).find((id) =>
    nameOf(id).toLowerCase().startsWith(`${addon.toLowerCase()}-`),
  );
  if (present && world.store.get(present)) return present;
  const id = managedIdentityId(nodeGroupIdOf(cluster), `${addon.toLowerCase()}-${nameOf(cluster.id)}`);
  return (world.store.get(id) ?? newIdentity(world, cluster, id)).id;
}

/** Add-ons that have no identity of their own. */
const WITHOUT_IDENTITY = /^kubedashboard$/i;

function enabledAddons(cluster: Cluster): Record<string, JsonObject> {
  const addons = Object.entries(objectAt(cluster.resource, "properties", "addonProfiles") ?? {});
  return Object.fromEntries(
    addons.filter(
      (entry): entry is [string, JsonObject] =>
        isObject(entry[1]) && entry[1]["enabled"] === true && !WITHOUT_IDENTITY.test(entry[0]),
    ),
  );
}
