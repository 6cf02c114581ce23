import { setMaxListeners } from "node:events";
import type { Azure } from "../azure/azure.ts";
import { isAksMiError } from "../engine/errors.ts";
import type { Event } from "../engine/events.ts";
import { History } from "../engine/history.ts";
import { MemoryOperationStore } from "../engine/operations.ts";
import type { Outcome } from "../engine/run.ts";
import type { Verdict } from "../engine/step.ts";
import { CLUSTERS_AT_ONCE } from "../plan/pace.ts";
import type { MigrationPlan } from "../plan/schema.ts";
import type { BreakLock } from "../state/lock.ts";
import { lockRun } from "../state/run-locks.ts";
import type { RunDirectory } from "../state/state-directory.ts";
import { executeCluster, type RunSettings, stepsOf } from "./execute-cluster.ts";
import { fileRecords, memoryRecords, type OpenRecord } from "./records.ts";
import { WorkPlaces } from "./work-places.ts";

/** How one cluster's run ended. */
export interface ClusterResult {
  readonly clusterId: string;
  readonly outcome: Outcome | { readonly kind: "failed"; readonly error: unknown };
}

/** A run that is kept in a directory, so that it can be resumed. */
export interface ExecuteOptions extends Omit<RunSettings, "plan"> {
  readonly stateDir: string;
  readonly run: RunDirectory;
  readonly breakLock?: BreakLock | undefined;
}

/** Runs every cluster of a plan, side by side; what happens to one does not stop the others. */
export async function execute({ stateDir, run, breakLock, ...settings }: ExecuteOptions): Promise<ClusterResult[]> {
  const locks = lockRun(stateDir, run, breakLock);
  try {
    return await executeClusters({ ...settings, plan: run.plan }, fileRecords(run, locks));
  } finally {
    locks.releaseUnopened();
  }
}

/**
 * The same for a run that leaves nothing behind. Each call goes on where the last one ended, as `resume` does, with the
 * clusters of the given ids.
 * @param run the id that its events carry
 */
export function executeInMemory(
  settings: RunSettings,
  run: string,
): (clusterIds: readonly string[]) => Promise<ClusterResult[]> {
  const openRecord = memoryRecords(settings.plan, run);
  return (clusterIds) => executeClusters(settings, openRecord, clusterIds);
}

/**
 * Runs clusters of a plan side by side, wherever their records are kept; what happens to one does not stop the others. So
 * many are worked on at once, the rest queue for a place; who only has to wait leaves its own to another.
 * @throws the signal's reason when aborted
 */
export function executeClusters(
  settings: RunSettings,
  openRecord: OpenRecord,
  clusterIds: readonly string[] = settings.plan.clusters.map(({ id }) => id),
): Promise<ClusterResult[]> {
  const places = new WorkPlaces(CLUSTERS_AT_ONCE);
  // Every cluster that waits listens to it; Node takes more than ten for a leak, and says so on the screen.
  setMaxListeners(0, settings.signal);
  return Promise.all(
    clusterIds.map(async (id): Promise<ClusterResult> => {
      const index = settings.plan.clusters.findIndex((cluster) => cluster.id === id);
      const place = places.for(settings.signal);
      try {
        await place.take();
        return { clusterId: id, outcome: await executeCluster(settings, index, openRecord, place) };
      } catch (error) {
        if (settings.signal.aborted) throw settings.signal.reason;
        return { clusterId: id, outcome: { kind: "failed", error } };
      } finally {
        place.leave();
      }
    }),
  );
}

/** True when Azure shows everything that the plan wants: then there is nothing to do, and nothing is written anywhere. */
export async function isAllDone(
  azure: Azure,
  plan: MigrationPlan,
  events: readonly Event[],
  now: Date,
): Promise<boolean> {
  const signal = new AbortController().signal;
  for (const cluster of plan.clusters) {
    const history = new History(events.filter((event) => event.cluster === cluster.id));
    for (const step of stepsOf(plan, cluster, history, new MemoryOperationStore(), azure)) {
      const verdict: Verdict = step.decide(await step.detect(signal), now);
      if (verdict.kind !== "done") return false;
    }
  }
  return true;
}

/** The error among results, when there is one and they are all alike. */
export function soleError(results: readonly ClusterResult[]): unknown {
  const [first] = results;
  if (first?.outcome.kind !== "failed") return undefined;
  const { error } = first.outcome;
  const alike = results.every(({ outcome }) => outcome.kind === "failed" && codeOf(outcome.error) === codeOf(error));
  return alike ? error : undefined;
}

function codeOf(error: unknown): string {
  return isAksMiError(error) ? error.code : "DEFECT";
}
