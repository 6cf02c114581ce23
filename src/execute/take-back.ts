import type { Azure } from "../azure/azure.ts";
import { isOnManagedIdentity } from "../azure/managed-cluster.ts";
import { AksMiError } from "../engine/errors.ts";
import type { Event, StampedEvent } from "../engine/events.ts";
import { useOfIdentity } from "../migration/principals.ts";
import { parseRoleKey } from "../plan/change-keys.ts";
import type { ClusterPlan, MigrationPlan } from "../plan/schema.ts";
import { type Made, stillMade, whatRunMade } from "./made-by-run.ts";
import { pointOfNoReturn } from "./traces.ts";

/** What is taken back of one cluster's run, and where that is written down. */
export interface TakeBack {
  readonly plan: MigrationPlan;
  readonly cluster: ClusterPlan;
  /** What was shown and approved: nothing else is removed. */
  readonly shown: readonly Made[];
  /** The cluster's journal, as it is now. */
  readonly events: readonly Event[];
  /** Puts an event into that journal. */
  readonly emit: (event: StampedEvent) => void;
  /** The command with which the run goes on, for whoever is too late. */
  readonly resume: string;
}

/** @throws AksMiError `BLOCKED` where the journal tells that the cluster is being switched, or its nodes drained, or were */
export function ensureNotTooLate({ cluster, events, resume }: Pick<TakeBack, "cluster" | "events" | "resume">): void {
  const change = pointOfNoReturn(events);
  if (change?.startsWith("switch:")) throw tooLate(cluster, SWITCHED, resume);
  if (change !== undefined) throw tooLate(cluster, DRAINED, resume);
}

/**
 * Removes what a run made for a cluster, as far as it still is as it was shown, and writes each removal down.
 * @returns what was removed
 * @throws AksMiError `BLOCKED` when the cluster has been switched meanwhile, or uses what would be removed: then nothing is
 */
export async function takeBack(azure: Azure, back: TakeBack): Promise<Made[]> {
  ensureNotTooLate(back);
  const { plan, cluster, shown, events, emit, resume } = back;
  const live = await azure.clusters.get(cluster.id);
  if (live && cluster.path.startsWith("service-principal-") && isOnManagedIdentity(live))
    throw tooLate(cluster, SWITCHED, resume);
  if (live && shown.some(({ resourceId }) => useOfIdentity(live, resourceId))) throw tooLate(cluster, IN_USE, resume);
  const now = await whatRunMade(async () => azure, plan, cluster, events);
  const removed = stillMade(shown, now.made);
  for (const { key, resourceId } of removed) {
    if (parseRoleKey(key)) await azure.roles.remove(resourceId);
    else await azure.identities.remove(resourceId);
    emit({ type: "change:undone", key, resourceId });
  }
  return removed;
}

const SWITCHED = "has been switched, or is about to be, and there is no way back from managed identity";
const DRAINED = "has had its nodes drained, or is about to, and they may need what the run has made";
const IN_USE = "uses an identity that the run has made";

function tooLate({ id }: ClusterPlan, why: string, resume: string): AksMiError {
  return new AksMiError("BLOCKED", `The cluster ${id.split("/").at(-1)} ${why}.`, `Go on with \`${resume}\`.`);
}
