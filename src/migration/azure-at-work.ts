import { HOUR_MS } from "../engine/clock.ts";
import type { History } from "../engine/history.ts";
import type { StepId, Verdict } from "../engine/step.ts";

/**
 * How long Azure may be at work with nothing new to be seen. AKS lets a pool give each node up to 24 hours to drain
 * (`drainTimeoutInMinutes`, API description), and re-images it after that.
 */
const SILENCE_LIMIT_MS = 26 * HOUR_MS;

/** What Azure is waited for. */
export interface AzureWait {
  /** A sentence. */
  readonly reason: string;
  readonly pollMs: number;
  /** How long nothing new may be seen; absent: as long as the drain of a node may take. */
  readonly limitMs?: number;
}

/** A wait for what Azure is at, which is an error once it has gone on too long for the same reason, resumes included. */
export function waitForAzure(
  history: History,
  step: StepId,
  { reason, pollMs, limitMs = SILENCE_LIMIT_MS }: AzureWait,
): Extract<Verdict, { kind: "wait" }> {
  const since = history.waitingSince(step, reason);
  return { kind: "wait", reason, pollMs, ...(since ? { atMost: new Date(since.getTime() + limitMs) } : {}) };
}
