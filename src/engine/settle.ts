import { MINUTE_MS, SECOND_MS } from "./clock.ts";
import { AksMiError } from "./errors.ts";
import type { StampedEvent } from "./events.ts";
import type { Paused, RunOptions } from "./run-options.ts";
import type { Change, StepId } from "./step.ts";
import { rest } from "./wait.ts";

/** How long Azure may take to show a change that it accepted, and how often we look. */
const SETTLE_LIMIT_MS = 10 * MINUTE_MS;
const SETTLE_POLL_MS = 10 * SECOND_MS;

/** When Azure was first found not to show changes that it had accepted. */
export interface Settling {
  since: Date | undefined;
}

/**
 * Waits for Azure to show what it has accepted; after a while that is an error. A change that does no harm when it is made
 * twice is then taken for gone, and the next resume makes it again; any other is never repeated.
 * @throws AksMiError `STEP_FAILED` when it does not show in time, or was there and is gone again
 */
export async function* settle(
  options: RunOptions,
  step: StepId,
  changes: readonly Change[],
  settling: Settling,
): AsyncGenerator<StampedEvent, Paused | undefined> {
  const keys = changes.map((change) => change.key);
  const vanished = changes.find((change) => options.history.stateOf(change.key) === "seen");
  if (vanished) {
    throw new AksMiError(
      "STEP_FAILED",
      `What "${vanished.summary}" had changed is gone again, and a change of this risk is never repeated by itself.`,
      "Find out who undid it (activity log), then make a new plan.",
    );
  }
  const now = options.clock.now();
  if (!settling.since) {
    settling.since = now;
    const atMost = new Date(now.getTime() + SETTLE_LIMIT_MS).toISOString();
    yield { type: "step:settling", keys, atMost };
  } else if (now.getTime() - settling.since.getTime() >= SETTLE_LIMIT_MS) {
    const message = `Azure accepted "${changes[0]!.summary}" but does not show it after ${SETTLE_LIMIT_MS / MINUTE_MS} minutes.`;
    const gone = changes.filter((change) => change.risk === "additive");
    for (const { key } of gone) yield { type: "change:failed", key, code: "NotShown", message };
    throw new AksMiError(
      "STEP_FAILED",
      message,
      gone.length === changes.length
        ? "Look at the resource in the portal and at its activity log; `aks-mi resume` makes it again."
        : "Look at the resource in the portal; run `aks-mi resume` when it shows, or make a new plan when it never will.",
    );
  }
  return yield* rest(options, step, SETTLE_POLL_MS, "Azure does not show yet what it has accepted.");
}
