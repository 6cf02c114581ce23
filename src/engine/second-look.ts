import { blocked } from "./blocked.ts";
import type { StampedEvent } from "./events.ts";
import type { RunOptions, StepOutcome } from "./run-options.ts";
import type { Change, Verdict } from "./step.ts";

/**
 * The second look before nodes are drained or there is no way back: what is no longer done goes back to its step. Before
 * the point of no return the preflight is repeated too.
 * @throws AksMiError `BLOCKED` when the preflight finds a blocker
 */
export async function* lookAgain(
  options: RunOptions,
  index: number,
  change: Change,
): AsyncGenerator<StampedEvent, StepOutcome | undefined> {
  options.lookAfresh?.();
  if (change.risk === "irreversible") {
    const findings = await options.guard(options.signal);
    for (const finding of findings) yield { type: "check:found", ...finding };
    if (findings.some((finding) => finding.severity === "blocker")) throw blocked(findings);
  }
  for (let earlier = 0; earlier < index; earlier++) {
    const step = options.steps[earlier]!;
    const verdict: Verdict = step.decide(await step.detect(options.signal), options.clock.now());
    if (verdict.kind !== "done") return { kind: "back", index: earlier };
  }
  return undefined;
}
