import { flat } from "./arm-error.ts";
import { isObject, type Json, type JsonObject, objectsAt, textAt, valueAt } from "./json.ts";

/** How many nodes a pool can have (AKS API description). */
const MOST_NODES = 1000;

/** What is wrong with the pools in a cluster's properties, as a sentence without its end; undefined when nothing is. */
export function problemOfPools(properties: Json | undefined): string | undefined {
  const profiles = valueAt(properties, "agentPoolProfiles") ?? [];
  if (!Array.isArray(profiles)) return "agentPoolProfiles is not a list";
  for (const [index, profile] of profiles.entries()) {
    if (!isObject(profile)) return `agentPoolProfiles[${index}] is not an object`;
    const name = textAt(profile, "name");
    if (!name) return `agentPoolProfiles[${index}] has no name`;
    const wrong = countsOf(profile).find((count) => !isCount(count));
    if (wrong !== undefined)
      return `count of pool '${name}' is ${JSON.stringify(wrong)}, expected a whole number from 0 to ${MOST_NODES}`;
  }
  return undefined;
}

/** The pool's own count, and those by size of a pool of single machines. */
function countsOf(profile: JsonObject): Json[] {
  return [profile, ...objectsAt(profile, "virtualMachinesProfile", "scale", "manual")].map(({ count }) => count ?? 0);
}

function isCount(value: Json): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= MOST_NODES;
}

/**
 * Refuses a body whose pools make no sense.
 * @throws ArmError 400 `InvalidParameter`; its text is the model's own
 */
export function ensurePoolsAreValid(properties: Json | undefined): void {
  const problem = problemOfPools(properties);
  if (problem) throw flat(400, "InvalidParameter", `The value of a parameter is invalid: ${problem}.`);
}
