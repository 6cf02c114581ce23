import { HOUR_MS, MINUTE_MS } from "../engine/clock.ts";
import { durationMs } from "./behaviour.ts";
import { type Cluster, nodesOf } from "./cluster.ts";
import { logComponentWrites } from "./component-writes.ts";
import type { ClusterEvent } from "./events.ts";
import { keyOf } from "./ids.ts";
import { textAt } from "./json.ts";
import { Recurrence } from "./recurrence.ts";
import { actingPrincipal, roundOf, routeTablesOf } from "./round.ts";
import { Work } from "./work.ts";
import type { World } from "./world.ts";

/** How often a cluster pulls images, attaches a disk and reconciles its load balancer; a modelling decision. */
const ROUND_MS = 5 * MINUTE_MS;

/** Starts the daily work of a cluster: clusters begin at different moments, as they do on Azure. */
export function startWork(world: World, cluster: Cluster): void {
  const firstMs = world.nowMs + 1 + world.ids.numberOf(`work of ${keyOf(cluster.id)}`, ROUND_MS);
  const work: Work = new Work(world.timeline, firstMs, ROUND_MS, () => look(world, cluster, work));
  cluster.work = work;
}

/** Goes through one round: unless it comes out like the last one, another routine begins with it. */
function look(world: World, cluster: Cluster, work: Work): void {
  const events = isRunning(cluster) ? roundOf(world, cluster) : [];
  const outcome = JSON.stringify(events);
  if (work.routine?.outcome !== outcome) {
    const isHourNoted = work.routine !== undefined && hourOf(world.nowMs - ROUND_MS) === hourOf(world.nowMs);
    work.endRoutine();
    if (events.length > 0) beginRoutine(world, cluster, work, { events, outcome, isHourNoted });
  }
  const principals = [actingPrincipal(world, cluster), ...nodesOf(cluster).map(({ node }) => node.principalId)];
  work.actors = new Set(principals.map((id) => id.toLowerCase()));
  const nextMs = nextChange(world, cluster, work.actors);
  if (nextMs !== undefined) work.lookFrom(nextMs);
}

function isRunning(cluster: Cluster): boolean {
  return (textAt(cluster.resource, "properties", "powerState", "code") ?? "Running").toLowerCase() === "running";
}

function hourOf(ms: number): number {
  return Math.floor(ms / HOUR_MS);
}

/** @param round what is done, and whether a round of this hour is in the activity log already */
function beginRoutine(
  world: World,
  cluster: Cluster,
  work: Work,
  round: { events: readonly ClusterEvent[]; outcome: string; isHourNoted: boolean },
): void {
  const { events, outcome, isHourNoted } = round;
  const rounds = new Recurrence(world.nowMs, ROUND_MS);
  world.events.addRecurring(rounds, events);
  const routeTables = routeTablesOf(world, cluster);
  const writes = logComponentWrites(world, cluster, events, rounds, isHourNoted, routeTables);
  work.routine = { outcome, rounds, writes };
}

/** When time alone may change what comes of a round: a role comes into force, a credential ends, tokens are over. */
function nextChange(world: World, cluster: Cluster, actors: ReadonlySet<string>): number | undefined {
  const now = world.nowMs;
  const switchoverMs = durationMs(world.behaviour, "tokenSwitchover");
  const moments = [
    ...[...actors].flatMap((id) => [world.rights.changesAt(id, now), world.principals.endsAt(id)]),
    ...cluster.controlPlane.map(({ sinceMs }) => sinceMs + switchoverMs),
  ].filter((ms) => ms !== undefined && ms > now);
  return moments.length === 0 ? undefined : Math.min(...(moments as number[]));
}
