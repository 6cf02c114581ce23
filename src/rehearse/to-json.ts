import { describeDifferences } from "./compare.ts";
import type { RehearsedPlan } from "./rehearse.ts";
import type { Rehearsal } from "./rehearse-once.ts";
import { NOT_REHEARSED } from "./render-page.ts";

/** A rehearsed plan as plain data, durations in milliseconds. */
export function rehearsalJson({ plan, twin, rehearsals, range, through }: RehearsedPlan) {
  const [expected] = rehearsals as [Rehearsal];
  return {
    plan: plan.metadata.name,
    through,
    total: range?.total,
    proof: range?.proof,
    twin: { resources: twin.resources.length, behaviour: twin.behaviour, gaps: twin.gaps },
    notRehearsed: NOT_REHEARSED,
    rehearsals: rehearsals.map((rehearsal) => ({
      assumption: rehearsal.assumption,
      troubled: rehearsal.troubled,
      through: rehearsal.through,
      start: rehearsal.start,
      durationMs: rehearsal.durationMs,
      provenAfterMs: rehearsal.provenAfterMs,
      differences: rehearsal === expected ? [] : describeDifferences(expected, rehearsal),
      requests: rehearsal.requests,
      retries: rehearsal.retries,
      writes: rehearsal.writes.map(({ at, method, path, status }) => ({
        at: String(at),
        method: String(method),
        path: String(path),
        status: Number(status),
      })),
      clusters: rehearsal.clusters.map(({ id, outcome, timeline, pauses, rolls, broken, end }) => ({
        id,
        outcome,
        timeline,
        pauses,
        nodes: rolls,
        broken,
        end,
      })),
    })),
  };
}
