import type { Clock } from "./clock.ts";
import { AksMiError } from "./errors.ts";
import type { StampedEvent } from "./events.ts";
import type { History } from "./history.ts";
import type { Outcome, RunOptions, StepOutcome } from "./run-options.ts";
import { runStep } from "./run-step.ts";
import { firstUndone } from "./second-look.ts";
import { STEP_IDS, type StepId } from "./step.ts";
import { pause } from "./wait.ts";

export type { Outcome, RunOptions, WorkPlace } from "./run-options.ts";

/**
 * Takes one cluster through its steps. The consumer puts each event on disk before it asks for the next one, so that
 * the journal is always ahead of what is done.
 * @throws AksMiError when a step fails or is blocked, after the event that says so; the signal's reason when aborted
 */
export async function* run(options: RunOptions): AsyncGenerator<StampedEvent, Outcome> {
  const { steps, history, clock } = options;
  let index = 0;
  while (index < steps.length) {
    const step = steps[index]!;
    const stop = reasonToStop(step.id, options.until);
    if (stop !== undefined) return yield* pause(options, step.id, stop, undefined);
    try {
      const outcome: StepOutcome = yield* record(runStep(options, index), history, clock, step.id);
      if (outcome.kind === "paused") return outcome;
      index = outcome.kind === "back" ? outcome.index : index + 1;
      // The last wait takes a day: what was done before it need not be so any more.
      if (index === steps.length) {
        options.lookAfresh?.();
        index = (await firstUndone(options, index - 1)) ?? index;
      }
    } catch (error) {
      if (options.signal.aborted) throw options.signal.reason;
      if (error instanceof AksMiError) {
        yield { type: "step:failed", step: step.id, code: error.code, message: error.message, remedy: error.remedy };
      }
      throw error;
    }
  }
  yield { type: "run:done", changed: history.changed };
  return { kind: "done", changed: history.changed };
}

/** Why a run goes no further than to a step; undefined where it may. A path that lacks the step it is to stop before stops as early. */
function reasonToStop(step: StepId, until: StepId | undefined): string | undefined {
  if (until === undefined || STEP_IDS.indexOf(step) < STEP_IDS.indexOf(until)) return undefined;
  return `The run was to stop before ${until}${step === until ? "" : `, and ${step} comes after it`}.`;
}

/** Stamps the events of a step with its id and keeps the history up to date. */
async function* record<T>(
  events: AsyncGenerator<StampedEvent, T>,
  history: History,
  clock: Clock,
  step: StepId,
): AsyncGenerator<StampedEvent, T> {
  for (;;) {
    const next = await events.next();
    if (next.done) return next.value;
    const event = { ...next.value, step };
    yield event;
    history.record(event, clock.now());
  }
}
