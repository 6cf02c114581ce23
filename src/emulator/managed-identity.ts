import { type ArmReply, type ArmRequest, targetName } from "./arm.ts";
import { enveloped, resourceNotFound } from "./arm-error.ts";
import { createIdentity, delayReplication } from "./identities.ts";
import { isObject, type JsonObject, objectAt, type Resource, textAt } from "./json.ts";
import type { World } from "./world.ts";

/** Regions in which user-assigned identities cannot be made (AKS documentation). */
const UNSUPPORTED_REGION = /^(usdodcentral|usdodeast|usgoviowa)$/i;

/**
 * PUT on a user-assigned identity: 201 the first time, with its ids at once (recorded 2023); 200 afterwards.
 * @throws ArmError 400 without a location, or with one where Azure has no identities
 */
export function putIdentity(world: World, request: ArmRequest): ArmReply {
  const known = world.store.get(request.target.path);
  const location = textAt(request.body, "location");
  if (!location) throw enveloped(400, "LocationRequired", "The location property is required for this definition.");
  if (UNSUPPORTED_REGION.test(location.replaceAll(" ", "")))
    throw enveloped(
      400,
      "LocationNotAvailableForResourceType",
      `The provided location '${location}' is not available for resource type 'Microsoft.ManagedIdentity/userAssignedIdentities'.`,
    );
  const tags = objectAt(request.body, "tags") ?? objectAt(known, "tags") ?? {};
  const identity = known ?? createIdentity(world, request.target.path, location);
  const made = change(world, identity, tags, objectAt(request.body, "properties"));
  if (known) return { status: 200, body: identityView(made) };
  delayReplication(world, textAt(made, "properties", "principalId")!);
  return { status: 201, body: identityView(made), headers: { location: made.id } };
}

/** Changes an identity: its ids are the service's (description), every other property is kept as it was sent. */
function change(world: World, identity: Resource, tags: JsonObject, properties: JsonObject = {}): Resource {
  const own = objectAt(identity, "properties") ?? {};
  const { tenantId: _tenant, principalId: _principal, clientId: _client, ...given } = properties;
  const changed: Resource = { ...identity, tags, properties: { ...own, ...given } };
  world.store.put(changed);
  return changed;
}

/** PATCH changes tags only. @throws ArmError 404 */
export function patchIdentity(world: World, request: ArmRequest): ArmReply {
  const known = world.store.get(request.target.path);
  if (!known) throw identityNotFound(request);
  const tags = request.body?.["tags"];
  return { status: 200, body: identityView(isObject(tags) ? change(world, known, tags) : known) };
}

/** The 404 of an identity, in ARM's words. */
export function identityNotFound(request: ArmRequest): Error {
  return resourceNotFound(
    `Microsoft.ManagedIdentity/userAssignedIdentities/${targetName(request.target)}`,
    request.target.resourceGroup,
  );
}

/** An identity as Azure shows it. */
export function identityView({ _emulator: _, ...identity }: Resource): Resource {
  return { ...identity, tags: identity["tags"] ?? {} } as Resource;
}
