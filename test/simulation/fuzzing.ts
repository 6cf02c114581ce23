import fc from "fast-check";
import { expect } from "vitest";
import type { Json } from "../../src/azure/json.ts";
import { AksMiError } from "../../src/engine/errors.ts";
import type { WireResponse } from "../../src/engine/wire.ts";
import { type Mutation, mutate, mutation } from "./mutations.ts";
import type { Site } from "./site.ts";

/** How many times as long as in `npm run check`: AKS_MI_FUZZ=100 takes an hour. */
const TIMES = Number(process.env["AKS_MI_FUZZ"] ?? "1");

/** Longer than any property takes, however often it is tried. */
export const FUZZ_TIMEOUT_MS = 180_000 * Math.max(1, TIMES);

/**
 * How often a property is tried, and from which seed: the same each time in `npm run check`, and another each time it goes
 * on for longer, unless AKS_MI_FUZZ_SEED names one.
 */
export function tries(numRuns: number, seed: number): { numRuns: number; seed: number } {
  const given = process.env["AKS_MI_FUZZ_SEED"];
  const own = TIMES > 1 ? (Date.now() + seed) % 2 ** 31 : seed;
  return { numRuns: Math.round(numRuns * TIMES), seed: given === undefined ? own : Number(given) };
}

/** Calls something that may fail, and only in our own words. */
export async function inOurWords<T>(action: () => T | Promise<T>): Promise<T | AksMiError> {
  try {
    return await action();
  } catch (error) {
    return ourWords(error);
  }
}

/** The error, which has to be one of ours with everything a user needs. */
export function ourWords(error: unknown): AksMiError {
  if (!(error instanceof AksMiError)) throw error;
  expect(error.message).toMatch(/\S/);
  expect(error.remedy).toMatch(/\S/);
  expect(error.code, error.message).not.toBe("DEFECT");
  return error;
}

/** The requests that a site has served and that were no reads. */
export async function writesOf(target: Site): Promise<number> {
  const served = await target.read<{ method: string; path: string }[]>("/_emulator/requests");
  // What stands for object ids is asked for with a POST.
  return served.filter(({ method, path }) => method !== "GET" && !path.endsWith("/getByIds")).length;
}

/** What can become of an answer on its way. */
export type Distortion =
  | { readonly kind: "body"; readonly mutation: Mutation }
  | { readonly kind: "garbled"; readonly at: number; readonly put: string; readonly cut: number }
  | { readonly kind: "replaced"; readonly body: string }
  | { readonly kind: "status"; readonly status: number }
  | { readonly kind: "header"; readonly name: string; readonly value: string };

const STATUSES = [200, 201, 202, 204, 206, 301, 304, 307, 400, 401, 403, 404, 405, 409, 412, 418, 429, 500, 503, 599];
const HEADERS = [
  "retry-after",
  "retry-after-ms",
  "azure-asyncoperation",
  "location",
  "date",
  "content-type",
  "x-ms-request-id",
];
const VALUES = [
  "",
  "nonsense",
  "-5",
  "0",
  "1e9",
  "99999999999",
  "Sun, 22 Nov 2099 08:00:00 GMT",
  "Thu, 01 Jan 1970 00:00:00 GMT",
  "https://elsewhere.example/x",
  "http://management.azure.com/x",
  "https://management.azure.com/",
  "/relative",
  "https://[",
  "\u0000",
];

/** Everything that something between Azure and us, or Azure itself on a bad day, could do to an answer. */
export function distortion(): fc.Arbitrary<Distortion> {
  const body = mutation().map((each) => ({ kind: "body" as const, mutation: each }));
  const garbled = fc.record({
    kind: fc.constant("garbled" as const),
    at: fc.nat(5_000),
    put: fc.string({ maxLength: 8, unit: "binary" }),
    cut: fc.nat(5_000),
  });
  const replaced = fc.record({
    kind: fc.constant("replaced" as const),
    body: fc.oneof(fc.json(), fc.string({ unit: "binary" }), fc.constantFrom("", "null", "<html>", "[", "{}", '"x"')),
  });
  const status = fc.record({ kind: fc.constant("status" as const), status: fc.constantFrom(...STATUSES) });
  const header = fc.record({
    kind: fc.constant("header" as const),
    name: fc.constantFrom(...HEADERS),
    value: fc.constantFrom(...VALUES),
  });
  return fc.oneof({ weight: 3, arbitrary: body }, garbled, replaced, status, header);
}

/** A body with one change in it, as long as it is JSON. */
function mutated(body: string, change: Mutation): string {
  try {
    return JSON.stringify(mutate(JSON.parse(body) as Json, change));
  } catch {
    return body;
  }
}

/** An answer as it arrives. */
export function distorted(response: WireResponse, how: Distortion): WireResponse {
  switch (how.kind) {
    case "body":
      return { ...response, body: mutated(response.body, how.mutation) };
    case "garbled":
      return { ...response, body: response.body.slice(0, how.at) + how.put + response.body.slice(how.at + how.cut) };
    case "replaced":
      return { ...response, body: how.body };
    case "status":
      return { ...response, status: how.status };
    case "header":
      return { ...response, headers: { ...response.headers, [how.name]: how.value } };
  }
}
