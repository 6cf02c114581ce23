import type { ArmReply, ArmRequest } from "./arm.ts";
import { ArmError } from "./arm-error.ts";
import { type JsonObject, objectAt, type Resource, textsAt } from "./json.ts";
import { APPLICATION_TYPE, isInBin, type Principal } from "./principals.ts";
import type { World } from "./world.ts";

type GraphRequest = Omit<ArmRequest, "target" | "apiVersion">;

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

function graphError(status: number, code: string, message: string, innerError?: JsonObject): ArmError {
  return new ArmError(status, code, { error: { code, message, ...(innerError ? { innerError } : {}) } });
}

/** What a caller without directory rights gets (recorded 2023). */
function denied(world: World): ArmError {
  const id = world.ids.nextGuid();
  return graphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.", {
    date: new Date(world.nowMs).toISOString().slice(0, 19),
    "request-id": id,
    "client-request-id": id,
  });
}

function notFound(id: string): ArmError {
  return graphError(
    404,
    "Request_ResourceNotFound",
    `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  );
}

function principalsOf(world: World, kind: Principal["kind"]): Principal[] {
  return world.principals.all().filter((principal) => principal.kind === kind);
}

/**
 * The sign-ins that were put in (`Microsoft.Graph/signIns`), newest first: by application, from a time on and by kind. Only
 * the beta lists those of service principals (Graph documentation).
 */
function listSignIns(world: World, request: GraphRequest): ArmReply {
  if (!world.behaviour.signInsReadable) throw denied(world);
  const filter = request.query.get("$filter") ?? "";
  const appId = equalityIn(request.query, "appId");
  const from = Date.parse(/createdDateTime\s+ge\s+([\d:.TZ-]+)/i.exec(filter)?.[1] ?? "");
  const kind = /signInEventTypes\/any\(\s*(\w+):\s*\1\s+eq\s+'([^']*)'\s*\)/i.exec(filter)?.[2];
  const found = world.store
    .ofType("microsoft.graph/signins")
    .filter(
      (signIn) =>
        (appId === undefined || String(signIn["appId"]).toLowerCase() === appId) &&
        (kind === undefined || textsAt(signIn, "signInEventTypes").includes(kind)) &&
        (Number.isNaN(from) || Date.parse(String(signIn["createdDateTime"])) >= from),
    )
    .map(({ type: _type, ...signIn }): JsonObject => signIn)
    .sort((a, b) => Date.parse(String(b["createdDateTime"])) - Date.parse(String(a["createdDateTime"])));
  const top = Number(request.query.get("$top") ?? "0");
  const value = top > 0 ? found.slice(0, top) : found;
  return { status: 200, body: { ...contextOf(request, "auditLogs/signIns"), value } };
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

function serveApplications(world: World, request: GraphRequest, id: string | undefined): ArmReply {
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
function putInBin(world: World, source: Resource): ArmReply {
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

/** What was deleted of one kind, or one of them restored; a list without a kind is not served (Graph documentation). */
function listDeletedItems(
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

/** Credentials are shown with their dates and hints, never with a secret: Graph does not return one either. */
function applicationView({ type: _type, _emulator: _mark, ...application }: Resource): JsonObject {
  const credentials = application["passwordCredentials"];
  if (!Array.isArray(credentials)) return application;
  return {
    ...application,
    passwordCredentials: credentials.map((item) => ({ ...(objectAt(item) ?? {}), secretText: null })),
  };
}

function getByIds(world: World, request: Pick<GraphRequest, "body" | "origin">, segment: string | undefined): ArmReply {
  if (!segment || !/^(microsoft\.graph\.)?getbyids$/i.test(segment))
    throw graphError(400, "BadRequest", "Only getByIds is served.");
  const found = textsAt(request.body, "ids").flatMap((id) => world.principals.get(id) ?? []);
  return listOf(world, request, MIXED, found);
}

/** A list in which each object says what it is; in the others the list says it for all (Graph, as az meets it). */
const MIXED = "directoryObjects";

function listOf(
  world: World,
  request: Pick<GraphRequest, "origin">,
  collection: "servicePrincipals" | "users" | "groups" | typeof MIXED,
  principals: Principal[],
): ArmReply {
  // A principal that is not replicated yet is not found in the directory either.
  const known = principals.filter((principal) => principal.knownFromMs <= world.nowMs);
  const value = known.map((principal) =>
    collection === MIXED
      ? { "@odata.type": ODATA_TYPES[principal.kind], ...principalView(principal) }
      : principalView(principal),
  );
  return { status: 200, body: { ...contextOf(request, collection), value } };
}

function contextOf({ origin }: Pick<GraphRequest, "origin">, what: string): JsonObject {
  return { "@odata.context": `${origin}/v1.0/$metadata#${what}` };
}

function equalityIn(query: URLSearchParams, field: string): string | undefined {
  return new RegExp(`\\b${field}\\s+eq\\s+'([^']*)'`, "i").exec(query.get("$filter") ?? "")?.[1]?.toLowerCase();
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

const ODATA_TYPES: Record<Principal["kind"], string> = {
  ServicePrincipal: "#microsoft.graph.servicePrincipal",
  User: "#microsoft.graph.user",
  Group: "#microsoft.graph.group",
};

function principalView(principal: Principal): JsonObject {
  if (!principal.isManagedIdentity || principal.source.type.toLowerCase().startsWith("microsoft.graph/")) {
    const { type: _type, _emulator: _mark, ...object } = principal.source;
    return {
      ...object,
      displayName: principal.displayName,
      ...(principal.kind === "ServicePrincipal"
        ? {
            servicePrincipalType: object["servicePrincipalType"] ?? "Application",
            servicePrincipalNames: [...principal.names],
          }
        : {}),
    };
  }
  return {
    id: principal.id,
    appId: principal.appId ?? null,
    displayName: principal.displayName,
    servicePrincipalType: "ManagedIdentity",
    servicePrincipalNames: [
      ...(principal.appId ? [principal.appId] : []),
      `https://identity.azure.net/${principal.displayName}`,
    ],
    alternativeNames: ["isExplicit=True", principal.source.id],
  };
}
