/** Something that happens at equal intervals from a moment on, until it is ended: counted when asked, not while it happens. */
export class Recurrence {
  readonly fromMs: number;
  readonly everyMs: number;
  #endMs = Number.POSITIVE_INFINITY;

  constructor(fromMs: number, everyMs: number) {
    this.fromMs = fromMs;
    this.everyMs = everyMs;
  }

  /** From this moment on it does not happen any more. */
  endAt(ms: number): void {
    this.#endMs = Math.min(this.#endMs, ms);
  }

  /** How often it has happened by `nowMs`. */
  timesBy(nowMs: number): number {
    const lastMs = Math.min(nowMs, this.#endMs - 1);
    return lastMs < this.fromMs ? 0 : 1 + Math.floor((lastMs - this.fromMs) / this.everyMs);
  }

  /** The moments at which it happened, from one to another, both included. */
  between(sinceMs: number, untilMs: number): number[] {
    const skipped = Math.max(0, Math.ceil((sinceMs - this.fromMs) / this.everyMs));
    const times = this.timesBy(untilMs) - skipped;
    return Array.from({ length: Math.max(0, times) }, (_, index) => this.fromMs + (skipped + index) * this.everyMs);
  }
}
