import { AzureError } from "../../src/azure/errors.ts";
import { AksMiError } from "../../src/engine/errors.ts";
import { type Deed, ENDING_DEEDS } from "./deeds.ts";
import type { Ended } from "./process.ts";
import type { Trouble } from "./weather.ts";

/** Troubles after which a request may be given up. */
const PASSING: readonly Trouble[] = [
  "refusedForNow",
  "throttled",
  "droppedBefore",
  "droppedAfter",
  "failedAfter",
  "torn",
];

/** Deeds that end or fail an operation, or that stand in its way. */
const MEDDLING: readonly Deed[] = ["abort", "blockEviction", "update", "scale", "rollPool", "tag", "addPool"];

/** How Azure refuses an update of the cluster whose identity is gone since it was looked at. */
const WITHOUT_AN_IDENTITY: readonly string[] = ["FailedIdentityOperation", "CustomKubeletIdentityPropertyError"];

/** What went wrong up to the end of a process. */
export interface Wrongs {
  /** What its requests met. */
  readonly struck: ReadonlySet<Trouble>;
  /** What requests have met since the first process. */
  readonly everStruck: ReadonlySet<Trouble>;
  /** What other people have done since the first process. */
  readonly deeds: ReadonlySet<Deed>;
  /** Azure counts requests, and refuses what is too much. */
  readonly isThrottled: boolean;
}

/**
 * Judges how a run ended: it may end early only for a reason that it could do nothing about.
 * @returns a sentence when there was none, `over` when the plan no longer fits and says so, undefined when all is well
 */
export function unexcused(ended: Ended, wrongs: Wrongs): string | undefined {
  if (ended.kind !== "failed") return undefined;
  const { error } = ended;
  const { struck, everStruck, deeds } = wrongs;
  const hasMet = (...troubles: Trouble[]) => troubles.some((trouble) => struck.has(trouble));
  const isInTheWay = hasMet("conflict") || everStruck.has("hanging") || MEDDLING.some((deed) => deeds.has(deed));
  if (!(error instanceof AksMiError)) return `it ended with an error that is not one of ours: ${stackOf(error)}`;
  const told = `it ended with ${error.code}: ${error.message}`;
  if (error.message.endsWith("(ID009)")) return deeds.has("deleteUsedIdentity") ? "over" : told;
  switch (error.code) {
    case "AZURE_UNREACHABLE":
      return hasMet(...PASSING) || isInTheWay || wrongs.isThrottled ? undefined : told;
    case "AZURE_REFUSED":
      return hasMet("forbidden") ? undefined : told;
    case "AZURE_ERROR":
      // A refusal that was torn on its way has lost its code.
      if (error instanceof AzureError && /^HTTP \d+$/.test(error.azureCode)) return hasMet("torn") ? undefined : told;
      if (error instanceof AzureError && WITHOUT_AN_IDENTITY.includes(error.azureCode))
        return deeds.has("deleteIdentity") || deeds.has("deleteUsedIdentity") ? undefined : told;
      if (error instanceof AzureError) return isInTheWay ? onlyConflicts(error, told) : told;
      return hasMet("torn") ? undefined : told;
    case "STEP_FAILED":
    case "BLOCKED":
      return everStruck.size > 0 || deeds.size > 0 ? undefined : told;
    case "PLAN_STALE":
    case "PLAN_CHANGED":
      return ENDING_DEEDS.some((deed) => deeds.has(deed)) ? "over" : told;
    default:
      return told;
  }
}

/** Someone else's operation that takes longer than we wait is a reason; any other answer of Azure is not. */
function onlyConflicts(error: AzureError, told: string): string | undefined {
  const codes = ["OperationNotAllowed", "EtagMismatch", "PreconditionFailed", "UnsatisfiablePDB"];
  return codes.includes(error.azureCode) ? undefined : told;
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
