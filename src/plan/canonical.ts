import { createHash } from "node:crypto";
import type { ClusterFacts, MigrationPlan } from "./schema.ts";

/** JSON as RFC 8785 writes it: keys sorted by UTF-16 code units, no white space, numbers and strings as ECMAScript does. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value))
    return `[${value.map((item) => canonicalJson(item === undefined ? null : item)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value)
    .filter(([, child]) => child !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, child]) => `${JSON.stringify(key)}:${canonicalJson(child)}`);
  return `{${entries.join(",")}}`;
}

/** SHA-256 of a text, in hexadecimal. */
function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** What an approver approves: the whole plan without its name, its date and the tool's version. */
export function planHash(plan: MigrationPlan): string {
  const { name: _name, createdAt: _createdAt, tool: _tool, ...metadata } = plan.metadata;
  return sha256(canonicalJson({ ...plan, metadata }));
}

/** The fingerprint of a cluster's facts. Ids compare without case, so they are hashed in lower case. */
export function fingerprint(facts: ClusterFacts): string {
  return `sha256:${sha256(canonicalJson(facts).toLowerCase())}`;
}
