import { hasStatus } from "./errors.ts";
import { applicationQuery, lastSignInQuery, servicePrincipalQuery } from "./graph-queries.ts";
import { asArray, asDate, asObject, asString, at, type JsonObject } from "./json.ts";
import { withRetry } from "./retry.ts";
import type { Transport } from "./transport.ts";

/** A service principal in Microsoft Entra. */
export interface ServicePrincipal {
  readonly objectId: string;
  readonly appId: string;
  readonly displayName: string;
  /** False when an administrator has disabled it: it then gets no token. */
  readonly enabled: boolean;
}

/** A service principal among the directory's deleted items. */
export interface DeletedPrincipal {
  readonly objectId: string;
  readonly displayName: string;
  readonly deletedAt: Date | undefined;
  /** Where a POST restores it, in the cloud that it is of. */
  readonly restoreUrl: string;
}

/** What an object of the directory is: `application` is a service principal with credentials of its own. */
export type DirectoryKind = "application" | "managed-identity" | "group" | "user" | "other";

/** That a service principal got a token. */
export interface SignIn {
  readonly at: Date;
  /** What the token is for, for example `Azure Key Vault`. */
  readonly resource: string | undefined;
}

/** What Microsoft Graph answered; `denied` when the caller may not ask. */
export type GraphAnswer<T> =
  | { readonly kind: "found"; readonly value: T }
  | { readonly kind: "missing" }
  | { readonly kind: "denied" };

/** Microsoft Graph, as far as service principals need it. */
export interface Graph {
  /** By application id, or whatever name the cluster was given for it (an identifier URI, for example). */
  servicePrincipal(clientId: string): Promise<GraphAnswer<ServicePrincipal>>;
  /** One that was deleted in the last thirty days and can still be restored, by application id. */
  deletedServicePrincipal(appId: string): Promise<GraphAnswer<DeletedPrincipal>>;
  /** The end dates of the application's secrets and certificates, latest first. */
  credentialEnds(appId: string): Promise<GraphAnswer<Date[]>>;
  /** Object ids of the groups that a service principal is in, through other groups too. */
  groupsOf(objectId: string): Promise<GraphAnswer<string[]>>;
  /**
   * The last sign-in of a service principal since a moment; `missing` when the log shows none. Only the beta lists those of
   * service principals, and Microsoft does not support it in production: what it shows counts, that it shows nothing does not.
   */
  lastSignIn(appId: string, since: Date): Promise<GraphAnswer<SignIn>>;
  /** What these object ids stand for; an id that is not in the answer is not in the directory any more. */
  kindsOf(objectIds: readonly string[]): Promise<GraphAnswer<ReadonlyMap<string, DirectoryKind>>>;
}

/** How many ids Microsoft Graph takes in one `getByIds` (Graph documentation). */
const IDS_PER_REQUEST = 1_000;

/** Microsoft Graph v1.0 as plain requests. */
export function createGraph({ cloud, graph, retry }: Transport): Graph {
  /** @param read takes the answer apart; undefined when what was asked for is not in it */
  const ask = <T>(what: string, path: string, read: (values: JsonObject[]) => T | undefined) =>
    unlessDenied(async () => {
      try {
        return foundOrMissing(read((await graph.list(what, path)).map(asObject)));
      } catch (error) {
        if (hasStatus(error, 404)) return { kind: "missing" };
        throw error;
      }
    });
  return {
    servicePrincipal: (clientId) =>
      ask("look up the service principal", servicePrincipalQuery(clientId), ([first]) => first && principalOf(first)),
    // Filters on deleted items need a header that a list over several pages would have to carry along: they are few.
    deletedServicePrincipal: (appId) =>
      ask(
        "look for a deleted service principal",
        "/v1.0/directory/deletedItems/microsoft.graph.servicePrincipal",
        (all) => {
          const found = all.find((item) => asString(item["appId"])?.toLowerCase() === appId.toLowerCase());
          return found && deletedPrincipalOf(found, appId, cloud.graph);
        },
      ),
    credentialEnds: (appId) =>
      ask("read the application's credentials", applicationQuery(appId), ([first]) => first && credentialEndsOf(first)),
    groupsOf: (objectId) =>
      ask("list the service principal's groups", `/v1.0/servicePrincipals/${objectId}/transitiveMemberOf`, (groups) =>
        groups.map((group) => asString(group["id"]) ?? "").filter((id) => id !== ""),
      ),
    lastSignIn: (appId, since) =>
      unlessDenied(async () => {
        // One page is enough, and each sign-in would be a page of its own.
        const { body } = await graph.get("look up the last sign-in", lastSignInQuery(appId, since));
        const [first] = asArray(at(body, "value")).map(asObject);
        return foundOrMissing(first && signInOf(first));
      }),
    kindsOf: (objectIds) =>
      unlessDenied(async () => {
        const kinds = new Map<string, DirectoryKind>();
        for (let from = 0; from < objectIds.length; from += IDS_PER_REQUEST) {
          const body = { ids: objectIds.slice(from, from + IDS_PER_REQUEST) };
          const what = "look up who holds roles";
          const answer = await withRetry(what, retry, () =>
            graph.send(what, "POST", "/v1.0/directoryObjects/getByIds", body),
          );
          for (const object of asArray(at(answer.body, "value")).map(asObject))
            kinds.set((asString(object["id"]) ?? "").toLowerCase(), kindOf(object));
        }
        return { kind: "found", value: kinds };
      }),
  };
}

async function unlessDenied<T>(answer: () => Promise<GraphAnswer<T>>): Promise<GraphAnswer<T>> {
  try {
    return await answer();
  } catch (error) {
    if (hasStatus(error, 403) || hasStatus(error, 401)) return { kind: "denied" };
    throw error;
  }
}

function foundOrMissing<T>(value: T | undefined): GraphAnswer<T> {
  return value === undefined ? { kind: "missing" } : { kind: "found", value };
}

function principalOf(object: JsonObject): ServicePrincipal {
  return {
    objectId: asString(object["id"]) ?? "",
    appId: asString(object["appId"]) ?? "",
    displayName: asString(object["displayName"]) ?? "",
    enabled: object["accountEnabled"] !== false,
  };
}

function deletedPrincipalOf(object: JsonObject, appId: string, graphUrl: string): DeletedPrincipal {
  const id = asString(object["id"]) ?? "";
  return {
    objectId: id,
    displayName: asString(object["displayName"]) ?? appId,
    deletedAt: asDate(object["deletedDateTime"]),
    restoreUrl: `${graphUrl}/v1.0/directory/deletedItems/${id}/restore`,
  };
}

function credentialEndsOf(application: JsonObject): Date[] {
  return [...asArray(application["passwordCredentials"]), ...asArray(application["keyCredentials"])]
    .flatMap((credential) => asDate(at(credential, "endDateTime")) ?? [])
    .sort((a, b) => b.getTime() - a.getTime());
}

function signInOf(object: JsonObject): SignIn | undefined {
  const moment = asDate(object["createdDateTime"]);
  return moment && { at: moment, resource: asString(object["resourceDisplayName"]) };
}

function kindOf(object: JsonObject): DirectoryKind {
  switch (asString(object["@odata.type"])?.toLowerCase()) {
    case "#microsoft.graph.serviceprincipal":
      return asString(object["servicePrincipalType"]) === "ManagedIdentity" ? "managed-identity" : "application";
    case "#microsoft.graph.group":
      return "group";
    case "#microsoft.graph.user":
      return "user";
    default:
      return "other";
  }
}
