import { describe, expect, test } from "vitest";
import { SECOND_MS } from "../../src/engine/clock.ts";
import { repeated } from "../support/repeated.ts";
import { CASES, type MigrationCase } from "./cases.ts";
import { describeEnd } from "./crash.ts";
import { Disk, type Ended, type Hooks, runProcess } from "./process.ts";
import { Random } from "./random.ts";
import { Site } from "./site.ts";
import { isClusterWrite } from "./weather.ts";

/** How often either machine may be started again before it counts as one that never ends. */
const MOST_STARTS = 12;

/** How far apart the two may be: every request takes up to this long. */
const SLOWEST_MS = 40 * SECOND_MS;

/** How many seconds the first waits for the other before they write. */
const MOST_WAITS = 600;

/** Runs one machine until its run is done. Nothing but Azure tells it of the other: it has a disk and a lock of its own. */
async function work(site: Site, hooks: Hooks): Promise<Ended> {
  const disk = new Disk();
  for (let starts = 1; ; starts++) {
    const ended = await runProcess(site, disk, hooks);
    if (ended.kind === "done" || starts === MOST_STARTS) return ended;
    await site.clock.sleep(ended.kind === "paused" && ended.retryAt ? untilThen(site, ended.retryAt) : 60 * SECOND_MS);
  }
}

function untilThen(site: Site, moment: Date): number {
  return Math.max(1, moment.getTime() - site.clock.now().getTime());
}

/** The cluster's updates and image upgrades that Azure has accepted, in their order. */
async function acceptedBy(site: Site): Promise<string[]> {
  const served = await site.read<{ method: string; path: string; status: number }[]>("/_emulator/requests");
  const isOperation = ({ method, path }: (typeof served)[number]) =>
    isClusterWrite({ method, url: `https://management.azure.com${path}?`, headers: {} });
  return served
    .filter((request) => request.status < 300 && isOperation(request))
    .map(({ method, path }) => `${method} ${path}`);
}

/** Both machines apply the plan at the same moment. @param meets true: the first to write waits until the other is as far */
async function applyTwice(migration: MigrationCase, seed: number, meets: boolean) {
  const site = await Site.open(migration);
  const random = new Random(seed);
  let arrived = meets ? 0 : 2;
  let refused = 0;
  const hooks: Hooks = {
    point() {},
    async carry(request) {
      await site.clock.sleep(Math.ceil(random.between(0, SLOWEST_MS)) + 1);
      const isWrite = isClusterWrite(request);
      if (isWrite && arrived < 2) arrived += 1;
      for (let waits = 0; isWrite && arrived < 2 && waits < MOST_WAITS; waits++) await site.clock.sleep(SECOND_MS);
      const response = await site.emulator.handle(request);
      if (isWrite && (response.status === 409 || response.status === 412)) refused += 1;
      return response;
    },
  };
  const ends = await Promise.all([work(site, hooks), work(site, hooks)]);
  const events = await site.read<{ kind: string; node?: string }[]>("/_emulator/events");
  const drained = events.filter(({ kind }) => kind === "nodeDrained").map(({ node }) => node);
  return { site, ends: ends.map(describeEnd), drained, refused };
}

describe("two machines that apply the same plan at the same moment, with no lock between them", () => {
  test.each(CASES)("do together what one would have done, and no more: $name", async (migration) => {
    const alone = await Site.open(migration);
    expect((await runProcess(alone, new Disk(), { point() {} })).kind).toBe("done");
    for (const meets of [true, false]) {
      const { site, ends, drained, refused } = await applyTwice(migration, CASES.indexOf(migration), meets);
      expect(ends).toEqual(["done", "done"]);
      expect(await acceptedBy(site)).toEqual(await acceptedBy(alone));
      expect(repeated(drained)).toEqual([]);
      expect((await site.makePlan()).clusters[0]!.path).toBe("none");
      if (meets) expect(refused, "Azure stops the second").toBeGreaterThan(0);
    }
  });
});
