import { describe, expect, test } from "vitest";
import { HOUR_MS } from "../../src/engine/clock.ts";
import { CASES } from "./cases.ts";
import { describeEnd } from "./crash.ts";
import { behave } from "./deeds.ts";
import { repair } from "./operators.ts";
import { Disk, type Hooks, runProcess } from "./process.ts";
import { Site } from "./site.ts";
import { isClusterWrite } from "./weather.ts";

const USUAL = { identityUpdate: "3m", nodeImageUpgradePerNode: "5m" };
const HANGING = { identityUpdate: "400d", nodeImageUpgradePerNode: "400d" };

/** A site whose first operation hangs. */
async function openHanging(name: string): Promise<{ site: Site; hooks: Hooks; hungAt(): Date | undefined }> {
  const site = await Site.open(CASES.find((migration) => migration.name === name)!, { behaviour: USUAL });
  let hungAt: Date | undefined;
  const hooks: Hooks = {
    point() {},
    async carry(request) {
      if (hungAt || !isClusterWrite(request)) return site.emulator.handle(request);
      hungAt = site.clock.now();
      await behave(site, HANGING);
      const response = await site.emulator.handle(request);
      await behave(site, USUAL);
      return response;
    },
  };
  return { site, hooks, hungAt: () => hungAt };
}

describe.each([
  ["an update of the cluster", "service principal to own identities, in one update", /switching the cluster/],
  ["a node image upgrade", "nodes of a half-migrated cluster", /upgrading the node image/],
])("%s that never ends", (_, name, what) => {
  test("is an error when no node can be draining any more, also for a process that begins only then", async () => {
    const { site, hooks, hungAt } = await openHanging(name);
    const disk = new Disk();
    const first = describeEnd(await runProcess(site, disk, hooks));
    expect(first).toMatch(what);
    expect(first).toContain("It was to be over by");
    const hours = (site.clock.now().getTime() - hungAt()!.getTime()) / HOUR_MS;
    expect(Math.floor(hours)).toBe(26);
    const before = site.clock.now();
    expect(describeEnd(await runProcess(site, disk, hooks))).toContain("It was to be over by");
    expect(site.clock.now()).toEqual(before);
  });

  test("is begun again by a later resume, once somebody has aborted it", async () => {
    const { site, hooks } = await openHanging(name);
    const disk = new Disk();
    await runProcess(site, disk, hooks);
    await repair(site, true, () => {});
    site.clock.advance(HOUR_MS);
    const ended: string[] = [];
    while (ended.length < 3 && ended.at(-1) !== "done")
      ended.push(describeEnd(await runProcess(site, disk, hooks)).split("\n")[0]!);
    expect(ended.at(-1)).toBe("done");
    expect(ended.join()).not.toContain("It was to be over by");
  });
});
