import type { WorkPlace } from "../engine/run.ts";

/** So many places for clusters that are worked on at once. Whoever wants one gets it in the order of asking. */
export class WorkPlaces {
  #free: number;
  readonly #queue = new Set<() => void>();

  /** @param count how many clusters may have a place at the same time */
  constructor(count: number) {
    this.#free = count;
  }

  /**
   * A way for one cluster to take a place and leave it again.
   * @param signal ends its waiting for a place, with the signal's reason
   */
  for(signal: AbortSignal): WorkPlace {
    let isHeld = false;
    return {
      isTaken: () => !isHeld && this.#free === 0,
      take: async () => {
        signal.throwIfAborted();
        if (isHeld) return;
        if (this.#free > 0) this.#free -= 1;
        else await this.#wait(signal);
        isHeld = true;
      },
      leave: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#pass();
      },
    };
  }

  /** Resolves when somebody who leaves has passed the place on: it is never free in between. */
  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = () => {
        this.#queue.delete(enter);
        reject(signal.reason);
      };
      const enter = () => {
        signal.removeEventListener("abort", stop);
        resolve();
      };
      signal.addEventListener("abort", stop, { once: true });
      this.#queue.add(enter);
    });
  }

  #pass(): void {
    const [next] = this.#queue;
    if (!next) {
      this.#free += 1;
      return;
    }
    this.#queue.delete(next);
    next();
  }
}
