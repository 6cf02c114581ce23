import type { Event } from "../../src/engine/events.ts";
import type { MigrationPlan } from "../../src/plan/schema.ts";
import { listBrokenWork, listNodeRolls } from "../../src/rehearse/cluster-life.ts";
import { type EndState, readEndState } from "../../src/rehearse/end-state.ts";
import { readTwin } from "../../src/rehearse/read-twin.ts";
import { type RehearsedPlan, type RehearseOptions, rehearsePlan } from "../../src/rehearse/rehearse.ts";
import { type TimelineEntry, tellTimeline } from "../../src/rehearse/timeline.ts";
import type { Twin } from "../../src/rehearse/twin.ts";
import type { Lab } from "../support/lab.ts";

/** Any resource or event, as the control API gives it. */
export type Plain = Record<string, never>;

/** Rehearses a plan against a lab. */
export function rehearse(
  lab: Lab,
  plan: MigrationPlan,
  options: Partial<RehearseOptions> = {},
): Promise<RehearsedPlan> {
  return rehearsePlan(lab.connection, plan, {
    tool: "test",
    thorough: false,
    faultSeed: undefined,
    ...options,
  });
}

/** Reads the twin of what a plan touches, and rehearses nothing. */
export async function twinOf(lab: Lab, plan: MigrationPlan): Promise<Twin> {
  const azure = lab.connection.azure();
  const clusters = plan.clusters.map(async (cluster) => ({
    plan: cluster,
    cluster: (await azure.clusters.get(cluster.id))!,
  }));
  return readTwin(azure, await Promise.all(clusters), lab.clock.now());
}

/** What applying a plan did, told in the terms of a rehearsal. */
export interface Applied {
  readonly timeline: readonly TimelineEntry[];
  readonly end: EndState;
  readonly events: readonly Event[];
}

/** Applies a plan of one cluster to the lab itself, and resumes it whenever a pause says that it may go on. */
export async function applyAndTell(lab: Lab, plan: MigrationPlan): Promise<Applied> {
  const { id } = plan.clusters[0]!;
  const start = lab.clock.now();
  const before = await lab.control<Plain[]>("GET", "/_emulator/resources");
  let applied = await lab.apply(plan);
  for (let end = applied.results[0]!.outcome; end.kind === "paused" && end.retryAt; end = applied.results[0]!.outcome) {
    lab.clock.advance(Math.max(0, end.retryAt.getTime() - lab.clock.now().getTime()));
    applied = await lab.apply(plan, applied.run);
  }
  const { events } = applied;
  const all = await lab.control<Plain[]>("GET", "/_emulator/events");
  const life = all.filter(({ at }) => String(at) >= start.toISOString());
  const after = await lab.control<Plain[]>("GET", "/_emulator/resources");
  return {
    timeline: tellTimeline(events, listNodeRolls(life, id), listBrokenWork(life, id), start),
    end: await readEndState(lab.connection.azure(), id, before, after),
    events,
  };
}
