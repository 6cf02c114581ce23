import type { ArmReply } from "./arm.ts";
import { contextOf, equalityIn, type GraphRequest, graphError, notFound } from "./graph-answer.ts";
import { applicationView } from "./graph-views.ts";
import type { Resource } from "./json.ts";
import { APPLICATION_TYPE, isInBin } from "./principals.ts";
import type { World } from "./world.ts";

/**
 * Applications of this tenant: listed by their client id, read, deleted with their service principals.
 * @throws ArmError 404 for one that is not there
 */
export function serveApplications(world: World, request: GraphRequest, id: string | undefined): ArmReply {
  const all = world.store.ofType(APPLICATION_TYPE).filter((item) => !isInBin(item));
  if (id === undefined) {
    const appId = equalityIn(request.query, "appId");
    const found = appId === undefined ? all : all.filter((item) => String(item["appId"]).toLowerCase() === appId);
    return { status: 200, body: { ...contextOf(request, "applications"), value: found.map(applicationView) } };
  }
  const found = all.find((item) => item.id.toLowerCase() === id.toLowerCase());
  if (!found) throw notFound(id);
  if (request.method === "DELETE") {
    // Deleting an application deletes its service principal with it.
    const principal = world.principals.named(String(found["appId"]));
    if (principal) putInBin(world, principal.source);
    return putInBin(world, found);
  }
  return { status: 200, body: { ...contextOf(request, "applications/$entity"), ...applicationView(found) } };
}

/** Deleted objects of the directory can be listed and restored for thirty days (Graph documentation). */
export function putInBin(world: World, source: Resource): ArmReply {
  if (/^microsoft\.graph\//i.test(source.type))
    world.store.put({ ...source, deletedDateTime: new Date(world.nowMs).toISOString() });
  else world.store.delete(source.id);
  return { status: 204 };
}

/**
 * Takes one object out of the deleted items, or away for good; an application's service principal has to be restored on
 * its own (Graph documentation).
 */
function emptyBin(world: World, request: GraphRequest, id: string): ArmReply {
  const found = ["serviceprincipals", "applications"]
    .flatMap((type) => world.store.ofType(`microsoft.graph/${type}`))
    .find((item) => isInBin(item) && item.id.toLowerCase() === id.toLowerCase());
  if (!found) throw notFound(id);
  if (request.method === "DELETE") {
    world.store.delete(found.id);
    return { status: 204 };
  }
  const { deletedDateTime: _, ...live } = found;
  world.store.put(live as Resource);
  const body = { ...contextOf(request, "directoryObjects/$entity"), ...applicationView(live as Resource) };
  return { status: 200, body };
}

/**
 * What was deleted of one kind, or one of them restored; a list without a kind is not served (Graph documentation).
 * @throws ArmError 400 for such a list, 404 for an object that was not deleted
 */
export function listDeletedItems(
  world: World,
  request: GraphRequest,
  segment: string | undefined,
  kind: string | undefined,
): ArmReply {
  const [, one] = /^\/v1\.0\/directory\/deletedItems\/([0-9a-f-]{36})(?:\/restore)?$/i.exec(request.url.pathname) ?? [];
  if (one && (request.method === "POST" || request.method === "DELETE")) return emptyBin(world, request, one);
  const type = /^microsoft\.graph\.(serviceprincipal|application)$/i.exec(kind ?? "")?.[1];
  if (!/^deleteditems$/i.test(segment ?? "") || !type)
    throw graphError(400, "BadRequest", `Resource not found for the segment '${kind ?? segment}'.`);
  const appId = equalityIn(request.query, "appId");
  const value = world.store
    .ofType(`microsoft.graph/${type.toLowerCase()}s`)
    .filter((item) => isInBin(item) && (appId === undefined || String(item["appId"]).toLowerCase() === appId))
    .map(applicationView);
  return { status: 200, body: { ...contextOf(request, "directoryObjects"), value } };
}
