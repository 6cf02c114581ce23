import { sameId } from "../../src/azure/ids.ts";
import { asString, at, type Json } from "../../src/azure/json.ts";
import type { WireRequest } from "../../src/engine/wire.ts";
import { kubeletIdentityKey, rollKey, switchKey } from "../../src/migration/migration.ts";
import { roleKey } from "../../src/plan/change-keys.ts";
import { neededRights } from "./needs.ts";
import type { Subject } from "./site.ts";

/** A write as it goes out, told by its address and body alone. */
export interface Write {
  readonly kind: "identity" | "role" | "cluster" | "roll";
  /** The keys of the changes that may send it. */
  readonly keys: readonly string[];
  readonly path: string;
  /** Whom a role is given to. */
  readonly principalId?: string | undefined;
}

/** What a request would change about one cluster and what belongs to it; undefined when it is a read, or about another. */
export function readWrite(subject: Subject, request: WireRequest): Write | undefined {
  if (request.method === "GET") return undefined;
  const path = pathOf(request);
  const id = subject.clusterId;
  if (request.method === "PUT" && sameId(path, id)) {
    return { kind: "cluster", keys: [switchKey(id), kubeletIdentityKey(id)], path };
  }
  const pool = /\/agentPools\/([^/]+)\/upgradeNodeImageVersion$/.exec(path)?.[1];
  if (request.method === "POST" && pool && path.toLowerCase().startsWith(`${id.toLowerCase()}/`))
    return { kind: "roll", keys: [rollKey(pool)], path };
  const { controlPlane, kubelet } = subject.identities;
  if (request.method === "PUT" && sameId(path, controlPlane?.id))
    return { kind: "identity", keys: ["identity:control-plane"], path };
  if (request.method === "PUT" && sameId(path, kubelet?.id))
    return { kind: "identity", keys: ["identity:kubelet"], path };
  const scope = /^(.*)\/providers\/Microsoft\.Authorization\/roleAssignments\/[^/]+$/i.exec(path)?.[1];
  if (request.method !== "PUT" || scope === undefined) return undefined;
  const given = at(JSON.parse(request.body ?? "{}") as Json, "properties");
  const principalId = asString(at(given, "principalId"));
  const roleGuid = asString(at(given, "roleDefinitionId"))?.split("/").at(-1);
  const keys = principalId === undefined ? [] : roleKeys(subject, scope, roleGuid);
  return keys.length === 0 ? undefined : { kind: "role", keys, path, principalId };
}

/** The path of a request as resource ids are written. */
export function pathOf(request: WireRequest): string {
  return decodeURIComponent(new URL(request.url).pathname).replace(/\/{2,}/g, "/");
}

/** The approved changes that an assignment may stand for: those of its role at its scope. */
function roleKeys(subject: Subject, scope: string, roleGuid: string | undefined): string[] {
  const approved = new Set(subject.approvedKeys);
  return neededRights(subject)
    .filter((needed) => sameId(needed.scope, scope) && needed.roleGuid.toLowerCase() === roleGuid?.toLowerCase())
    .map(roleKey)
    .filter((key) => approved.has(key));
}
