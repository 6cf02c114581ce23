import { AzureError } from "../../src/azure/errors.ts";
import { AksMiError } from "../../src/engine/errors.ts";
import type { Ended } from "./process.ts";
import type { Deed } from "./strangers.ts";
import type { Trouble } from "./weather.ts";

/** Troubles after which a request may be given up. */
const PASSING: readonly Trouble[] = ["refusedForNow", "droppedBefore", "droppedAfter", "failedAfter"];

/** Deeds that end or fail an operation, or that stand in its way. */
const MEDDLING: readonly Deed[] = ["abort", "blockEviction", "update", "scale", "rollPool", "tag", "addPool"];

/**
 * Judges how a process ended: a run may end early only for a reason that it could do nothing about.
 * @returns a sentence when there was none, `over` when the plan no longer fits and says so, undefined when all is well
 */
export function unexcused(ended: Ended, struck: ReadonlySet<Trouble>, ever: ReadonlySet<Deed>): string | undefined {
  if (ended.kind !== "failed") return undefined;
  const { error } = ended;
  const any = (troubles: readonly Trouble[]) => troubles.some((trouble) => struck.has(trouble));
  const meddled = MEDDLING.some((deed) => ever.has(deed));
  if (!(error instanceof AksMiError)) return `it ended with an error that is not one of ours: ${stackOf(error)}`;
  const told = `it ended with ${error.code}: ${error.message}`;
  switch (error.code) {
    case "AZURE_UNREACHABLE":
      return any(PASSING) ? undefined : undefined;
    case "AZURE_REFUSED":
      return struck.has("forbidden") ? undefined : told;
    case "AZURE_ERROR":
      // A refusal that was torn on its way has lost its code.
      if (error instanceof AzureError && /^HTTP \d+$/.test(error.azureCode))
        return struck.has("torn") ? undefined : told;
      if (error instanceof AzureError) return struck.has("conflict") || meddled ? onlyConflicts(error, told) : told;
      return struck.has("torn") ? undefined : told;
    case "STEP_FAILED":
    case "BLOCKED":
      return undefined;
    case "PLAN_STALE":
    case "PLAN_CHANGED":
      return ever.has("addPool") ? "over" : told;
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
