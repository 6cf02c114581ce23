import type { HttpClient } from "@azure/core-rest-pipeline";
import { type Clock, SECOND_MS } from "../engine/clock.ts";
import { subscriptionOf } from "./ids.ts";

/**
 * Azure Resource Manager gives each caller, per subscription and region, a bucket of 250 reads that refills by 25 a second
 * (documentation since 2024). A fifth of it is left to whatever else the same account does meanwhile.
 */
const BUCKET_SIZE = 200;
const REFILL_PER_SECOND = 20;

/** A token bucket: `take` resolves when the next request may go. Requests that wait keep their order. */
class Bucket {
  readonly #clock: Clock;
  readonly #signal: AbortSignal | undefined;
  #tokens = BUCKET_SIZE;
  #atMs: number;

  constructor(clock: Clock, signal: AbortSignal | undefined) {
    this.#clock = clock;
    this.#signal = signal;
    this.#atMs = clock.now().getTime();
  }

  async take(): Promise<void> {
    const nowMs = this.#clock.now().getTime();
    const refilled = ((nowMs - this.#atMs) / SECOND_MS) * REFILL_PER_SECOND;
    this.#tokens = Math.min(BUCKET_SIZE, this.#tokens + refilled);
    this.#atMs = nowMs;
    // Below zero stands for those who already wait: each waits until its own token is there.
    this.#tokens -= 1;
    if (this.#tokens >= 0) return;
    await this.#clock.sleep(Math.ceil((-this.#tokens / REFILL_PER_SECOND) * SECOND_MS), this.#signal);
  }
}

/** Sends reads of one host no faster than its token buckets refill, so that a large estate is read without a 429. */
export function withPacedReads(
  inner: HttpClient,
  options: { readonly endpoint: string; readonly clock: Clock; readonly signal?: AbortSignal | undefined },
): HttpClient {
  const host = new URL(options.endpoint).host;
  const buckets = new Map<string, Bucket>();
  return {
    async sendRequest(request) {
      const url = new URL(request.url);
      if (request.method === "GET" && url.host === host) {
        const key = subscriptionOf(url.pathname)?.toLowerCase() ?? "tenant";
        const bucket = buckets.get(key) ?? new Bucket(options.clock, options.signal);
        buckets.set(key, bucket);
        await bucket.take();
      }
      return inner.sendRequest(request);
    },
  };
}
