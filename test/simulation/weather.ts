import { HOUR_MS, MINUTE_MS, SECOND_MS, type VirtualClock } from "../../src/engine/clock.ts";
import { ConnectionDropped, type WireRequest, type WireResponse } from "../../src/engine/wire.ts";
import type { Random } from "./random.ts";

/** The kinds of trouble that a request can meet between the tool and Azure. */
const TROUBLES = [
  "refusedForNow",
  "droppedBefore",
  "droppedAfter",
  "failedAfter",
  "throttled",
  "slow",
  "asleep",
  "torn",
  "forbidden",
  "conflict",
  "hiddenRoles",
  "forgottenOperation",
  "hanging",
] as const;

export type Trouble = (typeof TROUBLES)[number];

interface Storm {
  readonly trouble: Trouble;
  readonly fromMs: number;
  readonly toMs: number;
  readonly share: number;
}

/** Statuses after which the same request may succeed. */
const PASSING = [408, 429, 429, 500, 502, 503, 504];

/** How often a laptop is closed in one migration: with more of it there would be no wait left that it could disturb. */
const MOST_SLEEPS = 3;

/** Everything that goes wrong between the tool and Azure, from one seed: some of it all the time, some in storms. */
export class Weather {
  readonly #random: Random;
  readonly #clock: VirtualClock;
  readonly #note: (text: string) => void;
  readonly #shares = new Map<Trouble, number>();
  readonly #storms: Storm[] = [];
  /** Assignments are shown this much later than they are made. */
  readonly #hiddenMs: number;
  #sleepsLeft = MOST_SLEEPS;
  #calm = false;
  #struck = new Set<Trouble>();
  readonly #everStruck = new Set<Trouble>();

  constructor(random: Random, clock: VirtualClock, note: (text: string) => void) {
    this.#random = random;
    this.#clock = clock;
    this.#note = note;
    for (const trouble of TROUBLES) if (random.chance(0.3)) this.#shares.set(trouble, 0.1 * random.next() ** 3);
    for (let storms = random.whole(0, 3); storms > 0; storms--) {
      const fromMs = clock.now().getTime() + random.next() ** 2 * 26 * HOUR_MS;
      const toMs = fromMs + random.between(MINUTE_MS, 90 * MINUTE_MS);
      this.#storms.push({ trouble: random.pick(TROUBLES), fromMs, toMs, share: random.between(0.2, 1) });
    }
    this.#hiddenMs = random.between(SECOND_MS, 9 * MINUTE_MS);
  }

  /** A new process begins. */
  begin(): void {
    this.#struck = new Set();
  }

  /** The kinds of trouble that have struck since the process began, and since the first one did. */
  get wrongs(): { readonly struck: ReadonlySet<Trouble>; readonly everStruck: ReadonlySet<Trouble> } {
    return { struck: this.#struck, everStruck: this.#everStruck };
  }

  /** From now on nothing goes wrong any more. */
  calm(): void {
    this.#calm = true;
  }

  /** Carries a request through the weather. */
  async carry(request: WireRequest, send: (request: WireRequest) => Promise<WireResponse>): Promise<WireResponse> {
    const isWrite = request.method !== "GET";
    const isCluster = isClusterWrite(request);
    this.#delay(request);
    if (this.#strikes("droppedBefore", request)) throw new ConnectionDropped("reset before the service acted");
    if (this.#strikes("refusedForNow", request)) return this.#refusal(this.#random.pick(PASSING), 180);
    if (this.#strikes("throttled", request)) return this.#refusal(429, 600);
    if (isWrite && this.#strikes("forbidden", request)) return armError(403, "AuthorizationFailed");
    if (isCluster && this.#strikes("conflict", request)) return this.#conflict();
    if (/\/operations\//i.test(request.url) && this.#strikes("forgottenOperation", request))
      return armError(404, "NotFound");
    const response = await send(request);
    this.#delay(request);
    if (this.#strikes("droppedAfter", request)) throw new ConnectionDropped("reset after the service acted");
    if (this.#strikes("failedAfter", request)) return armError(this.#random.pick([500, 502, 504]), "ServerTimeout");
    if (response.body.length > 2 && this.#strikes("torn", request))
      return { ...response, body: response.body.slice(0, this.#random.whole(1, response.body.length - 1)) };
    if (/\/roleAssignments\?/i.test(request.url) && this.#isOn("hiddenRoles")) return this.#withoutYoungRoles(response);
    return response;
  }

  /** True when the operation that this request starts is to hang, until somebody aborts it. */
  hangs(request: WireRequest): boolean {
    return isClusterWrite(request) && this.#strikes("hanging", request);
  }

  #strikes(trouble: Trouble, request: WireRequest): boolean {
    if (this.#calm) return false;
    const now = this.#clock.now().getTime();
    const storm = this.#storms.find((each) => each.trouble === trouble && each.fromMs <= now && now < each.toMs);
    const share = storm?.share ?? this.#shares.get(trouble) ?? 0;
    if (share === 0 || !this.#random.chance(share)) return false;
    this.#noteStruck(trouble);
    this.#note(`${trouble}: ${request.method} ${new URL(request.url).pathname}`);
    return true;
  }

  #noteStruck(trouble: Trouble): void {
    this.#struck.add(trouble);
    this.#everStruck.add(trouble);
  }

  /** Visibility is no dice: what a list has shown once stays in it. */
  #isOn(trouble: Trouble): boolean {
    return !this.#calm && this.#shares.has(trouble);
  }

  /** Time passes before Azure sees a request, or before the tool sees the answer. */
  #delay(request: WireRequest): void {
    if (this.#strikes("slow", request)) this.#clock.advance(Math.ceil(this.#random.next() ** 4 * 20 * MINUTE_MS) + 1);
    if (this.#sleepsLeft === 0 || !this.#strikes("asleep", request)) return;
    this.#sleepsLeft -= 1;
    this.#clock.advance(Math.ceil(this.#random.between(10 * MINUTE_MS, 30 * HOUR_MS)));
  }

  #refusal(status: number, longestSeconds: number): WireResponse {
    const seconds = this.#random.whole(1, longestSeconds);
    const header: Record<string, string>[] = [{}, { "retry-after": String(seconds) }, { "retry-after-ms": "400" }];
    return armError(status, "ServerBusy", status === 429 ? header[1]! : this.#random.pick(header));
  }

  #conflict(): WireResponse {
    const [status, code] = this.#random.pick([
      [409, "OperationNotAllowed"],
      [409, "EtagMismatch"],
      [412, "PreconditionFailed"],
    ] as const);
    return {
      status,
      headers: JSON_TYPE,
      body: JSON.stringify({ code, message: "Someone was quicker.", details: null }),
    };
  }

  #withoutYoungRoles(response: WireResponse): WireResponse {
    if (response.status !== 200) return response;
    const body = JSON.parse(response.body) as { value: { properties: { createdOn: string } }[] };
    const visibleFrom = this.#clock.now().getTime() - this.#hiddenMs;
    const value = body.value.filter(({ properties }) => Date.parse(properties.createdOn) <= visibleFrom);
    if (value.length < body.value.length) this.#noteStruck("hiddenRoles");
    return { ...response, body: JSON.stringify({ ...body, value }) };
  }
}

/** True for a write that starts an operation: an update of the cluster, or a node image upgrade. */
export function isClusterWrite({ method, url }: WireRequest): boolean {
  const isOperation = /\/managedClusters\/[^/]+(\/agentPools\/[^/]+\/upgradeNodeImageVersion)?\?/i.test(url);
  return method !== "GET" && isOperation;
}

const JSON_TYPE = { "content-type": "application/json" };

function armError(status: number, code: string, headers: Record<string, string> = {}): WireResponse {
  const body = JSON.stringify({ error: { code, message: "The weather is bad." } });
  return { status, headers: { ...JSON_TYPE, ...headers }, body };
}
