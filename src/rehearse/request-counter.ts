import type { InProcessEmulator } from "../azure/connection.ts";
import type { StepId } from "../engine/step.ts";

/** Requests by what they do. */
export interface RequestCount {
  readonly reads: number;
  readonly writes: number;
}

/** Counts what goes through an emulator's door, by the step that is at work. */
export class RequestCounter {
  /** The step that is at work. */
  step: StepId | undefined;
  readonly door: InProcessEmulator;
  readonly #perStep: boolean;
  readonly #counts = new Map<StepId | undefined, RequestCount>();

  /** @param perStep false where the steps of several clusters are at work side by side */
  constructor(door: InProcessEmulator, perStep: boolean) {
    this.#perStep = perStep;
    this.door = {
      clock: door.clock,
      handle: (request) => {
        this.#count(request.method.toUpperCase() === "GET");
        return door.handle(request);
      },
    };
  }

  /** The counts so far. */
  take(): { total: RequestCount; ofSteps: Partial<Record<StepId, RequestCount>> | undefined } {
    const total = [...this.#counts.values()].reduce(
      (sum, { reads, writes }) => ({ reads: sum.reads + reads, writes: sum.writes + writes }),
      { reads: 0, writes: 0 },
    );
    const ofSteps = Object.fromEntries([...this.#counts].filter(([step]) => step !== undefined));
    return { total, ofSteps: this.#perStep ? ofSteps : undefined };
  }

  #count(isRead: boolean): void {
    const { reads, writes } = this.#counts.get(this.step) ?? { reads: 0, writes: 0 };
    this.#counts.set(this.step, isRead ? { reads: reads + 1, writes } : { reads, writes: writes + 1 });
  }
}
