import type { HttpClient, PipelineResponse } from "@azure/core-rest-pipeline";
import { type Clock, SECOND_MS } from "../engine/clock.ts";
import { subscriptionOf } from "./ids.ts";

/**
 * Azure Resource Manager gives each caller, per subscription and region, a bucket of 250 reads that refills by 25 a second
 * (documentation since 2024). A fifth of it is left to whatever else the same account does meanwhile.
 */
const ARM_BUCKET: BucketSettings = { size: 200, perSecond: 20 };

/**
 * The AKS resource provider answers one call a second, in each subscription and region, beside those for clusters themselves; it
 * begins with 60 (AKS quotas page). Which region a cluster is in does not stand in its id, so that nothing is held back before AKS
 * says that the bucket is empty. A fifth is left to others here too.
 */
const EMPTY_AKS_BUCKET: BucketSettings = { size: 0, perSecond: 0.8 };

/** What lies below a cluster, such as the upgrade profile of a pool. */
const BELOW_CLUSTER = /\/providers\/Microsoft\.ContainerService\/managedClusters\/[^/]+\/./i;

interface BucketSettings {
  readonly size: number;
  readonly perSecond: number;
}

/** A token bucket: `take` resolves when the next request may go. Requests that wait keep their order. */
class Bucket {
  readonly #clock: Clock;
  readonly #signal: AbortSignal | undefined;
  readonly #settings: BucketSettings;
  #tokens: number;
  #atMs: number;

  constructor(settings: BucketSettings, clock: Clock, signal: AbortSignal | undefined) {
    this.#settings = settings;
    this.#tokens = settings.size;
    this.#clock = clock;
    this.#signal = signal;
    this.#atMs = clock.now().getTime();
  }

  async take(): Promise<void> {
    const nowMs = this.#clock.now().getTime();
    const { size, perSecond } = this.#settings;
    this.#tokens = Math.min(size, this.#tokens + ((nowMs - this.#atMs) / SECOND_MS) * perSecond);
    this.#atMs = nowMs;
    // Below zero stands for those who already wait: each waits until its own token is there.
    this.#tokens -= 1;
    if (this.#tokens >= 0) return;
    await this.#clock.sleep(Math.ceil((-this.#tokens / perSecond) * SECOND_MS), this.#signal);
  }
}

/**
 * Sends reads of one host no faster than its token buckets refill, so that a large estate is read without a 429 of ARM, and with no
 * more of the AKS resource provider than it takes to know that its own bucket is empty.
 */
export function withPacedReads(
  inner: HttpClient,
  options: { readonly endpoint: string; readonly clock: Clock; readonly signal?: AbortSignal | undefined },
): HttpClient {
  const host = new URL(options.endpoint).host;
  const { clock, signal } = options;
  const buckets = new Map<string, Bucket>();
  const emptied = new Map<string, Bucket>();
  return {
    async sendRequest(request) {
      const url = new URL(request.url);
      if (request.method !== "GET" || url.host !== host) return inner.sendRequest(request);
      const key = subscriptionOf(url.pathname)?.toLowerCase() ?? "tenant";
      const bucket = buckets.get(key) ?? new Bucket(ARM_BUCKET, clock, signal);
      buckets.set(key, bucket);
      const isBelowCluster = BELOW_CLUSTER.test(url.pathname);
      if (isBelowCluster) await emptied.get(key)?.take();
      await bucket.take();
      const response = await inner.sendRequest(request);
      if (isBelowCluster && isThrottledByAks(response) && !emptied.has(key))
        emptied.set(key, new Bucket(EMPTY_AKS_BUCKET, clock, signal));
      return response;
    },
  };
}

/** True for a 429 that is not ARM's: there is something left at ARM (documentation of request limits). */
function isThrottledByAks({ status, headers }: PipelineResponse): boolean {
  return status === 429 && Number(headers.get("x-ms-ratelimit-remaining-subscription-reads") ?? "0") > 0;
}
