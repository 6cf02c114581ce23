import { blocked } from "./blocked.ts";
import { HOUR_MS, MINUTE_MS } from "./clock.ts";
import type { StampedEvent } from "./events.ts";
import type { RunOptions, StepOutcome } from "./run-options.ts";
import { type Change, isGap, type Verdict } from "./step.ts";
import { wait } from "./wait.ts";

/** How long somebody else's operation is waited for; what takes longer is for the preflight to name. */
const OTHERS_LIMIT_MS = HOUR_MS;
const OTHERS_POLL_MS = 2 * MINUTE_MS;

/**
 * The second look before nodes are drained or there is no way back: what is no longer done goes back to its step. Before
 * the point of no return, or the first drain where there is none, others are left to finish what they are at, and the
 * preflight is repeated.
 * @throws AksMiError `BLOCKED` when the preflight finds a blocker
 */
export async function* lookAgain(
  options: RunOptions,
  index: number,
  change: Change,
): AsyncGenerator<StampedEvent, StepOutcome | undefined> {
  options.lookAfresh?.();
  if (change.risk === "irreversible" || isFirstDrain(options)) {
    const waited = yield* awaitOthers(options, index);
    if (waited) return waited;
    const findings = await options.guard(options.signal);
    for (const finding of findings) yield { type: "check:found", ...finding };
    if (findings.some((finding) => finding.severity === "blocker")) throw blocked(findings);
  }
  const undone = await firstUndone(options, index);
  return undone === undefined ? undefined : { kind: "back", index: undone };
}

/** The first of the steps before `end` that is not done any more, as Azure shows it now. */
export async function firstUndone(options: RunOptions, end: number): Promise<number | undefined> {
  for (let index = 0; index < end; index++) {
    const step = options.steps[index]!;
    const verdict: Verdict = step.decide(await step.detect(options.signal), options.clock.now());
    if (verdict.kind !== "done") return index;
  }
  return undefined;
}

/** Waits for somebody else's operation to end; the step then begins anew, for what it knows is from before. */
async function* awaitOthers(options: RunOptions, index: number): AsyncGenerator<StampedEvent, StepOutcome | undefined> {
  const giveUpAt = options.clock.now().getTime() + OTHERS_LIMIT_MS;
  let announced: string | undefined;
  for (;;) {
    const reason = await options.underWay?.(options.signal);
    if (reason === undefined) return announced === undefined ? undefined : { kind: "back", index };
    if (options.clock.now().getTime() >= giveUpAt) return undefined;
    if (reason !== announced) yield { type: "step:waiting", reason };
    announced = reason;
    const verdict = { kind: "wait", reason, pollMs: OTHERS_POLL_MS } as const;
    const paused = yield* wait(options, options.steps[index]!.id, verdict);
    if (paused) return paused;
  }
}

/** True while Azure has accepted nothing that drains or is final; of what was only begun the verdict says that it was not sent. */
function isFirstDrain({ approved, history }: RunOptions): boolean {
  const graver = [...approved.values()].flat().filter((change) => change.risk !== "additive" && !isGap(change));
  return graver.every(({ key }) => [undefined, "started"].includes(history.stateOf(key)));
}
