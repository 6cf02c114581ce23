import type { Recurrence } from "./recurrence.ts";
import type { Timeline } from "./timeline.ts";

/** Rounds of work that all come out alike. */
export interface Routine {
  /** What each of them does, as text. */
  readonly outcome: string;
  readonly rounds: Recurrence;
  /** The rounds whose writes are in the activity log. */
  readonly writes: Recurrence;
}

/**
 * The daily work of a cluster, in rounds. A round is looked at only when its outcome may have changed: in between every round is
 * like the last, and costs nothing.
 */
export class Work {
  readonly #timeline: Timeline;
  readonly #firstMs: number;
  readonly #everyMs: number;
  readonly #look: () => void;
  readonly #looksAt = new Set<number>();
  #hasEnded = false;
  /** The principals that the rounds were done as when they were last looked at, in lower case. */
  actors: ReadonlySet<string> = new Set();
  /** Undefined before the first round, and while nothing is done. */
  routine: Routine | undefined;

  constructor(timeline: Timeline, firstMs: number, everyMs: number, look: () => void) {
    this.#timeline = timeline;
    this.#firstMs = firstMs;
    this.#everyMs = everyMs;
    this.#look = look;
    this.lookFrom(firstMs);
  }

  /** Lets the next round be looked at: something that it depends on has changed. */
  stir(): void {
    this.lookFrom(this.#timeline.nowMs + 1);
  }

  /** Lets the first round from this moment on be looked at. */
  lookFrom(ms: number): void {
    const rounds = Math.max(0, Math.ceil((ms - this.#firstMs) / this.#everyMs));
    const atMs = this.#firstMs + rounds * this.#everyMs;
    if (this.#hasEnded || this.#looksAt.has(atMs)) return;
    this.#looksAt.add(atMs);
    this.#timeline.schedule(atMs, () => {
      this.#looksAt.delete(atMs);
      if (!this.#hasEnded) this.#look();
    });
  }

  /** The rounds do not come out like this any more. */
  endRoutine(): void {
    const { nowMs } = this.#timeline;
    this.routine?.rounds.endAt(nowMs);
    this.routine?.writes.endAt(nowMs);
    this.routine = undefined;
  }

  /** Nothing is done any more: the cluster is gone. */
  end(): void {
    this.endRoutine();
    this.#hasEnded = true;
  }
}
