import { AksMiError } from "./errors.ts";

/** Time as the engine and all that it runs see it: none of that reads the time or waits in any other way. */
export interface Clock {
  /** The current moment: corrected by Azure's own clock, or the emulator's. */
  now(): Date;
  /** Resolves when `now()` has moved on by `ms` milliseconds; rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A second, in milliseconds. */
export const SECOND_MS = 1_000;
/** A minute, in milliseconds. */
export const MINUTE_MS = 60 * SECOND_MS;
/** An hour, in milliseconds. */
export const HOUR_MS = 60 * MINUTE_MS;
/** A day of 24 hours, in milliseconds. */
export const DAY_MS = 24 * HOUR_MS;

const UNIT_MS: Record<string, number> = { ms: 1, s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };

/** The longest delay that setTimeout takes before it fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** How a duration is written: `90s`, `60m`, `24h`, `2d` or `1h30m`. */
export const DURATION = /^(\d+(\.\d+)?(ms|s|m|h|d))+$/;

/**
 * Milliseconds of a duration such as `90s`, `60m`, `24h`, `2d` or `1h30m`.
 * @returns undefined when the text is not a duration
 */
export function parseDuration(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g))
    total += Number(amount) * UNIT_MS[unit!]!;
  return total;
}

/**
 * A duration for people: `3 d 2 h`, `1 h 5 min`, `3 min`, `12 s`; rounded to two units at most. Below two days in hours, as
 * Azure's documentation counts: `24 h`, `26 h 5 min`.
 */
export function formatDuration(ms: number): string {
  const wholeMs = Math.round(ms / SECOND_MS) * SECOND_MS;
  const days = wholeMs < 2 * DAY_MS ? 0 : Math.floor(wholeMs / DAY_MS);
  const parts: [number, string][] = [
    [days, "d"],
    [Math.floor((wholeMs - days * DAY_MS) / HOUR_MS), "h"],
    [Math.floor((wholeMs % HOUR_MS) / MINUTE_MS), "min"],
    [(wholeMs % MINUTE_MS) / SECOND_MS, "s"],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first < 0) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(" ");
}

/** A moment for people: ISO 8601 in UTC, to the second. */
export function formatInstant(date: Date): string {
  return date.toISOString().replace(/\.\d{3}Z$/, "Z");
}

/** Waits `ms` real milliseconds, however long, without keeping other work from running. */
export async function realSleep(ms: number, signal?: AbortSignal): Promise<void> {
  const end = performance.now() + ms;
  for (let left = ms; left > 0; left = end - performance.now()) await timer(Math.min(left, MAX_TIMER_MS), signal);
}

function timer(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(handle);
      reject(signal!.reason);
    };
    const handle = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** How often a sleeping system clock looks whether the deadline has come: a laptop that slept must not oversleep. */
const WALL_CHECK_MS = 30 * SECOND_MS;

/** The machine's clock, corrected by `skewMs` (Azure's `Date` header minus our own time) once that is known. */
export class SystemClock implements Clock {
  #skewMs = 0;

  now(): Date {
    return new Date(Date.now() + this.#skewMs);
  }

  /** Takes over the time that a service said it is. Differences below two seconds are the network's and are ignored. */
  correct(serverTime: Date): void {
    const skewMs = serverTime.getTime() - Date.now();
    this.#skewMs = Math.abs(skewMs) < 2 * SECOND_MS ? 0 : skewMs;
  }

  /** Ends when either clock says so: the wall's after a sleep of the machine, the monotonic one when the wall's was put back. */
  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const end = this.now().getTime() + ms;
    const monotonicEnd = performance.now() + ms;
    for (let left = ms; left > 0; left = Math.min(end - this.now().getTime(), monotonicEnd - performance.now()))
      await realSleep(Math.min(left, WALL_CHECK_MS), signal);
  }
}

/** A clock that runs `scale` times as fast as the machine's, and can be put forward. */
export class ScaledClock implements Clock {
  #start: number;
  #startedAt = performance.now();
  readonly scale: number;

  constructor(start: Date, scale: number) {
    this.#start = start.getTime();
    this.scale = scale;
  }

  now(): Date {
    return new Date(this.#start + (performance.now() - this.#startedAt) * this.scale);
  }

  /** Moves the clock forward by `ms`. */
  advance(ms: number): void {
    this.#start += ms;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const end = this.now().getTime() + ms;
    for (let left = ms; left > 0; left = end - this.now().getTime()) {
      await realSleep(Math.min(left / this.scale, SECOND_MS), signal);
    }
  }
}

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/**
 * Time that moves only when someone waits for it: a migration of 25 hours is a test of milliseconds.
 * Several sleepers wake in the order of their deadlines.
 */
export class VirtualClock implements Clock {
  #now: number;
  #limit: number;
  #sleepers: Sleeper[] = [];
  #scheduled = false;

  /** @param limitMs how much virtual time may pass before `sleep` throws: a missing deadline must not spin for ever */
  constructor(start: Date = new Date("2026-11-22T08:00:00Z"), limitMs = 10 * DAY_MS) {
    this.#now = start.getTime();
    this.#limit = this.#now + limitMs;
  }

  now(): Date {
    return new Date(this.#now);
  }

  /** Moves the clock forward by `ms` and wakes nobody early. What is skipped so counts towards no limit. */
  advance(ms: number): void {
    this.#now += ms;
    this.#limit += ms;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (!(ms > 0))
      throw new AksMiError("DEFECT", `A sleep of ${ms} ms was asked for.`, "Report this as a defect of aks-mi.");
    const at = this.#now + ms;
    if (at > this.#limit) {
      throw new AksMiError("DEFECT", "The virtual clock ran past its limit.", "Look for a wait without a deadline.");
    }
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const stop = () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal!.reason);
      };
      const sleeper: Sleeper = {
        at,
        wake: () => {
          signal?.removeEventListener("abort", stop);
          resolve();
        },
      };
      signal?.addEventListener("abort", stop, { once: true });
      this.#sleepers.push(sleeper);
      this.#schedule();
    });
  }

  /** Wakes the earliest sleeper once everything that can run now has run. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      const earliest = this.#sleepers.reduce<Sleeper | undefined>(
        (best, sleeper) => (best && best.at <= sleeper.at ? best : sleeper),
        undefined,
      );
      if (!earliest) return;
      this.#sleepers = this.#sleepers.filter((other) => other !== earliest);
      this.#now = Math.max(this.#now, earliest.at);
      earliest.wake();
      if (this.#sleepers.length > 0) this.#schedule();
    });
  }
}
