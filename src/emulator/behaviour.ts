import { parseDuration } from "../engine/clock.ts";
import { AksMiError } from "../engine/errors.ts";
import { isObject, type Json, type JsonObject } from "./json.ts";

/** Who calls, when the token names nobody who was put in. */
export interface CallerSettings {
  objectId: string;
  name: string;
  type: "User" | "ServicePrincipal";
  /** Roles by name or GUID; without `roles` the caller is Owner of everything. */
  roles: { role: string; scope: string }[];
}

/** A policy that denies writes of a resource type (`*` for all) at or below a scope. */
export interface PolicySettings {
  name: string;
  type: string;
  scope: string;
}

/** A lock, as if it had been put in as a resource. */
export interface LockSettings {
  name: string;
  scope: string;
  level: "CanNotDelete" | "ReadOnly";
}

/** A token bucket: `size` requests at once, refilled by `perSecond`. */
export interface BucketSettings {
  size: number;
  perSecond: number;
}

/** What can be switched in the model: durations as text, the open questions about Azure, and the world around the caller. */
export interface Behaviour {
  rolePropagation: string;
  principalReplication: string;
  identityUpdate: string;
  nodeImageUpgradePerNode: string;
  tokenSwitchover: string;
  activityLogDelay: string;
  newerNodeImage: boolean | string;
  identityUpdateReimagesNodes: boolean;
  kubeletIdentityUpdateReimagesNodes: boolean;
  combinedIdentityUpdate: "rolls" | "appliesWithoutRoll" | "refused" | "ignoresKubelet";
  deadPrincipalUpdate: "accepted" | "refused";
  upToDateImageUpgrade: "accepted" | "notModified";
  reimage: "inPlace" | "replacesInstance";
  latestModelApplied: boolean;
  caller: CallerSettings;
  coreQuota: number;
  roleAssignmentLimit: number;
  policies: PolicySettings[];
  locks: LockSettings[];
  throttles: false | "azure" | Record<string, BucketSettings>;
  graphDenied: boolean;
  signInsReadable: boolean;
  etagMismatchInOperation: boolean;
  updateConflict: "OperationNotAllowed" | "EtagMismatch";
  pageSize: number;
}

const OWNER_OF_EVERYTHING: CallerSettings["roles"] = [{ role: "Owner", scope: "/" }];

/** What the model does unless told otherwise; the source of each is in the README beside this file. */
export function defaultBehaviour(): Behaviour {
  return {
    rolePropagation: "20m",
    principalReplication: "30s",
    identityUpdate: "3m",
    nodeImageUpgradePerNode: "5m",
    tokenSwitchover: "6h",
    activityLogDelay: "5m",
    newerNodeImage: true,
    identityUpdateReimagesNodes: false,
    kubeletIdentityUpdateReimagesNodes: true,
    combinedIdentityUpdate: "rolls",
    deadPrincipalUpdate: "accepted",
    upToDateImageUpgrade: "accepted",
    reimage: "inPlace",
    latestModelApplied: false,
    caller: {
      objectId: "6a0f2c1e-52f7-4a4d-8d0b-3c1f6f0c9a11",
      name: "operator@contoso.com",
      type: "User",
      roles: OWNER_OF_EVERYTHING,
    },
    coreQuota: 100_000,
    roleAssignmentLimit: 4_000,
    policies: [],
    locks: [],
    throttles: false,
    graphDenied: false,
    signInsReadable: false,
    etagMismatchInOperation: false,
    updateConflict: "OperationNotAllowed",
    pageSize: 100,
  };
}

type DurationKey = {
  [Key in keyof Behaviour]: Behaviour[Key] extends string ? (string extends Behaviour[Key] ? Key : never) : never;
}[keyof Behaviour];

/** The duration of a behaviour key in milliseconds. */
export function durationMs(behaviour: Behaviour, key: DurationKey): number {
  return parseDuration(behaviour[key])!;
}

type Check = (value: Json, fail: (expected: string) => never) => Json;

const duration: Check = (value, fail) =>
  typeof value === "string" && parseDuration(value) !== undefined ? value : fail("a duration such as 90s, 60m or 24h");
const boolean: Check = (value, fail) => (typeof value === "boolean" ? value : fail("true or false"));
const oneOf =
  (...values: string[]): Check =>
  (value, fail) =>
    typeof value === "string" && values.includes(value) ? value : fail(`one of ${values.join(", ")}`);

const newerNodeImage: Check = (value, fail) => {
  if (typeof value === "boolean") return value;
  if (typeof value === "string" && /^\d{4}-\d\d-\d\d/.test(value) && !Number.isNaN(Date.parse(value))) return value;
  return fail("true, false or an ISO date from which there is a newer image");
};

/** Checks an object's keys: `shape` says which there are, required ones end in `!`. */
function fieldsOf(value: Json, shape: Record<string, Check>, fail: (expected: string) => never): JsonObject {
  if (!isObject(value)) return fail(`an object with ${Object.keys(shape).join(", ")}`);
  const unknown = Object.keys(value).find((key) => !(key in shape));
  if (unknown) return fail(`only the fields ${Object.keys(shape).join(", ")}, not ${unknown}`);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      shape[key]!(item ?? null, (expected) => fail(`${expected} in ${key}`)),
    ]),
  );
}

const text: Check = (value, fail) => (typeof value === "string" && value !== "" ? value : fail("a text"));
const listOf =
  (each: Check): Check =>
  (value, fail) =>
    Array.isArray(value) ? value.map((item) => each(item, fail)) : fail("a list");

const caller: Check = (value, fail) => {
  const role: Check = (item) => ({ scope: "/", ...fieldsOf(item, { role: text, scope: text }, fail) });
  const fields = fieldsOf(
    value,
    { objectId: text, name: text, type: oneOf("User", "ServicePrincipal"), roles: listOf(role) },
    fail,
  );
  return { ...(defaultBehaviour().caller as unknown as JsonObject), ...fields };
};

const policy: Check = (value, fail) => ({
  name: "deny",
  type: "*",
  scope: "/",
  ...fieldsOf(value, { name: text, type: text, scope: text }, fail),
});

const lock: Check = (value, fail) => {
  const fields = fieldsOf(value, { name: text, scope: text, level: oneOf("CanNotDelete", "ReadOnly") }, fail);
  if (!fields["scope"]) return fail("a scope in every lock");
  return { name: "lock", level: "CanNotDelete", ...fields };
};

/** The buckets that there are; see throttles.ts for what each counts. */
export const BUCKET_NAMES = [
  "reads",
  "writes",
  "deletes",
  "clusterWrites",
  "clusterReads",
  "clusterLists",
  "groupClusterLists",
  "poolWrites",
  "operationReads",
  "otherCalls",
] as const;

const throttles: Check = (value, fail) => {
  if (value === false || value === "azure") return value;
  const amount: Check = (item) =>
    typeof item === "number" && item >= 0 ? item : fail("size and perSecond as numbers");
  const bucket: Check = (item) => {
    const fields = fieldsOf(item, { size: amount, perSecond: amount }, fail);
    return "size" in fields && "perSecond" in fields ? fields : fail("size and perSecond in every bucket");
  };
  return fieldsOf(value, Object.fromEntries(BUCKET_NAMES.map((name) => [name, bucket])), fail);
};

const wholeNumber: Check = (value, fail) =>
  typeof value === "number" && Number.isInteger(value) && value > 0 ? value : fail("a whole number above 0");

const CHECKS: Record<keyof Behaviour, Check> = {
  rolePropagation: duration,
  principalReplication: duration,
  identityUpdate: duration,
  nodeImageUpgradePerNode: duration,
  tokenSwitchover: duration,
  activityLogDelay: duration,
  newerNodeImage,
  identityUpdateReimagesNodes: boolean,
  kubeletIdentityUpdateReimagesNodes: boolean,
  combinedIdentityUpdate: oneOf("rolls", "appliesWithoutRoll", "refused", "ignoresKubelet"),
  deadPrincipalUpdate: oneOf("accepted", "refused"),
  upToDateImageUpgrade: oneOf("accepted", "notModified"),
  reimage: oneOf("inPlace", "replacesInstance"),
  latestModelApplied: boolean,
  caller,
  coreQuota: wholeNumber,
  roleAssignmentLimit: wholeNumber,
  policies: listOf(policy),
  locks: listOf(lock),
  throttles,
  graphDenied: boolean,
  signInsReadable: boolean,
  etagMismatchInOperation: boolean,
  updateConflict: oneOf("OperationNotAllowed", "EtagMismatch"),
  pageSize: wholeNumber,
};

/** Reads behaviour keys that a user wrote; an unknown key or value throws a USAGE error that names it. */
export function parseBehaviour(value: Json | undefined): Partial<Behaviour> {
  if (!isObject(value)) throw badBehaviour("Behaviour is not an object of keys and values.");
  const parsed = Object.entries(value).map(([key, item]) => {
    if (!(key in CHECKS)) throw badBehaviour(`There is no behaviour key '${key}'.`);
    const check = CHECKS[key as keyof Behaviour];
    return [
      key,
      check(item ?? null, (expected) => {
        throw badBehaviour(`behaviour.${key} is ${JSON.stringify(item)}, expected ${expected}.`);
      }),
    ];
  });
  return Object.fromEntries(parsed) as Partial<Behaviour>;
}

function badBehaviour(message: string): AksMiError {
  return new AksMiError("USAGE", message, `The keys are ${Object.keys(CHECKS).join(", ")}.`);
}
