import type { HttpClient, PipelineRequest, PipelineResponse } from "@azure/core-rest-pipeline";
import { type Clock, MINUTE_MS } from "../engine/clock.ts";
import { asString, at, type Json } from "./json.ts";

/** How old an answer may be that stands for asking again: the time that one look at a cluster takes. */
const LOOK_MS = MINUTE_MS;

/** Headers of a read that nothing read before may stand for. */
export const AFRESH = { "cache-control": "no-cache" };

/**
 * Reads each thing once in a look: one look is what happens without waiting and without writing. Several steps ask for
 * the same cluster, identities and assignments one after the other, and Azure counts every request.
 */
export class ReadMemory {
  /** The given clock; whoever has slept on it looks again. */
  readonly clock: Clock;
  readonly #answers = new Map<string, { readonly atMs: number; readonly answer: Promise<PipelineResponse> }>();

  constructor(clock: Clock) {
    this.clock = {
      now: () => clock.now(),
      sleep: async (ms, signal) => {
        try {
          await clock.sleep(ms, signal);
        } finally {
          this.#answers.clear();
        }
      },
    };
  }

  /** The same memory, at the beginning of another look. */
  afresh(): this {
    this.#answers.clear();
    return this;
  }

  /** A client that asks `inner` only for what this look has not read yet. */
  in(inner: HttpClient): HttpClient {
    return {
      sendRequest: (request) => {
        if (request.method === "GET") return this.#read(request, inner);
        this.#forgetChanged(request);
        return inner.sendRequest(request).finally(() => this.#forgetChanged(request));
      },
    };
  }

  async #read(request: PipelineRequest, inner: HttpClient): Promise<PipelineResponse> {
    const nowMs = this.clock.now().getTime();
    const isAfresh = request.headers.get("cache-control") === AFRESH["cache-control"];
    const known = isAfresh ? undefined : this.#answers.get(request.url);
    if (known && nowMs - known.atMs <= LOOK_MS) return { ...(await known.answer), request };
    const answer = inner.sendRequest(request);
    this.#answers.set(request.url, { atMs: nowMs, answer });
    const forget = () => {
      if (this.#answers.get(request.url)?.answer === answer) this.#answers.delete(request.url);
    };
    try {
      const response = await answer;
      if (response.status !== 200 && response.status !== 404) forget();
      return response;
    } catch (error) {
      forget();
      throw error;
    }
  }

  /** A role assignment changes nothing but lists of assignments; everything else that is sent may change anything. */
  #forgetChanged(request: PipelineRequest): void {
    const isAssignment = /\/roleAssignments\//i.test(request.url);
    for (const known of [...this.#answers.keys()])
      if (!isAssignment || mayListAssignment(known, request)) this.#answers.delete(known);
  }
}

/** True unless a list cannot name a new assignment: it is a list of something else, or of what another principal holds itself. */
function mayListAssignment(listUrl: string, { method, body }: PipelineRequest): boolean {
  if (!/\/roleAssignments\b/i.test(listUrl)) return false;
  const holder = /^principalId eq '([^']+)'$/i.exec(new URL(listUrl).searchParams.get("$filter") ?? "")?.[1];
  const given = method === "PUT" && typeof body === "string" ? principalIn(body) : undefined;
  return holder === undefined || given === undefined || holder.toLowerCase() === given.toLowerCase();
}

function principalIn(body: string): string | undefined {
  return asString(at(JSON.parse(body) as Json, "properties", "principalId"));
}
