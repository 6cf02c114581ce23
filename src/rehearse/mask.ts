import { asString, at, type JsonObject } from "../azure/json.ts";
import { BUILT_IN_ROLES } from "../emulator/roles.ts";

const GUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;

/** Replaces ids in plain data, each by the same other one wherever it stands. */
export type Mask = <T>(value: T) => T;

/**
 * A mask for everything that comes from one twin: subscriptions, tenants, principals, applications, assignments. Names
 * stay, and so do the roles that Azure has built in, which are the same for everyone.
 */
export function createMask(resources: readonly JsonObject[]): Mask {
  const kept = new Set([...BUILT_IN_ROLES.map(({ guid }) => guid), ...builtInRoles(resources)]);
  const masked = new Map<string, string>();
  const maskOne = (guid: string) => {
    const key = guid.toLowerCase();
    if (kept.has(key)) return guid;
    const known = masked.get(key) ?? `00000000-0000-4000-8000-${String(masked.size + 1).padStart(12, "0")}`;
    masked.set(key, known);
    return known;
  };
  const subscriptions = new Set(resources.flatMap((resource) => subscriptionsIn(resource)));
  const beginnings = new RegExp(
    `(?<![0-9a-z])(?:${[...subscriptions].map((id) => `${id.slice(0, 6)}(?:${id.slice(6, 8)})?`).join("|")})(?![0-9a-z])`,
    "gi",
  );
  return (value) => {
    const text = JSON.stringify(value).replace(GUID, maskOne);
    // `az aks create` makes the DNS prefix of a cluster end in the first digits of its subscription.
    const plain = subscriptions.size > 0 ? text.replace(beginnings, (digits) => "0".repeat(digits.length)) : text;
    return JSON.parse(plain);
  };
}

function builtInRoles(resources: readonly JsonObject[]): string[] {
  return resources
    .filter((resource) => asString(at(resource, "properties", "type")) === "BuiltInRole")
    .map((resource) => asString(resource["id"])!.split("/").at(-1)!.toLowerCase());
}

function subscriptionsIn(resource: JsonObject): string[] {
  const found = /^\/subscriptions\/([^/]+)/i.exec(asString(resource["id"]) ?? "")?.[1];
  return found ? [found.toLowerCase()] : [];
}
