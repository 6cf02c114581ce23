import type { OperationStore } from "../engine/operations.ts";
import type { Change, Step } from "../engine/step.ts";

/** Stands for facts that were not read: Azure has only just begun what the step asked of it. */
export class JustBegun {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** How long an operation that has just begun is left alone, and what is said meanwhile. */
export interface FirstLook<C extends Change> {
  readonly pollMs: number;
  /** A sentence. */
  reason(change: C): string;
}

/**
 * A step that does not look at an operation in the moment in which Azure accepts it: it takes minutes, so at once nothing
 * can be seen but that it runs. A write that Azure was done with at once, without an operation, is looked at right away.
 * @param operations where the step remembers the operations of its changes
 */
export function lookLater<F, C extends Change>(
  step: Step<F, C>,
  operations: OperationStore,
  first: FirstLook<C>,
): Step<F | JustBegun, C> {
  let accepted: C | undefined;
  return {
    ...step,
    async detect(signal) {
      const change = accepted;
      accepted = undefined;
      return change ? new JustBegun(first.reason(change)) : step.detect(signal);
    },
    decide(facts, now) {
      if (facts instanceof JustBegun) return { kind: "wait", reason: facts.reason, pollMs: first.pollMs };
      return step.decide(facts, now);
    },
    async apply(change, report, signal) {
      await step.apply(change, report, signal);
      if (operations.find(change.key)) accepted = change;
    },
    progress: (facts) => (facts instanceof JustBegun ? [] : (step.progress?.(facts) ?? [])),
  };
}
