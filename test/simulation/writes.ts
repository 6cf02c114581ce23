import { sameId } from "../../src/azure/ids.ts";
import { asString, at, type Json } from "../../src/azure/json.ts";
import { MINUTE_MS } from "../../src/engine/clock.ts";
import type { WireRequest } from "../../src/engine/wire.ts";
import { kubeletIdentityKey, rollKey, switchKey } from "../../src/migration/migration.ts";
import type { Site } from "./site.ts";

/** A write as it goes out, told by its address and body alone. */
export interface Write {
  readonly kind: "identity" | "role" | "cluster" | "roll";
  /** The keys of the changes that may send it. */
  readonly keys: readonly string[];
  readonly path: string;
}

/** How far two moments may be apart that are one: requests of a run are served in the same instant. */
export const SAME_MOMENT_MS = MINUTE_MS;

/** What a request would change; undefined for reads. Throws a sentence for a write that no migration ever sends. */
export function readWrite(site: Site, request: WireRequest): Write | undefined {
  if (request.method === "GET") return undefined;
  const path = decodeURIComponent(new URL(request.url).pathname).replace(/\/{2,}/g, "/");
  const body = request.body === undefined ? {} : (JSON.parse(request.body) as Json);
  const id = site.clusterId;
  if (request.method === "PUT" && sameId(path, id)) {
    return { kind: "cluster", keys: [switchKey(id), kubeletIdentityKey(id)], path };
  }
  const pool = /\/agentPools\/([^/]+)\/upgradeNodeImageVersion$/.exec(path)?.[1];
  if (request.method === "POST" && pool && path.toLowerCase().startsWith(id.toLowerCase()))
    return { kind: "roll", keys: [rollKey(pool)], path };
  const { controlPlane, kubelet } = site.identities;
  if (request.method === "PUT" && sameId(path, controlPlane?.id))
    return { kind: "identity", keys: ["identity:control-plane"], path };
  if (request.method === "PUT" && sameId(path, kubelet?.id))
    return { kind: "identity", keys: ["identity:kubelet"], path };
  const scope = /^(.*)\/providers\/Microsoft\.Authorization\/roleAssignments\/[^/]+$/i.exec(path)?.[1];
  if (request.method === "PUT" && scope !== undefined) return { kind: "role", keys: roleKeys(site, scope, body), path };
  throw new Error(`no migration sends ${request.method} ${path}`);
}

/** The approved role changes that an assignment may stand for: those at its scope. */
function roleKeys(site: Site, scope: string, body: Json): string[] {
  if (!asString(at(body, "properties", "principalId"))) return [];
  return approvedKeys(site).filter((key) => {
    const at = key.startsWith("role:") ? key.slice(key.indexOf("@") + 1, key.lastIndexOf("→")) : undefined;
    return sameId(at, scope);
  });
}

/** Every key that the plan contains. */
export function approvedKeys(site: Site): string[] {
  return site.plan.clusters[0]!.steps.flatMap((step) => step.changes.map(({ key }) => key));
}
