/** Something that will happen at its own emulated moment, unless it is called off. */
export interface Appointment {
  readonly atMs: number;
  cancelled: boolean;
}

interface Entry extends Appointment {
  readonly order: number;
  readonly run: () => void;
}

/** What is going to happen in the model, in the order of time. No timer of the machine is involved. */
export class Timeline {
  #now: number;
  #order = 0;
  readonly #heap: Entry[] = [];

  constructor(nowMs: number) {
    this.#now = nowMs;
  }

  /** The moment the model is at: that of the event being processed, else that of the request. */
  get nowMs(): number {
    return this.#now;
  }

  /** Lets `run` happen at `atMs`; what lies in the past happens at the next settling. */
  schedule(atMs: number, run: () => void): Appointment {
    this.#order += 1;
    const entry: Entry = { atMs: Math.max(atMs, this.#now), order: this.#order, cancelled: false, run };
    this.#push(entry);
    return entry;
  }

  /** Lets everything due up to `untilMs` happen, each at its own moment, and leaves the model at `untilMs`. */
  runUntil(untilMs: number): void {
    for (let next = this.#heap[0]; next && next.atMs <= untilMs; next = this.#heap[0]) {
      this.#pop();
      if (next.cancelled) continue;
      this.#now = Math.max(this.#now, next.atMs);
      next.run();
    }
    this.#now = Math.max(this.#now, untilMs);
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isEarlier(entry, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isEarlier(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isEarlier(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
  }
}

function isEarlier(left: Entry, right: Entry): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order);
}

/** A moment as most of Azure writes it, with seven digits: `2021-05-11T08:25:39.7540000Z`. */
export function isoOf(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "0000Z");
}
