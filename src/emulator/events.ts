import { isSameId } from "./ids.ts";
import type { JsonObject } from "./json.ts";
import type { Recurrence } from "./recurrence.ts";

/** Something an emulated cluster did, or failed to do. */
export interface ClusterEvent {
  readonly cluster: string;
  readonly kind: string;
  readonly pool?: string;
  readonly node?: string;
  readonly identity?: string;
  readonly registry?: string;
  readonly ok: boolean;
  readonly reason?: string;
}

/** What happened at one moment, or again and again. */
interface Entry {
  readonly when: number | Recurrence;
  readonly events: readonly ClusterEvent[];
}

/** What the emulated clusters did. What recurs is one entry; asked for, its successes are folded and its failures are not. */
export class EventLog {
  readonly #entries: Entry[] = [];

  /** Notes something that happened once. */
  add(atMs: number, event: ClusterEvent): void {
    this.#entries.push({ when: atMs, events: [event] });
  }

  /** Notes what is going to happen again and again. */
  addRecurring(when: Recurrence, events: readonly ClusterEvent[]): void {
    this.#entries.push({ when, events });
  }

  /** What failed in a cluster from one moment to another, the oldest first. */
  failuresBetween(
    cluster: string,
    sinceMs: number,
    untilMs: number,
  ): { readonly atMs: number; readonly event: ClusterEvent }[] {
    return this.#entries
      .filter(({ events }) => events.length > 0 && isSameId(events[0]!.cluster, cluster))
      .flatMap(({ when, events }) => {
        const failures = events.filter(({ ok }) => !ok);
        return momentsOf(when, sinceMs, untilMs).flatMap((atMs) => failures.map((event) => ({ atMs, event })));
      })
      .sort((left, right) => left.atMs - right.atMs);
  }

  /** Everything by `nowMs` as plain JSON, in the order in which it began. */
  list(nowMs: number): JsonObject[] {
    return this.#entries
      .flatMap(({ when, events }) => events.flatMap((event) => described(event, when, nowMs)))
      .sort((left, right) => left.atMs - right.atMs)
      .map(({ shown }) => shown);
  }
}

function momentsOf(when: number | Recurrence, sinceMs: number, untilMs: number): number[] {
  if (typeof when !== "number") return when.between(sinceMs, untilMs);
  return when >= sinceMs && when <= untilMs ? [when] : [];
}

function described(
  event: ClusterEvent,
  when: number | Recurrence,
  nowMs: number,
): { atMs: number; shown: JsonObject }[] {
  const isFolded = typeof when !== "number" && event.ok;
  const moments = momentsOf(when, Number.NEGATIVE_INFINITY, nowMs);
  const [first, last] = [moments[0], moments.at(-1)];
  if (first === undefined || last === undefined) return [];
  if (!isFolded || first === last) return moments.map((atMs) => ({ atMs, shown: { at: isoOf(atMs), ...event } }));
  const folded = { times: moments.length, from: isoOf(first), to: isoOf(last) };
  return [{ atMs: first, shown: { at: isoOf(first), ...event, ...folded } }];
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
