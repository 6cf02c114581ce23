import type { Clock } from "./clock.ts";
import type { History } from "./history.ts";
import type { OperationStore } from "./operations.ts";
import type { AnyStep, Change, Finding, StepId } from "./step.ts";

/** A cluster's place among those that are worked on at once. */
export interface WorkPlace {
  /** True when `take` would have to wait. */
  isTaken(): boolean;
  /** Resolves when the cluster has a place: at once when it has one, otherwise when its turn comes. Rejects when the run is aborted. */
  take(): Promise<void>;
  /** Lets another cluster have the place; does nothing without one. */
  leave(): void;
}

/** What a run of one cluster needs. */
export interface RunOptions {
  readonly steps: readonly AnyStep[];
  /** The approved changes of each step: nothing else is ever written. */
  readonly approved: ReadonlyMap<StepId, readonly Change[]>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** What the journal says so far; the engine continues it. */
  readonly history: History;
  readonly operations: OperationStore;
  /** Held by whoever calls; given up while the run is idle. Absent: nobody else wants it. */
  readonly place?: WorkPlace | undefined;
  /** Called before everything is looked at again: what was read a moment ago does not count then. */
  lookAfresh?(): void;
  /** What somebody else is at in this very moment, in words; before the point of no return it is waited for. */
  underWay?(signal: AbortSignal): Promise<string | undefined>;
  /** Looked at again right before the point of no return, or the first drain: blockers stop the run. */
  guard(signal: AbortSignal): Promise<readonly Finding[]>;
  /** Pause before this step, or the first one after it where there is none. */
  readonly until?: StepId | undefined;
  /** Pause when nothing more can be done before this moment. */
  readonly pauseAt?: Date | undefined;
}

/** How a run of one cluster ended, when it did not fail. */
export type Outcome =
  | { readonly kind: "done"; readonly changed: boolean }
  | { readonly kind: "paused"; readonly reason: string; readonly retryAt: Date | undefined };

/** The end of a run that can go on later. */
export type Paused = Extract<Outcome, { kind: "paused" }>;

/** What came of one step: the run's own end or, after a second look, the step to go back to. */
export type StepOutcome = Outcome | { readonly kind: "back"; readonly index: number };
