import type { ArmReply } from "./arm.ts";
import { contextOf, denied, equalityIn, type GraphRequest, graphError, notFound } from "./graph-answer.ts";
import { listDeletedItems, putInBin, serveApplications } from "./graph-applications.ts";
import { listSignIns } from "./graph-sign-ins.ts";
import { listOf, MIXED, principalView } from "./graph-views.ts";
import { textsAt } from "./json.ts";
import type { Principal } from "./principals.ts";
import type { World } from "./world.ts";

/**
 * Serves the part of Microsoft Graph that a migration needs, under `/v1.0/` and `/beta/auditLogs/` on the same host.
 * @throws ArmError in the directory's shape: 400 for an unknown segment, 403 while `graphDenied`
 */
export function serveGraph(world: World, request: GraphRequest, path: string): ArmReply {
  if (world.behaviour.graphDenied) throw denied(world);
  if (/^\/beta\/auditLogs\/signIns$/i.test(path)) return listSignIns(world, request);
  const [collection, id, relation] = path.replace(/^\/v1\.0\//i, "").split("/");
  switch (collection?.toLowerCase()) {
    case "serviceprincipals":
      return serveServicePrincipals(world, request, id, relation);
    case "applications":
      return serveApplications(world, request, id);
    case "directoryobjects":
      return getByIds(world, request, id);
    case "directory":
      return listDeletedItems(world, request, id, relation);
    case "users":
      return listOf(world, request, "users", filtered(principalsOf(world, "User"), request.query));
    case "groups":
      return listOf(world, request, "groups", filtered(principalsOf(world, "Group"), request.query));
    default:
      throw graphError(400, "BadRequest", `Resource not found for the segment '${collection}'.`);
  }
}

function principalsOf(world: World, kind: Principal["kind"]): Principal[] {
  return world.principals.all().filter((principal) => principal.kind === kind);
}

function serveServicePrincipals(
  world: World,
  request: GraphRequest,
  id: string | undefined,
  relation: string | undefined,
): ArmReply {
  if (id === undefined) {
    const found = filtered(principalsOf(world, "ServicePrincipal"), request.query);
    return listOf(world, request, "servicePrincipals", found);
  }
  const found = /^serviceprincipals\(/i.test(id) ? undefined : world.principals.get(id);
  if (found?.kind !== "ServicePrincipal") throw notFound(id);
  if (relation && /^(transitive)?memberof$/i.test(relation)) {
    const groups = world.principals.groupsOf(found.id).flatMap((group) => world.principals.get(group) ?? []);
    return listOf(world, request, MIXED, groups);
  }
  if (request.method === "DELETE") return putInBin(world, found.source);
  return { status: 200, body: { ...contextOf(request, "servicePrincipals/$entity"), ...principalView(found) } };
}

function getByIds(world: World, request: Pick<GraphRequest, "body" | "origin">, segment: string | undefined): ArmReply {
  if (!segment || !/^(microsoft\.graph\.)?getbyids$/i.test(segment))
    throw graphError(400, "BadRequest", "Only getByIds is served.");
  const found = textsAt(request.body, "ids").flatMap((id) => world.principals.get(id) ?? []);
  return listOf(world, request, MIXED, found);
}

function filtered(principals: Principal[], query: URLSearchParams): Principal[] {
  const name = /servicePrincipalNames\/any\(\s*(\w+):\s*\1\s+eq\s+'([^']*)'\s*\)/i
    .exec(query.get("$filter") ?? "")?.[2]
    ?.toLowerCase();
  const appId = equalityIn(query, "appId");
  const displayName = equalityIn(query, "displayName");
  return principals.filter(
    (principal) =>
      (name === undefined || principal.names.some((item) => item.toLowerCase() === name)) &&
      (appId === undefined || principal.appId?.toLowerCase() === appId) &&
      (displayName === undefined || principal.displayName.toLowerCase() === displayName),
  );
}
