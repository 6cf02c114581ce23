import type { Clock } from "../engine/clock.ts";

/** A clock that the model shares with its client and that can be put forward. */
export interface EmulatedClock extends Clock {
  /** Moves the clock forward. */
  advance(ms: number): void;
  /** How many times as fast as the machine's clock it runs. */
  readonly scale?: number;
}
