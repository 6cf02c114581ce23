import { describe, expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS, parseDuration } from "../../src/engine/clock.ts";
import { History } from "../../src/engine/history.ts";
import { describeEnd } from "./crash.ts";
import { daysWork } from "./days-work.ts";
import { behave, doDeed } from "./deeds.ts";
import { repair } from "./operators.ts";
import { Disk, type Hooks, runProcess } from "./process.ts";
import { Random } from "./random.ts";
import { Site } from "./site.ts";
import { caseOf, kinds, runUntilDone } from "./until-done.ts";

/** What the simulation found once and is to find no more: each in the shortest form that shows it. */
describe("what the simulation found", () => {
  test("a plan to replace the kubelet identity rolls the nodes where Azure does not, as approved", async () => {
    const site = await Site.open(caseOf("one kubelet identity to another"), {
      behaviour: { kubeletIdentityUpdateReimagesNodes: false, newerNodeImage: true },
    });
    expect(kinds((await runUntilDone(site)).ended)).toEqual(["done"]);
  });

  test("a plan made while there is no newer node image contains the upgrades, and runs once there is one", async () => {
    const site = await Site.open(caseOf("nodes of a half-migrated cluster"), { behaviour: { newerNodeImage: false } });
    const disk = new Disk();
    const first = await runProcess(site, disk, { point() {} });
    await site.ask("PATCH", "/_emulator/behaviour", { newerNodeImage: true });
    expect(kinds([first, await runProcess(site, disk, { point() {} })])).toEqual(["paused", "done"]);
  });

  test("an identity that is deleted while its roles are waited for is made again, with its roles", async () => {
    const site = await Site.open(caseOf("service principal to own identities, in one update"));
    const { controlPlane } = site.subjects[0]!.identities;
    let isGone = false;
    const { ended, disk } = await runUntilDone(site, {
      point() {},
      async carry(request) {
        const isWaiting = site.clock.now().getTime() >= Date.parse("2026-11-22T09:00:00Z");
        if (isWaiting && !isGone) isGone = (await site.ask("DELETE", controlPlane!.id)).status === 200;
        return site.emulator.handle(request);
      },
    });
    expect(kinds(ended).at(-1)).toBe("done");
    const made = disk.events.filter((event) => event.type === "change:bound" && event.key === "identity:control-plane");
    expect(made).toHaveLength(2);
    expect((await site.makePlan()).clusters[0]!.path).toBe("none");
  });

  test("a right that Azure still misses is waited for: the update is not sent without the kubelet identity", async () => {
    const site = await Site.open(caseOf("service principal to own identities, in one update"), {
      behaviour: { rolePropagation: "63m" },
    });
    const { ended, disk } = await runUntilDone(site);
    expect(kinds(ended)).toEqual(["done"]);
    const retried = disk.events.flatMap((event) => (event.type === "request:retried" ? [event.delayMs] : []));
    expect(retried).toEqual([parseDuration("5m")]);
  });

  test("a role that goes while it is waited for is assigned again, and the wait counts anew", async () => {
    const site = await Site.open(caseOf("service principal to own identities, in one update"));
    let made: string | undefined;
    let removed = false;
    const waits: string[] = [];
    const { ended, disk } = await runUntilDone(site, {
      point() {},
      onEvent(event) {
        if (event.type === "change:bound" && event.key.startsWith("role:")) made = event.resourceId;
        if (event.type === "step:waiting" && event.step === "await-role-propagation") waits.push(event.until!);
      },
      async carry(request) {
        if (waits.length === 1 && made && !removed) removed = (await site.ask("DELETE", made)).status === 200;
        return site.emulator.handle(request);
      },
    });
    expect(kinds(ended)).toEqual(["done"]);
    expect(waits).toEqual(["2026-11-22T09:00:00.000Z", "2026-11-22T10:00:00.000Z"]);
    expect(disk.events).toContainEqual(expect.objectContaining({ type: "change:started", again: true }));
  });

  test("a role that goes at the very moment of the switch is seen: what was read a moment ago does not count", async () => {
    const site = await Site.open(caseOf("service principal to own identities, in one update"));
    let made: string | undefined;
    let isOver = false;
    const { ended, disk } = await runUntilDone(site, {
      point() {},
      onEvent(event) {
        if (event.type === "change:bound" && event.key.startsWith("role:")) made ??= event.resourceId;
        if (event.type === "step:done" && event.step === "await-role-propagation") isOver = true;
      },
      async carry(request) {
        if (isOver && made) {
          await site.ask("DELETE", made);
          made = "";
        }
        return site.emulator.handle(request);
      },
    });
    expect(kinds(ended)).toEqual(["done"]);
    const started = disk.events.flatMap((event) =>
      event.type === "change:started" ? [event.again ?? event.risk] : [],
    );
    expect(started.indexOf(true)).toBeLessThan(started.indexOf("irreversible"));
  });

  test("a pool that someone else upgrades is not upgraded again afterwards", async () => {
    const site = await Site.open(caseOf("nodes of a half-migrated cluster"));
    const upgrade = `${site.clusterId}/agentPools/apps/upgradeNodeImageVersion`;
    let isStarted = false;
    const { ended } = await runUntilDone(site, {
      point() {},
      async carry(request) {
        if (request.method === "POST" && !isStarted) isStarted = (await site.ask("POST", upgrade)).status === 202;
        return site.emulator.handle(request);
      },
    });
    expect([isStarted, kinds(ended)]).toEqual([true, ["done"]]);
    const served = await site.read<{ path: string; status: number }[]>("/_emulator/requests");
    expect(served.filter(({ path }) => path === upgrade).map(({ status }) => status)).toEqual([202, 409]);
  });

  test.each([
    "accepted",
    "notModified",
  ] as const)("an upgrade that found no newer image any more is sent again once there is one: %s", async (upToDateImageUpgrade) => {
    const site = await Site.open(caseOf("nodes of a half-migrated cluster"), { behaviour: { upToDateImageUpgrade } });
    const behave = (newerNodeImage: boolean) => site.ask("PATCH", "/_emulator/behaviour", { newerNodeImage });
    let isWithdrawn = false;
    const { ended } = await runUntilDone(site, {
      point() {},
      async carry(request) {
        if (request.method !== "POST" || isWithdrawn) return site.emulator.handle(request);
        isWithdrawn = true;
        await behave(false);
        const response = await site.emulator.handle(request);
        await behave(true);
        return response;
      },
    });
    expect(kinds(ended)).toEqual([expect.stringContaining("there was no newer node image at that moment"), "done"]);
  });

  test("a role that is gone before its step has seen it is assigned again by the next resume", async () => {
    const site = await Site.open(caseOf("service principal to own identities, in one update"));
    let removed = false;
    const { ended } = await runUntilDone(site, {
      point() {},
      async carry(request) {
        const response = await site.emulator.handle(request);
        const path = new URL(request.url).pathname;
        if (!removed && request.method === "PUT" && path.includes("/roleAssignments/")) {
          removed = (await site.ask("DELETE", decodeURIComponent(path))).status === 200;
        }
        return response;
      },
    });
    expect(kinds(ended)).toEqual([expect.stringContaining("does not show it after 10 minutes"), "done"]);
  });

  test("an answer that breaks off is asked for again", async () => {
    const site = await Site.open(caseOf("one own identity to another"));
    const torn = new Set<string>();
    const { ended } = await runUntilDone(site, {
      point() {},
      async carry(request) {
        const response = await site.emulator.handle(request);
        const what = `${request.method} ${new URL(request.url).pathname}`;
        if (torn.has(what) || response.body.length < 3 || response.status >= 400) return response;
        torn.add(what);
        return { ...response, body: response.body.slice(0, -2) };
      },
    });
    expect(torn.size).toBeGreaterThan(5);
    expect(kinds(ended)).toEqual(["done"]);
  });

  test("a wait for the same reason goes on over resumes, and ends with whatever is new", () => {
    const at = (hour: number) => `2026-11-22T0${hour}:00:00.000Z`;
    const step = "upgrade-node-images" as const;
    const waiting = { type: "step:waiting", reason: "Azure is at it.", step } as const;
    const resumed = { type: "run:started", planHash: "", tool: "", resumed: true } as const;
    const since = (...events: NonNullable<ConstructorParameters<typeof History>[0]>[number][]) =>
      new History(events).waitingSince(step, waiting.reason);
    const twice = [
      { ...waiting, at: at(1) },
      { ...resumed, at: at(2) },
      { ...waiting, at: at(3) },
    ];
    const progress = {
      type: "node:progress",
      pool: "a",
      reimaged: 1,
      nodes: 2,
      names: ["a"],
      step,
      at: at(4),
    } as const;
    const paused = { type: "run:paused", reason: "", step, at: at(4) } as const;
    expect(since(...twice)).toEqual(new Date(at(1)));
    expect(since(...twice, progress)).toEqual(new Date(at(4)));
    expect(since(...twice, paused, { ...waiting, at: at(5) })).toEqual(new Date(at(5)));
    expect(since(...twice, { ...waiting, reason: "Something else.", at: at(5) })).toBeUndefined();
  });

  test("nodes that somebody rolls while the switch waits for its turn do not count as rolled by it", async () => {
    const site = await Site.open(caseOf("service principal to an own identity and the kubelet identity AKS makes"), {
      behaviour: { latestModelApplied: true, nodeImageUpgradePerNode: "2m" },
    });
    const roll = `${site.clusterId}/agentPools/apps/upgradeNodeImageVersion`;
    let isRolled = false;
    const disk = new Disk();
    const hooks: Hooks = {
      point() {},
      async carry(request) {
        const isSwitch = request.method === "PUT" && new URL(request.url).pathname === site.clusterId;
        if (isSwitch && !isRolled) isRolled = (await site.ask("POST", roll)).status === 202;
        return site.emulator.handle(request);
      },
    };
    const first = await runProcess(site, disk, hooks);
    await behave(site, { newerNodeImage: true });
    expect(kinds([first, await runProcess(site, disk, hooks)])).toEqual(["paused", "done"]);
    const wrong = await daysWork(site.subjects[0]!, undefined);
    expect([isRolled, wrong]).toEqual([true, []]);
  });

  describe("the dates of a switch that had to be sent twice", () => {
    const at = (minute: number) => `2026-11-22T08:0${minute}:00.000Z`;
    const started = (minute: number) =>
      ({ type: "change:started", key: "switch:x", summary: "", risk: "irreversible", at: at(minute) }) as const;
    const accepted = (minute: number) =>
      ({ type: "operation:started", key: "switch:x", operation: "o", acceptedAt: at(minute), at: at(minute) }) as const;
    const failed = { type: "change:failed", key: "switch:x", code: "", message: "", at: at(3) } as const;
    const dates = (...events: ConstructorParameters<typeof History>[0][]) => {
      const history = new History(events.flat().filter((event) => event !== undefined));
      return [history.earliestEffectOf("switch:x"), history.lastStartedAt("switch:x")];
    };

    test("the token wait counts from the second time; the nodes too, where the first had no effect", () => {
      const events = [started(0), accepted(2), failed, started(4), accepted(5)];
      expect(dates(events)).toEqual([new Date(at(5)), new Date(at(4))]);
    });

    test("the nodes count from the first time where that had got as far as the cluster", () => {
      const events = [started(0), accepted(2), failed, started(4), { ...accepted(5), takesUp: true as const }];
      expect(dates(events)).toEqual([new Date(at(2)), new Date(at(4))]);
    });

    test("a node that was rolled while Azure refused it does not count as rolled by it, though no answer came", () => {
      expect(dates([started(0), started(4)])).toEqual([new Date(at(4)), new Date(at(4))]);
    });
  });

  test("nodes that somebody rolls while the switch is on its way do not count as rolled by it", async () => {
    const site = await Site.open(caseOf("service principal to own identities, in one update"), {
      behaviour: {
        latestModelApplied: true,
        nodeImageUpgradePerNode: "2m",
        combinedIdentityUpdate: "appliesWithoutRoll",
      },
    });
    let isRolled = false;
    const { ended, disk } = await runUntilDone(site, {
      point() {},
      async carry(request) {
        const isSwitch = request.method === "PUT" && new URL(request.url).pathname === site.clusterId;
        if (isSwitch && !isRolled) {
          isRolled =
            (await site.ask("POST", `${site.clusterId}/agentPools/apps/upgradeNodeImageVersion`)).status === 202;
          site.clock.advance(15 * MINUTE_MS);
          await behave(site, { newerNodeImage: true });
        }
        return site.emulator.handle(request);
      },
    });
    expect(kinds(ended).at(-1)).toBe("done");
    const rolls = disk.events.filter((event) => event.type === "change:applied" && event.key === "roll:apps");
    expect([isRolled, rolls.length, await daysWork(site.subjects[0]!, undefined)]).toEqual([true, 1, []]);
  });

  test("what failed and was brought to its end by somebody is written down as done", async () => {
    const site = await Site.open(caseOf("service principal to own identities, in one update"));
    const subject = site.subjects[0]!;
    await doDeed("blockEviction", subject, new Random(1));
    const disk = new Disk();
    expect(describeEnd(await runProcess(site, disk, { point() {} }))).toContain("Drain node");
    const key = `switch:${site.clusterId}`;
    expect(disk.events).toContainEqual(expect.objectContaining({ type: "change:failed", key }));
    await doDeed("allowEviction", subject, new Random(1));
    await repair(site, false, () => {});
    site.clock.advance(HOUR_MS);
    expect(kinds([await runProcess(site, disk, { point() {} })])).toEqual(["done"]);
    const told = disk.events.flatMap((event) => ("key" in event && event.key === key ? [event.type] : []));
    expect(told.slice(-2)).toEqual(["change:failed", "change:applied"]);
  });
});
