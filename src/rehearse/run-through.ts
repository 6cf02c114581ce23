import { DAY_MS, type VirtualClock } from "../engine/clock.ts";
import type { Event } from "../engine/events.ts";
import { type ClusterResult, executeInMemory } from "../execute/execute.ts";
import type { RunSettings } from "../execute/execute-cluster.ts";

/** A run that pauses again and again, and changes nothing for this long, pauses without end. */
const ENDLESS_MS = 60 * DAY_MS;

/** A cluster's pauses since it last changed anything. */
interface Standstill {
  readonly changes: number;
  readonly sinceMs: number;
}

/**
 * Runs a plan in memory as users do who resume it whenever it pauses: once the run has ended, at the earliest moment that
 * a pause names. Who was done or failed before is not run again.
 * @param clock put forward over the pauses
 * @returns how each cluster ended at last: `paused` only where no moment comes at which it would go on
 */
export async function runThrough(settings: RunSettings, clock: VirtualClock): Promise<ClusterResult[]> {
  const ids = settings.plan.clusters.map(({ id }) => id);
  const heard = new Map<string | undefined, number>();
  const changes = new Map<string | undefined, number>();
  const standstills = new Map<string, Standstill>();
  const onEvent = (event: Event) => {
    // A run that is resumed tells from the beginning.
    if (event.seq <= (heard.get(event.cluster) ?? 0)) return;
    heard.set(event.cluster, event.seq);
    if (event.type === "change:applied") changes.set(event.cluster, (changes.get(event.cluster) ?? 0) + 1);
    settings.onEvent(event);
  };
  /** When a cluster that has just paused goes on. */
  const nextStart = ({ clusterId, outcome }: ClusterResult): number | undefined => {
    if (outcome.kind !== "paused" || !outcome.retryAt) return undefined;
    const before = standstills.get(clusterId);
    const done = changes.get(clusterId) ?? 0;
    if (before?.changes !== done) {
      standstills.set(clusterId, { changes: done, sinceMs: clock.now().getTime() });
      return outcome.retryAt.getTime();
    }
    return outcome.retryAt.getTime() - before.sinceMs > ENDLESS_MS ? undefined : outcome.retryAt.getTime();
  };
  const run = executeInMemory({ ...settings, onEvent }, "rehearsal");
  const results = new Map<string, ClusterResult>();
  const starts = new Map(ids.map((id) => [id, clock.now().getTime()]));
  while (starts.size > 0) {
    clock.advance(Math.max(0, Math.min(...starts.values()) - clock.now().getTime()));
    const due = [...starts.keys()].filter((id) => starts.get(id)! <= clock.now().getTime());
    for (const result of await run(due)) {
      results.set(result.clusterId, result);
      const start = nextStart(result);
      if (start === undefined) starts.delete(result.clusterId);
      else starts.set(result.clusterId, start);
    }
  }
  return ids.map((id) => results.get(id)!);
}
