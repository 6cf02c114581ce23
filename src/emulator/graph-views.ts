import type { ArmReply } from "./arm.ts";
import { contextOf, type GraphRequest } from "./graph-answer.ts";
import { type JsonObject, objectAt, type Resource } from "./json.ts";
import type { Principal } from "./principals.ts";
import type { World } from "./world.ts";

/** Credentials are shown with their dates and hints, never with a secret: Graph does not return one either. */
export function applicationView({ type: _type, _emulator: _mark, ...application }: Resource): JsonObject {
  const credentials = application["passwordCredentials"];
  if (!Array.isArray(credentials)) return application;
  return {
    ...application,
    passwordCredentials: credentials.map((item) => ({ ...(objectAt(item) ?? {}), secretText: null })),
  };
}

const ODATA_TYPES: Record<Principal["kind"], string> = {
  ServicePrincipal: "#microsoft.graph.servicePrincipal",
  User: "#microsoft.graph.user",
  Group: "#microsoft.graph.group",
};

/** A list in which each object says what it is; in the others the list says it for all (Graph, as az meets it). */
export const MIXED = "directoryObjects";

/** The principals that are known already, as a list of Graph. */
export function listOf(
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

/** A principal as the directory shows it; a managed identity is a service principal there. */
export function principalView(principal: Principal): JsonObject {
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
