import type { StampedEvent } from "./events.ts";
import type { RunOptions } from "./run-options.ts";
import { type AnyStep, type Change, isGap } from "./step.ts";

/** Writes down that a step is done: what a dead run had left open, the gaps that close with it, and why. */
export async function* finishStep(options: RunOptions, step: AnyStep, evidence: string): AsyncGenerator<StampedEvent> {
  // A run that was killed between Azure's answer and the journal finds here what it had begun, and one whose operation failed
  // what Azure has brought to its end since: somebody may have reconciled the cluster.
  for (const key of options.history.keysOf(step.id)) {
    const state = options.history.stateOf(key);
    if (state === "started" || state === "failed") yield { type: "change:applied", key };
  }
  for (const gap of openGaps(options, step)) {
    yield { type: "change:started", key: gap.key, summary: gap.summary, risk: gap.risk };
    yield { type: "change:applied", key: gap.key };
  }
  yield { type: "step:done", evidence };
  for (const key of options.history.keysOf(step.id)) options.operations.forget(key);
}

/** The announced gaps that this step closes by being done; one that hung on an answer of Azure that never came was none. */
function openGaps(options: RunOptions, step: AnyStep): Change[] {
  const conditions = new Set(
    [...options.approved.values()]
      .flat()
      .filter((change) => !isGap(change) && options.history.stateOf(change.key))
      .map((change) => change.onlyIf),
  );
  return (options.approved.get(step.id) ?? []).filter(
    (change) =>
      isGap(change) && !options.history.stateOf(change.key) && (!change.onlyIf || conditions.has(change.onlyIf)),
  );
}
