import { expect, test } from "vitest";
import { HOUR_MS } from "../../src/engine/clock.ts";
import type { Event } from "../../src/engine/events.ts";
import { CLUSTERS_AT_ONCE } from "../../src/plan/pace.ts";
import type { MigrationPlan } from "../../src/plan/schema.ts";
import { estimate } from "../../src/report/durations.ts";
import { Crash, Disk, type Hooks, runClusters } from "../simulation/process.ts";
import { Site } from "../simulation/site.ts";

interface Cluster {
  readonly id: string;
  readonly type: string;
  readonly properties: { readonly servicePrincipalProfile: { readonly clientId: string } };
}

/** Some clusters of a fleet that are on service principals, ready to be migrated. */
async function fleetOf(count: number): Promise<Site> {
  // The plan comes once it is known which clusters it is for: one for all of them would take as long as the test.
  const plan = {} as MigrationPlan;
  const site = await Site.open({ name: "many clusters", clusters: count + 6, subscriptions: 1 }, { plan });
  const resources = await site.read<Cluster[]>("/_emulator/resources");
  const ids = resources
    .filter(({ type }) => /managedClusters$/i.test(type))
    .filter(({ properties }) => properties.servicePrincipalProfile.clientId !== "msi")
    .map(({ id }) => id);
  site.plan = await site.makePlan(site.emulator, ids.slice(0, count));
  expect(site.plan.clusters.map(({ path }) => path)).toEqual(
    Array.from({ length: count }, () => "service-principal-to-user-assigned"),
  );
  return site;
}

const nothing: Hooks = { point() {} };

/** From when to when something was done for a cluster, by its journal: an announced wait ends it, whatever comes next begins it. */
function workOf(events: readonly Event[]): { from: number; to: number }[] {
  const work: { from: number; to: number }[] = [];
  let from: number | undefined;
  for (const event of events) {
    const at = Date.parse(event.at);
    const isIdle = event.type === "step:waiting" && (event.until !== undefined || event.queued);
    if (!isIdle && !/^run:(done|paused)$/.test(event.type)) from ??= at;
    else if (from !== undefined) {
      work.push({ from, to: at });
      from = undefined;
    }
  }
  return work;
}

/** The most clusters that were worked on in any moment. */
function mostAtOnce(disks: readonly Disk[]): number {
  const work = disks.flatMap(({ events }) => workOf(events)).filter(({ from, to }) => to > from);
  return Math.max(...work.map(({ from }) => work.filter((other) => other.from <= from && from < other.to).length));
}

test("twelve clusters take little longer than one: who waits gives its place to another, in the order of asking", async () => {
  const site = await fleetOf(12);
  const disks = site.plan.clusters.map(() => new Disk());
  const begin = site.clock.now().getTime();
  const queued: (string | undefined)[] = [];
  const switched: (string | undefined)[] = [];
  const ended = await runClusters(site, disks, {
    point() {},
    onEvent(event) {
      if (event.type === "step:waiting" && event.queued && event.step === "await-role-propagation")
        queued.push(event.cluster);
      if (event.type === "change:started" && event.key.startsWith("switch:")) switched.push(event.cluster);
    },
  });

  expect(ended).toEqual(disks.map(() => ({ kind: "done", changed: true })));
  const tookMs = site.clock.now().getTime() - begin;
  expect(tookMs).toBeLessThan(30 * HOUR_MS);
  expect(mostAtOnce(disks)).toBe(CLUSTERS_AT_ONCE);
  expect(queued).toHaveLength(12 - CLUSTERS_AT_ONCE);
  expect(switched.slice(CLUSTERS_AT_ONCE)).toEqual(queued);
  const { total } = estimate(site.plan);
  expect(tookMs).toBeGreaterThan(total.minMs - HOUR_MS);
  expect(tookMs).toBeLessThan(total.maxMs);
  // All were prepared while the first waited, and nothing was asked of Azure from then on until the wait was over.
  const served = await site.read<{ at: string }[]>("/_emulator/requests");
  const asked = served.map(({ at }) => Date.parse(at)).filter((at) => at > begin);
  expect(Math.min(...asked) - begin).toBeGreaterThanOrEqual(HOUR_MS);
});

test("a run of many clusters that is killed goes on where each of them was, and works on no more than so many", async () => {
  const site = await fleetOf(7);
  const disks = site.plan.clusters.map(() => new Disk());
  const begin = site.clock.now().getTime();
  let dead = false;
  // Who sleeps when the process dies is not woken to be told: in this one it ends when it would have gone on.
  await new Promise<void>((died) => {
    void runClusters(site, disks, {
      point(what) {
        // Azure has just accepted the sixth switch: one cluster waits for a day, others are drained, one queues for a place.
        dead ||= what === "before journal operation:started" && disks.filter(isAccepted).length === CLUSTERS_AT_ONCE;
        if (!dead) return;
        died();
        throw new Crash();
      },
    });
  });
  expect(disks.filter(isAccepted)).toHaveLength(CLUSTERS_AT_ONCE);
  expect(disks.some(({ events }) => events.some((event) => event.type === "step:waiting" && event.queued))).toBe(true);
  const ended = await runClusters(site, disks, nothing);

  expect(ended).toEqual(disks.map(() => ({ kind: "done", changed: true })));
  expect(site.clock.now().getTime() - begin).toBeLessThan(28 * HOUR_MS);
  expect(mostAtOnce(disks)).toBe(CLUSTERS_AT_ONCE);
  const served = await site.read<{ method: string; path: string; status: number }[]>("/_emulator/requests");
  const switches = served.filter(
    ({ method, path, status }) => method === "PUT" && /\/managedClusters\/[^/]+$/i.test(path) && status < 300,
  );
  expect(switches.map(({ path }) => path.toLowerCase()).sort()).toEqual(
    site.plan.clusters.map(({ id }) => id.toLowerCase()).sort(),
  );
});

function isAccepted({ events }: Disk): boolean {
  return events.some(({ type }) => type === "operation:started");
}
