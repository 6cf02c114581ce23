import { type JsonObject, objectAt, objectsAt, type Resource, textAt, textsAt } from "./json.ts";
import type { SeededIds } from "./random.ts";
import type { Store } from "./store.ts";

/** Type names of the Graph objects that can be put in. */
const SERVICE_PRINCIPAL_TYPE = "microsoft.graph/serviceprincipals";
/** Applications carry the credentials of service principals. */
export const APPLICATION_TYPE = "microsoft.graph/applications";
const GROUP_TYPE = "microsoft.graph/groups";
const USER_TYPE = "microsoft.graph/users";
const IDENTITY_TYPE = "microsoft.managedidentity/userassignedidentities";
const CLUSTER_TYPE = "microsoft.containerservice/managedclusters";

/** A principal of the directory, whatever it stems from. */
export interface Principal {
  readonly id: string;
  readonly kind: "ServicePrincipal" | "User" | "Group";
  readonly appId: string | undefined;
  readonly displayName: string;
  /** The names by which it can be looked up; for a managed identity, its client id and resource id. */
  readonly names: readonly string[];
  readonly isManagedIdentity: boolean;
  /** The object as it was put in, if it was. */
  readonly source: Resource;
  /** From when on role assignments see it. */
  knownFromMs: number;
}

/** True for an object that the directory keeps among its deleted items for thirty days (Graph documentation). */
export function isInBin(source: Resource): boolean {
  return textAt(source, "deletedDateTime") !== undefined;
}

/** Who exists in the directory: Graph objects, managed identities, clusters' own identities, and who is gone. */
export class Principals {
  readonly #ids: SeededIds;
  readonly #byId = new Map<string, Principal>();
  readonly #byName = new Map<string, string>();
  readonly #bySource = new Map<string, string[]>();
  readonly #deleted = new Set<string>();
  /** Object ids of what lies in the directory's deleted items, by application id. */
  readonly #binned = new Map<string, string>();
  readonly #applications = new Map<string, Resource>();
  readonly #memberships = new Map<string, Set<string>>();

  constructor(store: Store, ids: SeededIds) {
    this.#ids = ids;
    store.onChange((key, now, before) => {
      const type = (now ?? before)!.type.toLowerCase();
      if (type === APPLICATION_TYPE) this.#noteApplication(now, before);
      else if (KINDS[type]) this.#notePrincipals(key, now);
      if (type === GROUP_TYPE) this.#noteMembers(now, before);
    });
  }

  /** The tenant that everything belongs to. */
  get tenantId(): string {
    return this.#ids.guidOf("tenant");
  }

  /** The principal of an object id. */
  get(id: string): Principal | undefined {
    return this.#byId.get(id.toLowerCase());
  }

  /** Every principal. */
  all(): Principal[] {
    return [...this.#byId.values()];
  }

  /** The principal that a client id, application id or identifier URI names. */
  named(name: string): Principal | undefined {
    const id = this.#byName.get(name.toLowerCase());
    return id === undefined ? undefined : this.#byId.get(id);
  }

  /** The object id behind a client id; a GUID of its own when the directory does not know the name. */
  objectIdOf(clientId: string): string {
    const deleted = this.#binned.get(clientId.toLowerCase());
    return this.named(clientId)?.id ?? deleted ?? this.#ids.guidOf(`service principal ${clientId}`);
  }

  /** The groups a principal is a member of. */
  groupsOf(id: string): string[] {
    return [...(this.#memberships.get(id.toLowerCase()) ?? [])];
  }

  /** Why nothing can be done as this principal any more, or undefined. */
  problemOf(id: string, nowMs: number): string | undefined {
    const key = id.toLowerCase();
    if (this.#deleted.has(key)) return `principal ${id} has been deleted`;
    const principal = this.#byId.get(key);
    if (!principal) return undefined;
    if (principal.source["accountEnabled"] === false) return `principal ${id} is disabled`;
    const expiresMs = this.#expiryMsOf(principal);
    if (expiresMs === undefined || expiresMs > nowMs) return undefined;
    return `AADSTS7000222: The provided client secret keys for app '${principal.appId}' are expired.`;
  }

  /** When the last credential of a principal's application ends; undefined where none does. */
  endsAt(id: string): number | undefined {
    const principal = this.#byId.get(id.toLowerCase());
    return principal && this.#expiryMsOf(principal);
  }

  /** The application of an application id. */
  application(appId: string): Resource | undefined {
    return this.#applications.get(appId.toLowerCase());
  }

  #expiryMsOf(principal: Principal): number | undefined {
    if (principal.isManagedIdentity || principal.appId === undefined) return undefined;
    const application = this.#applications.get(principal.appId.toLowerCase());
    if (!application) return undefined;
    const ends = [...objectsAt(application, "passwordCredentials"), ...objectsAt(application, "keyCredentials")]
      .map((credential) => Date.parse(textAt(credential, "endDateTime") ?? ""))
      .filter((ms) => !Number.isNaN(ms));
    return ends.length === 0 ? undefined : Math.max(...ends);
  }

  #noteApplication(now: Resource | undefined, before: Resource | undefined): void {
    const appId = textAt(now ?? before, "appId")?.toLowerCase();
    if (!appId) return;
    if (now && !isInBin(now)) this.#applications.set(appId, now);
    else {
      this.#applications.delete(appId);
      // Deleting an application deletes its service principal with it.
      const principal = this.#byName.get(appId);
      if (principal) this.#deleted.add(principal);
    }
  }

  #notePrincipals(key: string, now: Resource | undefined): void {
    const old = this.#bySource.get(key) ?? [];
    const found = now && !isInBin(now) ? principalsOf(now) : [];
    if (now && isInBin(now)) this.#bin(now);
    // A cluster that leaves its system-assigned identity goes on using that identity's tokens until they expire.
    const isCluster = now?.type.toLowerCase() === CLUSTER_TYPE;
    const gone = isCluster ? [] : old.filter((id) => !found.some((principal) => principal.id === id));
    for (const id of gone) this.#remove(id);
    for (const principal of found) this.#add(principal);
    this.#bySource.set(
      key,
      found.map((principal) => principal.id),
    );
  }

  #add(principal: Principal): void {
    const known = this.#byId.get(principal.id);
    this.#byId.set(principal.id, known ? { ...principal, knownFromMs: known.knownFromMs } : principal);
    this.#deleted.delete(principal.id);
    for (const name of principal.names) this.#byName.set(name.toLowerCase(), principal.id);
  }

  #bin(source: Resource): void {
    const id = source.id.toLowerCase();
    this.#deleted.add(id);
    const appId = textAt(source, "appId")?.toLowerCase();
    if (appId) this.#binned.set(appId, id);
  }

  #remove(id: string): void {
    const principal = this.#byId.get(id);
    for (const name of principal?.names ?? []) this.#byName.delete(name.toLowerCase());
    this.#byId.delete(id);
    this.#deleted.add(id);
  }

  #noteMembers(now: Resource | undefined, before: Resource | undefined): void {
    for (const member of textsAt(before, "members"))
      this.#memberships.get(member.toLowerCase())?.delete(before!.id.toLowerCase());
    for (const member of textsAt(now, "members")) {
      const key = member.toLowerCase();
      const groups = this.#memberships.get(key) ?? new Set();
      groups.add(now!.id.toLowerCase());
      this.#memberships.set(key, groups);
    }
  }
}

const KINDS: Record<string, Principal["kind"]> = {
  [SERVICE_PRINCIPAL_TYPE]: "ServicePrincipal",
  [USER_TYPE]: "User",
  [GROUP_TYPE]: "Group",
  [IDENTITY_TYPE]: "ServicePrincipal",
  [CLUSTER_TYPE]: "ServicePrincipal",
};

function principalsOf(source: Resource): Principal[] {
  const type = source.type.toLowerCase();
  if (type === IDENTITY_TYPE) return managedIdentity(source, objectAt(source, "properties"), source.id);
  if (type === CLUSTER_TYPE)
    return textAt(source, "identity", "principalId")
      ? managedIdentity(source, objectAt(source, "identity"), source.id)
      : [];
  const appId = textAt(source, "appId");
  return [
    {
      id: source.id.toLowerCase(),
      kind: KINDS[type]!,
      appId,
      displayName: textAt(source, "displayName") ?? source.id,
      names: [...new Set([...textsAt(source, "servicePrincipalNames"), ...(appId ? [appId] : [])])],
      isManagedIdentity: textAt(source, "servicePrincipalType") === "ManagedIdentity",
      source,
      knownFromMs: Number.NEGATIVE_INFINITY,
    },
  ];
}

function managedIdentity(source: Resource, holder: JsonObject | undefined, resourceId: string): Principal[] {
  const id = textAt(holder, "principalId");
  if (!id) return [];
  const appId = textAt(holder, "clientId");
  return [
    {
      id: id.toLowerCase(),
      kind: "ServicePrincipal",
      appId,
      displayName: resourceId.slice(resourceId.lastIndexOf("/") + 1),
      names: appId ? [appId] : [],
      isManagedIdentity: true,
      source,
      knownFromMs: Number.NEGATIVE_INFINITY,
    },
  ];
}
