import { type Clock, realSleep, SECOND_MS } from "../engine/clock.ts";
import { AksMiError } from "../engine/errors.ts";

/**
 * The clock of an emulator on loopback. While it sleeps it asks the emulator for the time at least once per wall
 * second, so that a clock put forward there wakes it.
 */
export class EmulatorClock implements Clock {
  readonly #endpoint: URL;
  #base = 0;
  #readAt = 0;
  #scale = 1;

  private constructor(endpoint: URL) {
    this.#endpoint = endpoint;
  }

  /** Reads the emulator's time and scale. @throws AksMiError when no emulator answers there */
  static async connect(endpoint: URL): Promise<EmulatorClock> {
    const clock = new EmulatorClock(endpoint);
    await clock.#read();
    return clock;
  }

  /** How many emulated seconds pass in a wall second. */
  get scale(): number {
    return this.#scale;
  }

  now(): Date {
    return new Date(this.#base + (performance.now() - this.#readAt) * this.#scale);
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const end = this.now().getTime() + ms;
    for (let left = ms; left > 0; left = end - this.now().getTime()) {
      const wallMs = left / this.#scale;
      await realSleep(Math.min(wallMs, SECOND_MS), signal);
      if (wallMs > SECOND_MS) await this.#read();
    }
  }

  async #read(): Promise<void> {
    const url = new URL("/_emulator/clock", this.#endpoint);
    try {
      const { now, scale } = (await (await fetch(url)).json()) as { now: string; scale: number };
      this.#base = Date.parse(now);
      this.#readAt = performance.now();
      this.#scale = scale;
    } catch (cause) {
      throw new AksMiError(
        "AZURE_UNREACHABLE",
        `No emulator answers at ${this.#endpoint.origin}.`,
        "Start one with `aks-mi emulator` and name the endpoint that it prints.",
        { cause },
      );
    }
  }
}
