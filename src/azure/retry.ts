import pRetry from "p-retry";
import { type Clock, SECOND_MS } from "../engine/clock.ts";
import { AksMiError, TimeBoxOver, TransientError } from "../engine/errors.ts";
import { translateError } from "./errors.ts";

/** How often a request that may be sent again is sent again. */
const RETRIES = 8;
const FIRST_DELAY_MS = 2 * SECOND_MS;
const LONGEST_DELAY_MS = 60 * SECOND_MS;

/** Told before each new attempt. */
export type OnRetry = (retry: { request: string; reason: string; delayMs: number }) => void;

/** What every request needs to wait properly. */
export interface RetryContext {
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  /** Turns the service's `Retry-After`, in milliseconds, into milliseconds of the clock. */
  readonly toClockMs: (ms: number) => number;
  readonly onRetry: OnRetry | undefined;
  /** When whoever asked will have no more time: no wait goes on until then. */
  readonly pauseAt?: Date | undefined;
}

/**
 * Sends a request that changes nothing when it is sent twice, again and again while the failure may pass. This is the
 * one place where requests are repeated: the SDK's own retries are off, and other writes are left to the engine,
 * which looks at Azure before it repeats them.
 * @throws AksMiError `AZURE_UNREACHABLE` when it never got through, or what Azure answered; TimeBoxOver when there is no time
 * for another attempt
 */
export async function withRetry<T>(what: string, context: RetryContext, call: () => Promise<T>): Promise<T> {
  try {
    return await pRetry(() => once(what, context, call), {
      retries: RETRIES,
      minTimeout: 0,
      maxTimeout: 0,
      shouldRetry: ({ error }) => error instanceof TransientError,
      onFailedAttempt: async ({ error, attemptNumber, retriesLeft }) => {
        if (!(error instanceof TransientError) || retriesLeft === 0) return;
        const delayMs = error.retryAfterMs ?? Math.min(FIRST_DELAY_MS * 2 ** (attemptNumber - 1), LONGEST_DELAY_MS);
        await waitToSendAgain(what, context, error.message, delayMs);
      },
    });
  } catch (error) {
    if (!(error instanceof TransientError)) throw error;
    throw new AksMiError(
      "AZURE_UNREACHABLE",
      `Azure could not be reached to ${what}: ${error.message}`,
      "Check the network and Azure's status, then run the command again.",
      { cause: error },
    );
  }
}

/**
 * Waits until a request may be sent again, and says so.
 * @throws TimeBoxOver when there is no time for that; the signal's reason when aborted
 */
export async function waitToSendAgain(
  what: string,
  context: RetryContext,
  reason: string,
  delayMs: number,
): Promise<void> {
  if (context.pauseAt && context.clock.now().getTime() + delayMs >= context.pauseAt.getTime())
    throw new TimeBoxOver(`"${what}" got no answer: ${reason}. The time box is over before it may be sent again.`);
  context.onRetry?.({ request: what, reason, delayMs });
  if (delayMs > 0) await context.clock.sleep(delayMs, context.signal);
}

/**
 * Sends a request once.
 * @throws TransientError when nobody knows whether Azure acted; AzureError when Azure answered with an error
 */
export async function once<T>(what: string, context: RetryContext, call: () => Promise<T>): Promise<T> {
  context.signal?.throwIfAborted();
  try {
    return await call();
  } catch (thrown) {
    if (context.signal?.aborted) throw context.signal.reason;
    const error = translateError(thrown, what);
    if (error instanceof TransientError && error.retryAfterMs !== undefined) {
      throw new TransientError(error.message, { cause: thrown, retryAfterMs: context.toClockMs(error.retryAfterMs) });
    }
    throw error;
  }
}
