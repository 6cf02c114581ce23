import type { JsonObject } from "../azure/json.ts";
import { SeededIds } from "../emulator/random.ts";
import type { Assumption } from "./assumptions.ts";

/** Trouble that a rehearsal meets: faults as the emulator's control API takes them, and rights that come late. */
export interface Trouble {
  readonly faults: readonly JsonObject[];
  readonly behaviour: JsonObject;
}

/** No trouble. */
export const NO_TROUBLE: Trouble = { faults: [], behaviour: {} };

const CLUSTER_UPDATE = { method: "PUT", pathPattern: "/managedClusters/[^/?]+\\?" };

/** What a migration asks for: reads that it repeats, and writes that it must not repeat blindly. */
const REQUESTS: readonly { readonly method: string; readonly pathPattern: string }[] = [
  { method: "GET", pathPattern: "/managedClusters/[^/?]+\\?" },
  { method: "GET", pathPattern: "/virtualMachineScaleSets" },
  { method: "GET", pathPattern: "/roleAssignments\\?" },
  { method: "GET", pathPattern: "/userAssignedIdentities/" },
  { method: "GET", pathPattern: "/operations/" },
  { method: "PUT", pathPattern: "/userAssignedIdentities/" },
  { method: "PUT", pathPattern: "/roleAssignments/" },
  CLUSTER_UPDATE,
  { method: "POST", pathPattern: "/upgradeNodeImageVersion" },
];

/** Azure's token buckets refill within a minute; longer waits are not reported. */
const LONGEST_RETRY_AFTER_SECONDS = 60;

/** Documentation: roles take up to 60 minutes. */
const SLOWEST_PROPAGATION_MINUTES = 60;

/** Trouble made from a seed: the same seed and assumption meet the same trouble. */
export function makeTrouble(seed: number, assumption: Assumption): Trouble {
  const ids = new SeededIds(seed);
  const draw = (what: string, limit: number) => ids.numberOf(`${what} under ${assumption.name}`, limit);
  const faults = REQUESTS.flatMap((match) => {
    const kinds = [throttled, unavailable, droppedBefore, droppedAfter, ...(match === CLUSTER_UPDATE ? [outrun] : [])];
    return [1, 2].map((time) => {
      const about = `fault ${time} of ${match.method} ${match.pathPattern}`;
      const fault = kinds[draw(about, kinds.length)]!(1 + draw(`${about}, wait`, LONGEST_RETRY_AFTER_SECONDS));
      return {
        match: { ...match, nth: time === 1 ? 1 : 2 + draw(`${about}, place`, 8) },
        fault,
        times: 1 + draw(`${about}, times`, 2),
      };
    });
  });
  return {
    faults,
    behaviour: {
      rolePropagation: `${SLOWEST_PROPAGATION_MINUTES - 1 - draw("late roles", 30)}m`,
      principalReplication: `${30 + draw("late principals", 90)}s`,
      etagMismatchInOperation: draw("eTag", 2) === 1,
    },
  };
}

function throttled(seconds: number): JsonObject {
  return { status: 429, code: "TooManyRequests", message: "The rehearsal throttles.", retryAfter: seconds };
}

function unavailable(seconds: number): JsonObject {
  return { status: 503, code: "ServiceUnavailable", message: "The rehearsal is unavailable.", retryAfter: seconds };
}

function droppedBefore(): JsonObject {
  return { drop: "before" };
}

function droppedAfter(): JsonObject {
  return { drop: "after" };
}

/** Somebody else was quicker. */
function outrun(): JsonObject {
  return { status: 409, code: "EtagMismatch", message: "The rehearsal changed the cluster in between." };
}
