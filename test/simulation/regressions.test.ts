import { describe, expect, test } from "vitest";
import { parseDuration } from "../../src/engine/clock.ts";
import { History } from "../../src/engine/history.ts";
import { CASES, type MigrationCase } from "./cases.ts";
import { describeEnd } from "./crash.ts";
import { Disk, type Ended, type Hooks, runProcess } from "./process.ts";
import { Site } from "./site.ts";

/** What the simulation found once and is to find no more: each in the shortest form that shows it. */
function caseOf(name: string): MigrationCase {
  return CASES.find((migration) => migration.name === name)!;
}

/** Runs until it is done, with someone meddling on the way. */
async function runUntilDone(
  site: Site,
  hooks: Hooks = { point() {} },
  starts = 5,
): Promise<{ ended: Ended[]; disk: Disk }> {
  const disk = new Disk();
  const ended: Ended[] = [];
  while (ended.length < starts && ended.at(-1)?.kind !== "done") ended.push(await runProcess(site, disk, hooks));
  return { ended, disk };
}

const kinds = (ended: readonly Ended[]) =>
  ended.map((end) => (end.kind === "failed" ? describeEnd(end).split("\n")[0] : end.kind));

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

  test("a switch that someone aborts is sent again by the next resume, also when its operation is forgotten", async () => {
    const site = await Site.open(caseOf("service principal to own identities, in one update"));
    let aborted = false;
    const { ended } = await runUntilDone(site, {
      point() {},
      async carry(request) {
        const path = new URL(request.url).pathname;
        if (path.includes("/operations/")) return { status: 404, headers: {}, body: '{"error":{"code":"NotFound"}}' };
        const response = await site.emulator.handle(request);
        if (request.method === "PUT" && path === site.clusterId && !aborted) {
          aborted = (await site.ask("POST", `${site.clusterId}/abort`)).status === 202;
        }
        return response;
      },
    });
    expect(kinds(ended)).toEqual([
      expect.stringContaining("The update that switches the cluster failed: the cluster is Canceled"),
      "done",
    ]);
  });

  test("a switch that was stopped half way and covered up by another update is found out and sent again", async () => {
    const site = await Site.open(caseOf("service principal to own identities, in one update"));
    let isStopped = false;
    const { ended } = await runUntilDone(site, {
      point() {},
      async carry(request) {
        const response = await site.emulator.handle(request);
        if (isStopped || request.method !== "PUT" || new URL(request.url).pathname !== site.clusterId) return response;
        isStopped = (await site.ask("POST", `${site.clusterId}/abort`)).status === 202;
        site.clock.advance(60_000);
        await site.ask("PATCH", site.clusterId, { tags: { covered: "up" } });
        return { ...response, headers: {} };
      },
    });
    expect(kinds(ended)).toEqual([expect.stringContaining("not as it was to be"), "done"]);
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

  test("an upgrade that found no newer image any more is sent again once there is one", async () => {
    const site = await Site.open(caseOf("nodes of a half-migrated cluster"));
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

  test("the token wait of a switch that had to be sent twice counts from the second time", () => {
    const at = (minute: number) => `2026-11-22T08:0${minute}:00.000Z`;
    const started = { type: "change:started", key: "switch:x", summary: "", risk: "irreversible" } as const;
    const failed = { type: "change:failed", key: "switch:x", code: "", message: "" } as const;
    const history = new History([
      { ...started, at: at(0) },
      { ...failed, at: at(1) },
      { ...started, at: at(2) },
    ]);
    expect([history.startedAt("switch:x"), history.lastStartedAt("switch:x")]).toEqual([
      new Date(at(0)),
      new Date(at(2)),
    ]);
  });
});
