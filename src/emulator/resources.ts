import { callerMay, configuredPolicies, locksOf } from "./access.ts";
import { type ArmReply, type ArmRequest, pageOf, targetName } from "./arm.ts";
import { resourceGroupNotFound, resourceNotFound } from "./arm-error.ts";
import { groupIdOf, isAtOrBelow, isSameId, keyOf, nameOf, parentIdOf, typeOf } from "./ids.ts";
import { copyOf, isObject, type JsonObject, objectAt, propertiesOf, type Resource, textAt } from "./json.ts";
import { asResource, inlineChildren } from "./store.ts";
import type { World } from "./world.ts";

/**
 * Serves every resource that the model has no rules for: stored and returned as it is.
 * @throws ArmError 404 for what is not there
 */
export function serveResource(world: World, request: ArmRequest): ArmReply {
  const { target, method } = request;
  if (target.kind === "collection") return method === "GET" ? listResources(world, request) : noSuchAction(request);
  if (method === "PUT") return putResource(world, request);
  const known = world.store.get(target.path);
  if (method === "DELETE") return known ? deleteResource(world, known) : { status: 204 };
  if (!known) throw missing(world, request);
  if (method === "PATCH") return patchResource(world, known, request);
  return { status: 200, body: resourceView(known, request) };
}

function noSuchAction(request: ArmRequest): ArmReply {
  throw resourceNotFound(request.target.typeAsWritten, request.target.resourceGroup);
}

function missing(world: World, request: ArmRequest): Error {
  const { target } = request;
  const group = groupIdOf(target.path);
  if (group && !world.store.hasGroup(group)) return resourceGroupNotFound(nameOf(group));
  const path = target.path.slice(target.path.toLowerCase().lastIndexOf("/providers/") + "/providers/".length);
  return resourceNotFound(path, target.resourceGroup);
}

/** A resource as ARM shows it: without what only the emulator needs. */
function resourceView(resource: Resource, request: ArmRequest): JsonObject {
  const { _emulator: _, ...view } = resource;
  const named = { name: nameOf(resource.id), ...view };
  const properties = objectAt(resource, "properties");
  // Machines tell their instance view only when asked for it (Compute documentation).
  if (!properties?.["instanceView"] || /instanceview/i.test(request.query.get("$expand") ?? "")) return named;
  const { instanceView: __, ...shown } = properties;
  return { ...named, properties: shown };
}

function putResource(world: World, request: ArmRequest): ArmReply {
  const known = world.store.get(request.target.path);
  const resource: Resource = {
    ...(request.body ?? {}),
    id: request.target.path,
    name: targetName(request.target),
    type: request.target.typeAsWritten,
  };
  storeResource(world, resource);
  return { status: known ? 200 : 201, body: resourceView(resource, request) };
}

/** Stores a resource and keeps parent and inline children in step: the newest word about a subnet counts. */
export function storeResource(world: World, resource: Resource): void {
  for (const [key, value] of Object.entries(objectAt(resource, "properties") ?? {}))
    if (Array.isArray(value))
      for (const child of inlineChildren(resource, key))
        world.store.delete(`${resource.id}/${key}/${String(child["name"])}`);
  world.store.put(resource);
  const parent = world.store.get(parentIdOf(resource.id));
  const childType = typeOf(resource.id).split("/").at(-1)!;
  const siblings = objectAt(parent, "properties")?.[childType];
  if (!parent || parent === resource || !Array.isArray(siblings)) return;
  const { type: _type, _emulator: _, ...inline } = resource;
  const at = siblings.findIndex((item) => isSameId(textAt(item, "name"), nameOf(resource.id)));
  if (at < 0) siblings.push({ ...inline, name: nameOf(resource.id) });
  else siblings[at] = { ...inline, name: nameOf(resource.id) };
}

function patchResource(world: World, known: Resource, request: ArmRequest): ArmReply {
  const changed = copyOf(known);
  merge(changed, request.body ?? {});
  storeResource(world, changed);
  return { status: 200, body: resourceView(changed, request) };
}

function merge(target: JsonObject, patch: JsonObject): void {
  for (const [key, value] of Object.entries(patch)) {
    const present = target[key];
    if (value === null) delete target[key];
    else if (isObject(value) && isObject(present) && key !== "tags") merge(present, value);
    else if (key !== "id" && key !== "type") target[key] = value;
  }
}

function deleteResource(world: World, known: Resource): ArmReply {
  for (const child of world.store.below(known.id)) world.store.delete(child.id);
  world.store.delete(known.id);
  const parent = world.store.get(parentIdOf(known.id));
  const childType = typeOf(known.id).split("/").at(-1)!;
  const siblings = parent && propertiesOf(parent)[childType];
  if (parent && Array.isArray(siblings))
    propertiesOf(parent)[childType] = siblings.filter((item) => !isSameId(textAt(item, "name"), nameOf(known.id)));
  return { status: 200 };
}

function listResources(world: World, request: ArmRequest): ArmReply {
  const { target } = request;
  const found = LISTED[target.type]?.(world, target.parentId) ?? listByType(world, request);
  // What is attached above is shown to whoever may read it here.
  const placeOf = ({ id }: Resource) => (isAtOrBelow(id, target.parentId) ? id : target.parentId);
  const readable = found.filter((item) =>
    callerMay(world, request.caller, `${target.typeAsWritten}/read`, placeOf(item)),
  );
  return pageOf(
    readable.map((item) => resourceView(item, request)),
    request,
    world.behaviour.pageSize,
  );
}

/** Lists of what is attached to scopes: what applies at one, from above it too, and everything below. */
const LISTED: Record<string, (world: World, scope: string) => Resource[]> = {
  "microsoft.authorization/locks": listLocks,
  "microsoft.authorization/policyassignments": listPolicies,
};

function listByType(world: World, request: ArmRequest): Resource[] {
  const { target } = request;
  const scope = keyOf(target.parentId);
  const group = groupIdOf(target.parentId);
  if (group && !world.store.hasGroup(group)) throw resourceGroupNotFound(nameOf(group));
  const own = world.store.ofType(target.type).filter((item) => keyOf(item.id).startsWith(`${scope}/`));
  const parent = world.store.get(target.parentId);
  const childType = target.typeAsWritten.split("/").at(-1)!;
  const inline = parent ? inlineChildren(parent, childType) : [];
  const asChildren = inline.map((child) =>
    asResource(child, `${target.parentId}/${childType}/${String(child["name"])}`),
  );
  return [...asChildren, ...own.filter((item) => !asChildren.some((child) => isSameId(child.id, item.id)))];
}

function listLocks(world: World, scope: string): Resource[] {
  return locksOf(world)
    .filter((lock) => concerns(lock.scope, scope))
    .map((lock) => ({
      id: lock.id,
      name: lock.name,
      type: "Microsoft.Authorization/locks",
      properties: { level: lock.level },
    }));
}

function listPolicies(world: World, scope: string): Resource[] {
  const stored = world.store.ofType("microsoft.authorization/policyassignments");
  return [...stored, ...configuredPolicies(world)].filter(({ id }) =>
    concerns(id.slice(0, id.toLowerCase().lastIndexOf("/providers/microsoft.authorization/")), scope),
  );
}

/** True for a scope at, above or below another. */
function concerns(attachedTo: string, scope: string): boolean {
  return isAtOrBelow(scope, attachedTo) || isAtOrBelow(attachedTo, scope);
}
