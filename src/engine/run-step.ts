import { applyChange, ensureApproved, nextChanges } from "./apply-changes.ts";
import { blocked } from "./blocked.ts";
import { SECOND_MS } from "./clock.ts";
import { AksMiError, TransientError } from "./errors.ts";
import type { StampedEvent } from "./events.ts";
import { finishStep } from "./finish-step.ts";
import type { History } from "./history.ts";
import type { RunOptions, StepOutcome } from "./run-options.ts";
import { lookAgain } from "./second-look.ts";
import { type Settling, settle } from "./settle.ts";
import { type AnyStep, type ApplyEvent, type Change, STEP_TITLES, type Verdict } from "./step.ts";
import { isOver, pause, rest, wait } from "./wait.ts";

/** How often a change is begun again when nobody knows whether Azure acted. */
const MAX_TRANSIENT_FAILURES = 8;
const TRANSIENT_DELAY_MS = 5 * SECOND_MS;

/**
 * Takes one step to its end: asks it for a verdict and turns that into a sleep, a pause, an error or a write, until it
 * is done.
 * @throws AksMiError when the step fails, is blocked, or would do what was not approved; the signal's reason when aborted
 */
export async function* runStep(options: RunOptions, index: number): AsyncGenerator<StampedEvent, StepOutcome> {
  const { clock, signal, history } = options;
  const step = options.steps[index]!;
  yield { type: "step:started", title: STEP_TITLES[step.id] };
  const settling: Settling = { since: undefined };
  let announced: string | undefined;
  let failures = 0;
  for (;;) {
    signal.throwIfAborted();
    const facts: unknown = await step.detect(signal);
    const verdict: Verdict = step.decide(facts, clock.now());
    for (const event of step.progress?.(facts) ?? []) if (isNews(event, history)) yield event;
    switch (verdict.kind) {
      case "done":
        yield* finishStep(options, step, verdict.evidence);
        return { kind: "done", changed: history.changed };
      case "pause":
        return yield* pause(options, step.id, verdict.reason, verdict.retryAt);
      case "blocked":
        for (const finding of verdict.findings) yield { type: "check:found", ...finding };
        throw blocked(verdict.findings);
      case "failed":
        yield* endWithFailure(options, verdict);
        continue;
      case "wait": {
        const until = verdict.until?.toISOString();
        const line = until ?? verdict.reason;
        if (line !== announced) yield { type: "step:waiting", reason: verdict.reason, until };
        announced = line;
        const paused = yield* wait(options, step.id, verdict);
        if (paused) return paused;
        continue;
      }
      case "change": {
        ensureApproved(options, verdict.changes);
        const batch = nextChanges(verdict.changes, history);
        if (batch.length === 0) {
          const paused = yield* settle(options, step.id, verdict.changes, settling);
          if (paused) return paused;
          continue;
        }
        if (isOver(options)) return yield* pause(options, step.id, "The time box is over.", undefined);
        settling.since = announced = undefined;
        if (batch[0]!.risk !== "additive") {
          const back = yield* lookAgain(options, index, batch[0]!);
          if (back) return back;
        }
        const lost = yield* applyAll(options, step, batch);
        if (!lost) continue;
        if (++failures > MAX_TRANSIENT_FAILURES) throw gaveUp(lost);
        const delayMs = lost.error.retryAfterMs ?? TRANSIENT_DELAY_MS * failures;
        yield { type: "request:retried", request: lost.change.summary, reason: lost.error.message, delayMs };
        const paused = yield* rest(options, step.id, delayMs, `"${lost.change.summary}" is to be sent again.`);
        if (paused) return paused;
      }
    }
  }
}

/** True unless the journal has it already. */
function isNews(event: ApplyEvent, history: History): boolean {
  return event.type !== "node:progress" || event.reimaged !== history.reimagedNodes(event.pool);
}

/**
 * Ends the step, unless the journal has this failure of a change already: then the change is looked at afresh.
 * @throws AksMiError `STEP_FAILED`
 */
async function* endWithFailure(
  { history, operations }: RunOptions,
  { key, code, message, remedy }: Extract<Verdict, { kind: "failed" }>,
): AsyncGenerator<StampedEvent, void> {
  if (key !== undefined) {
    if (history.stateOf(key) === "failed") return operations.forget(key);
    yield { type: "change:failed", key, code, message };
  }
  throw new AksMiError("STEP_FAILED", `${message} (${code})`, remedy);
}

/** A change of which nobody knows whether Azure made it. */
interface LostChange {
  readonly change: Change;
  readonly error: TransientError;
}

/** Applies changes one after the other. @returns the one at which that ended, to be looked at again */
async function* applyAll(
  options: RunOptions,
  step: AnyStep,
  changes: readonly Change[],
): AsyncGenerator<StampedEvent, LostChange | undefined> {
  for (const change of changes) {
    try {
      yield* applyChange(options, step, change);
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      return { change, error };
    }
  }
  return undefined;
}

/** What ends the run when a change was begun too often. */
function gaveUp({ change, error }: LostChange): AksMiError {
  return new AksMiError(
    "AZURE_UNREACHABLE",
    `"${change.summary}" did not get through: ${error.message}`,
    "Check the network and Azure's status, then run `aks-mi resume`.",
    { cause: error },
  );
}
