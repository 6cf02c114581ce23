import { AksMiError } from "./errors.ts";
import type { StampedEvent } from "./events.ts";
import type { History } from "./history.ts";
import { relay } from "./relay.ts";
import type { RunOptions } from "./run-options.ts";
import { type AnyStep, type ApplyEvent, type Change, RISKS } from "./step.ts";

/**
 * Holds what a step would do against what was approved: its key, and that it does no more harm than was said.
 * @throws AksMiError `PLAN_CHANGED` naming the first change that the approved plan does not contain
 */
export function ensureApproved(options: RunOptions, changes: readonly Change[]): void {
  const approved = new Map([...options.approved.values()].flat().map((change) => [change.key, change]));
  for (const change of changes) {
    const planned = approved.get(change.key);
    if (!planned) throw planChanged(change, "which the approved plan does not contain");
    if (RISKS.indexOf(change.risk) > RISKS.indexOf(planned.risk))
      throw planChanged(change, `which is ${change.risk}, and was approved as ${planned.risk}`);
    const drained = change.drains?.find((pool) => !planned.drains?.includes(pool));
    if (drained !== undefined) throw planChanged(change, `which drains pool ${drained}, and that was not approved`);
  }
}

function planChanged({ key, summary }: Change, what: string): AksMiError {
  return new AksMiError(
    "PLAN_CHANGED",
    `The run would need "${key}" (${summary}), ${what}.`,
    "Make a new plan with `aks-mi plan`, review it, and apply that.",
  );
}

/**
 * The changes to be made before Azure is looked at again: one that drains or is final, or all harmless ones up to that.
 * Empty when every change has been accepted and only has to show.
 */
export function nextChanges(changes: readonly Change[], history: History): Change[] {
  const open = changes.filter((change) => {
    const state = history.stateOf(change.key);
    return state !== "applied" && !(state === "seen" && change.risk !== "additive");
  });
  const first = open.findIndex((change) => change.risk !== "additive");
  return first === 0 ? open.slice(0, 1) : open.slice(0, first < 0 ? undefined : first);
}

/**
 * Makes one change: journalled before the request, with what Azure names on the way, and again when it is accepted.
 * @throws what the step's `apply` throws
 */
export async function* applyChange(options: RunOptions, step: AnyStep, change: Change): AsyncGenerator<StampedEvent> {
  const again = options.history.stateOf(change.key) === "seen" ? { again: true as const } : {};
  yield { type: "change:started", key: change.key, summary: change.summary, risk: change.risk, ...again };
  // The operation of an earlier attempt says nothing about this one, which may die before it knows its own.
  options.operations.forget(change.key);
  yield* relay((report: (event: ApplyEvent) => Promise<void>) => step.apply(change, report, options.signal));
  yield { type: "change:applied", key: change.key };
}
