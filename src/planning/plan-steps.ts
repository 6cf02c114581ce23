import type { AnyStep, Change, Verdict } from "../engine/step.ts";
import type { ClusterPlan } from "../plan/schema.ts";

/** What each step would change now: the one source of the plan, the dry run and the run itself. */
export async function planSteps(steps: readonly AnyStep[], now: Date): Promise<ClusterPlan["steps"]> {
  const planned: ClusterPlan["steps"] = [];
  const signal = new AbortController().signal;
  const known = new Set<string>();
  for (const step of steps) {
    const verdict: Verdict = step.decide(await step.detect(signal), now);
    const changes = verdict.kind === "change" ? verdict.changes : [];
    const later = verdict.kind === "change" || verdict.kind === "pause" ? (verdict.later ?? []) : [];
    const gaps = verdict.kind === "done" ? [] : (step.gaps ?? []);
    // A later step looks again at what an earlier one brings about: it is planned once, where it is done.
    const fresh = [...changes, ...later, ...gaps].filter(({ key }) => !known.has(key));
    for (const { key } of fresh) known.add(key);
    planned.push({ id: step.id, changes: fresh.map(plainChange) });
  }
  return planned;
}

/** A change without the fields that do not apply, so that equal changes are equal files. */
function plainChange({
  key,
  summary,
  reason,
  risk,
  drains,
  nodes,
  onlyIf,
}: Change): ClusterPlan["steps"][number]["changes"][number] {
  return {
    key,
    summary,
    reason,
    risk,
    ...(drains ? { drains: [...drains] } : {}),
    ...(nodes === undefined ? {} : { nodes }),
    ...(onlyIf === undefined ? {} : { onlyIf }),
  };
}
