import { AksMiError } from "./errors.ts";
import type { StampedEvent } from "./events.ts";
import type { Paused, RunOptions } from "./run-options.ts";
import type { StepId, Verdict } from "./step.ts";

const QUEUED = "As many clusters as may be are at work: this one goes on when one of them waits or ends.";

/**
 * Sleeps until the wait may be over; ends with a pause when the time box closes before. Where nothing is at work on the
 * cluster meanwhile, another one gets its place, and it goes on when it has one again.
 * @throws AksMiError `STEP_FAILED` when it should have been over already; the signal's reason when aborted
 */
export async function* wait(
  options: RunOptions,
  step: StepId,
  verdict: Extract<Verdict, { kind: "wait" }>,
): AsyncGenerator<StampedEvent, Paused | undefined> {
  const now = options.clock.now();
  if (verdict.atMost && now >= verdict.atMost) {
    throw new AksMiError(
      "STEP_FAILED",
      `${verdict.reason} It was to be over by ${verdict.atMost.toISOString()}.`,
      "Look at the cluster's activity log; abort what hangs (`az aks operation-abort`), then run `aks-mi resume`.",
    );
  }
  const wake = verdict.until ?? new Date(now.getTime() + verdict.pollMs);
  if (options.pauseAt && wake > options.pauseAt) {
    return yield* pause(options, step, `${verdict.reason} The time box is over before that.`, verdict.until);
  }
  const place = verdict.idle ? options.place : undefined;
  place?.leave();
  await options.clock.sleep(Math.max(1, wake.getTime() - now.getTime()), options.signal);
  // Whoever only looks now and then whether people have acted says nothing of the queue: it would be said each time.
  if (verdict.until && place?.isTaken()) yield { type: "step:waiting", reason: QUEUED, queued: true };
  await place?.take();
  return undefined;
}

/**
 * Sleeps for a while that is part of work under way; ends with a pause when the time box closes before.
 * @throws the signal's reason when aborted
 */
export async function* rest(
  options: RunOptions,
  step: StepId,
  ms: number,
  reason: string,
): AsyncGenerator<StampedEvent, Paused | undefined> {
  if (isOver(options, ms)) return yield* pause(options, step, `${reason} The time box is over before that.`, undefined);
  await options.clock.sleep(ms, options.signal);
  return undefined;
}

/** True when the time box is closed, now or some milliseconds from now. */
export function isOver({ clock, pauseAt }: RunOptions, inMs = 0): boolean {
  return pauseAt !== undefined && clock.now().getTime() + inMs >= pauseAt.getTime();
}

/** Ends the run for now, with the event that says so. */
export async function* pause(
  options: RunOptions,
  step: StepId,
  reason: string,
  retryAt: Date | undefined,
): AsyncGenerator<StampedEvent, Paused> {
  options.signal.throwIfAborted();
  yield { type: "run:paused", step, reason, retryAt: retryAt?.toISOString() };
  return { kind: "paused", reason, retryAt };
}
