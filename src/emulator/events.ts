import { isSameId } from "./ids.ts";
import type { JsonObject } from "./json.ts";

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

interface Entry {
  readonly fromMs: number;
  toMs: number;
  times: number;
  readonly events: readonly ClusterEvent[];
}

/** A run of rounds in which the same things succeeded: counted instead of repeated. */
export type Fold = Entry;

/** What the emulated clusters did. Successes that recur are folded into one entry, failures never are. */
export class EventLog {
  readonly #entries: Entry[] = [];

  /** Notes something that happened once. */
  add(atMs: number, event: ClusterEvent): void {
    this.#entries.push({ fromMs: atMs, toMs: atMs, times: 1, events: [event] });
  }

  /** Notes successes that may recur; `extend` counts each recurrence. */
  open(atMs: number, events: readonly ClusterEvent[]): Fold {
    const fold: Fold = { fromMs: atMs, toMs: atMs, times: 1, events };
    this.#entries.push(fold);
    return fold;
  }

  /** Counts one more round of the same successes. */
  extend(fold: Fold, atMs: number): void {
    fold.toMs = atMs;
    fold.times += 1;
  }

  /** What failed in a cluster since a moment, the oldest first. */
  failuresSince(cluster: string, fromMs: number): { readonly atMs: number; readonly event: ClusterEvent }[] {
    return this.#entries
      .filter((entry) => entry.fromMs >= fromMs)
      .flatMap(({ fromMs: atMs, events }) => events.map((event) => ({ atMs, event })))
      .filter(({ event }) => !event.ok && isSameId(event.cluster, cluster));
  }

  /** Everything so far as plain JSON, in the order in which it began. */
  list(): JsonObject[] {
    return this.#entries.flatMap((entry) => entry.events.map((event) => described(event, entry)));
  }
}

function described(event: ClusterEvent, entry: Entry): JsonObject {
  const at = new Date(entry.fromMs).toISOString();
  const folded = entry.times > 1 ? { times: entry.times, from: at, to: new Date(entry.toMs).toISOString() } : {};
  return { at, ...event, ...folded };
}
