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
import { type ApplyEvent, type Change, STEP_TITLES, type Verdict } from "./step.ts";
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
        if (verdict.key !== undefined) {
          if (history.stateOf(verdict.key) === "failed") {
            options.operations.forget(verdict.key);
            continue;
          }
          yield { type: "change:failed", key: verdict.key, code: verdict.code, message: verdict.message };
        }
        throw new AksMiError("STEP_FAILED", `${verdict.message} (${verdict.code})`, verdict.remedy);
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
        let next = batch[0]!;
        try {
          for (next of batch) yield* applyChange(options, step, next);
        } catch (error) {
          if (!(error instanceof TransientError) || ++failures > MAX_TRANSIENT_FAILURES) throw gaveUp(error, next);
          const delayMs = error.retryAfterMs ?? TRANSIENT_DELAY_MS * failures;
          yield { type: "request:retried", request: next.summary, reason: error.message, delayMs };
          const paused = yield* rest(options, step.id, delayMs, `"${next.summary}" is to be sent again.`);
          if (paused) return paused;
        }
      }
    }
  }
}

/** True unless the journal has it already. */
function isNews(event: ApplyEvent, history: History): boolean {
  return event.type !== "node:progress" || event.reimaged !== history.reimagedNodes(event.pool);
}

/** What ends the run when a change failed for good. */
function gaveUp(error: unknown, change: Change): unknown {
  if (!(error instanceof TransientError)) return error;
  return new AksMiError(
    "AZURE_UNREACHABLE",
    `"${change.summary}" did not get through: ${error.message}`,
    "Check the network and Azure's status, then run `aks-mi resume`.",
    { cause: error },
  );
}
