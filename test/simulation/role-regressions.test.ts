import { describe, expect, test } from "vitest";
import { MINUTE_MS } from "../../src/engine/clock.ts";
import { ConnectionDropped } from "../../src/engine/wire.ts";
import { describeEnd } from "./crash.ts";
import { doDeed } from "./deeds.ts";
import { heldSince, neededRights } from "./needs.ts";
import { Disk, type Hooks, runProcess } from "./process.ts";
import { Random } from "./random.ts";
import { Site } from "./site.ts";
import { caseOf, kinds, runUntilDone } from "./until-done.ts";
import { isClusterWrite } from "./weather.ts";

/** What the simulation found about roles and identities, each in the shortest form that shows it. */
describe("what the simulation found about roles", () => {
  test.each([
    [0, "at once"],
    [3, "after a quarter of an hour of throttling"],
  ])("a right that somebody else gave a moment ago is the journal's under its own id, once Azure lists it: %i times 429, %s", async (throttled) => {
    const site = await Site.open(caseOf("one own identity to another"));
    let givenAt: number | undefined;
    let refusals = throttled;
    const { ended, disk } = await runUntilDone(site, {
      point() {},
      async carry(request) {
        const isRole = request.method === "PUT" && request.url.includes("/roleAssignments/");
        if (isRole && refusals-- > 0) return { status: 429, headers: { "retry-after": "300" }, body: "" };
        if (isRole && givenAt === undefined && (await doDeed("assignRole", site.subjects[0]!, new Random(1), request)))
          givenAt = site.clock.now().getTime();
        const response = await site.emulator.handle(request);
        const isHidden = givenAt !== undefined && site.clock.now().getTime() < givenAt + 2 * MINUTE_MS;
        return isHidden && /\/roleAssignments\?/.test(request.url) ? { ...response, body: '{"value":[]}' } : response;
      },
    });
    expect(kinds(ended)).toEqual(["done"]);
    const bound = disk.events.flatMap((event) => (event.type === "change:bound" ? [event] : []));
    expect(bound.filter(({ adopted }) => adopted)).toHaveLength(1);
    for (const { resourceId } of bound) expect((await site.ask("GET", resourceId)).status, resourceId).toBe(200);
  });

  test("what a request made whose answer was lost is not taken for somebody else's", async () => {
    const site = await Site.open(caseOf("one own identity to another"));
    const lost = new Set<string>();
    const { ended, disk } = await runUntilDone(site, {
      point() {},
      async carry(request) {
        const response = await site.emulator.handle(request);
        if (request.method !== "PUT" || response.status !== 201 || lost.has(request.url)) return response;
        lost.add(request.url);
        throw new ConnectionDropped("reset after the service acted");
      },
    });
    expect([lost.size > 1, kinds(ended)]).toEqual([true, ["done"]]);
    const adopted = disk.events.flatMap((event) => (event.type === "change:bound" ? [event.adopted] : []));
    expect(adopted).toEqual([...lost].map(() => false));
  });

  test.each([
    ["service principal to own identities, nodes upgraded pool by pool", "upgrade-node-images", "kubelet"],
    ["one kubelet identity to another", "verify-migration", "kubelet"],
    ["one own identity to another", "await-token-switchover", "controlPlane"],
  ] as const)("an identity in use that is deleted ends the run, and no further node is rolled: %s", async (name, step, which) => {
    const site = await Site.open(caseOf(name));
    const { id, location } = site.subjects[0]!.identities[which]!;
    let isDue = false;
    let isGone = false;
    let rolls = 0;
    const hooks: Hooks = {
      point() {},
      onEvent(event) {
        isDue ||= event.step === step;
      },
      async carry(request) {
        if (isDue && !isGone) isGone = (await site.ask("DELETE", id)).status === 200;
        if (isGone && isClusterWrite(request)) rolls++;
        return site.emulator.handle(request);
      },
    };
    const disk = new Disk();
    expect((await runProcess(site, disk, hooks)).kind).toBe("failed");
    expect(describeEnd(await runProcess(site, disk, hooks))).toContain("somebody has deleted");
    await site.ask("PUT", id, { location });
    expect(describeEnd(await runProcess(site, disk, hooks))).toContain(
      "what has that name now, or gets it, is another",
    );
    expect([isGone, rolls]).toEqual([true, 0]);
  });

  test("a role that goes after its step is given back before the run says that it is done", async () => {
    const site = await Site.open(caseOf("service principal to own identities, in one update"));
    const subject = site.subjects[0]!;
    let removed: number | undefined;
    let isLate = false;
    const { ended } = await runUntilDone(site, {
      point() {},
      onEvent(event) {
        isLate ||= event.step === "verify-migration";
      },
      async carry(request) {
        if (isLate && removed === undefined) removed = await doDeed("deleteRole", subject, new Random(1));
        return site.emulator.handle(request);
      },
    });
    expect([removed, kinds(ended)]).toEqual([200, ["done"]]);
    for (const needed of neededRights(subject)) expect(await heldSince(subject, needed), needed.scope).toBeDefined();
  });
});
