import type { StampedEvent } from "./events.ts";
import type { StepId } from "./step.ts";

/**
 * How far a change has come: `started` before the write, `applied` once Azure accepted it, `failed` when its operation
 * failed, `seen` when its step was done afterwards.
 */
export type ChangeState = "started" | "applied" | "failed" | "seen";

interface ChangeRecord {
  state: ChangeState;
  readonly step: StepId | undefined;
  readonly lastStartedAt: Date | undefined;
  earliestEffect: Date | undefined;
  appliedAt: Date | undefined;
}

/** After these a wait is another one. */
const ENDS_WAITING: ReadonlySet<StampedEvent["type"]> = new Set([
  "change:started",
  "change:applied",
  "change:failed",
  "change:undone",
  "operation:started",
  "run:paused",
]);

/** What a journal says about changes: a fold over its events, continued while the run goes on. */
export class History {
  readonly #changes = new Map<string, ChangeRecord>();
  #changed = false;
  #beganAt: Date | undefined;
  readonly #reimaged = new Map<string, number>();
  #waiting:
    | { readonly step: StepId | undefined; readonly reason: string; readonly since: Date | undefined }
    | undefined;

  constructor(events: readonly (StampedEvent & { readonly at?: string })[] = []) {
    for (const event of events) this.record(event, event.at === undefined ? undefined : new Date(event.at));
  }

  /** Takes one more event into account. */
  record(event: StampedEvent, at?: Date): void {
    this.#beganAt ??= at;
    if (event.type === "change:started") this.#start(event.key, event.step, at);
    else if (event.type === "change:applied") this.#apply(event.key, at);
    else if (event.type === "change:failed") this.#move(event.key, "failed");
    else if (event.type === "operation:started") this.#noteOperation(event);
    else if (event.type === "change:undone") this.#changes.delete(event.key);
    else if (event.type === "node:progress") this.#reimaged.set(event.pool, event.reimaged);
    else if (event.type === "step:done" && event.step) this.#seeAll(event.step);
    this.#noteWaiting(event, at);
  }

  /** The state of a change, or undefined when it was never begun. */
  stateOf(key: string): ChangeState | undefined {
    return this.#changes.get(key)?.state;
  }

  /** When a change was last begun: it may have been begun again after it failed. */
  lastStartedAt(key: string): Date | undefined {
    return this.#changes.get(key)?.lastStartedAt;
  }

  /**
   * The moment before which Azure can have done nothing of a change: when it accepted the first attempt that had an effect, and
   * whose operation is known. Without an operation, when the last attempt was begun.
   */
  earliestEffectOf(key: string): Date | undefined {
    const change = this.#changes.get(key);
    return change?.earliestEffect ?? change?.lastStartedAt;
  }

  /** When Azure had last accepted a change, as the journal dates it. */
  appliedAt(key: string): Date | undefined {
    return this.#changes.get(key)?.appliedAt;
  }

  /** When the first event was written, over all resumes. */
  get beganAt(): Date | undefined {
    return this.#beganAt;
  }

  /** How many nodes of a pool were last known to be re-imaged. */
  reimagedNodes(pool: string): number {
    return this.#reimaged.get(pool) ?? 0;
  }

  /**
   * Since when a step has waited for the same reason, over all resumes, with nothing new to be seen meanwhile, such as another
   * node re-imaged; undefined when it does not. A pause is an end of it: nobody has looked since.
   */
  waitingSince(step: StepId, reason: string): Date | undefined {
    return this.#waiting?.step === step && this.#waiting.reason === reason ? this.#waiting.since : undefined;
  }

  /** True once any change has been applied. */
  get changed(): boolean {
    return this.#changed;
  }

  /** Keys of the changes of a step that have been begun. */
  keysOf(step: StepId): string[] {
    return [...this.#changes].filter(([, change]) => change.step === step).map(([key]) => key);
  }

  #noteWaiting(event: StampedEvent, at: Date | undefined): void {
    if (event.type === "step:waiting") {
      const isSame = this.#waiting?.step === event.step && this.#waiting?.reason === event.reason;
      if (!isSame) this.#waiting = { step: event.step, reason: event.reason, since: at };
    } else if (event.type === "node:progress") {
      if (this.#waiting) this.#waiting = { ...this.#waiting, since: at };
    } else if (ENDS_WAITING.has(event.type) || (event.type === "step:done" && event.step === this.#waiting?.step)) {
      this.#waiting = undefined;
    }
  }

  #start(key: string, step: StepId | undefined, at: Date | undefined): void {
    const known = this.#changes.get(key);
    this.#changes.set(key, {
      state: "started",
      step,
      lastStartedAt: at,
      earliestEffect: known?.earliestEffect,
      appliedAt: known?.appliedAt,
    });
  }

  #noteOperation({ key, acceptedAt, takesUp }: StampedEvent & { readonly type: "operation:started" }): void {
    const change = this.#changes.get(key);
    if (!change || (takesUp && change.earliestEffect)) return;
    change.earliestEffect = acceptedAt === undefined ? change.lastStartedAt : new Date(acceptedAt);
  }

  #apply(key: string, at: Date | undefined): void {
    this.#changed = true;
    this.#move(key, "applied");
    const change = this.#changes.get(key);
    if (change) change.appliedAt = at;
  }

  #move(key: string, state: ChangeState): void {
    const change = this.#changes.get(key);
    if (change) change.state = state;
  }

  #seeAll(step: StepId): void {
    for (const change of this.#changes.values()) {
      if (change.step === step && change.state === "applied") change.state = "seen";
    }
  }
}
