import { afterEach, describe, expect, test } from "vitest";
import { DAY_MS, HOUR_MS } from "../../src/engine/clock.ts";
import type { WireRequest } from "../../src/engine/wire.ts";
import { CASES } from "../simulation/cases.ts";
import { Disk, runProcess } from "../simulation/process.ts";
import { Site } from "../simulation/site.ts";
import { DEMO_CLUSTER } from "../support/cli.ts";
import { InProcessCommandLine } from "../support/in-process.ts";
import { sentTwice } from "../support/repeated.ts";

const zone = process.env["TZ"];
afterEach(() => {
  if (zone === undefined) delete process.env["TZ"];
  else process.env["TZ"] = zone;
});

/** Half an hour before clocks go forward, and before they go back, in Berlin. */
const CHANGES = ["2027-03-28T00:30:00Z", "2027-10-31T00:30:00Z"];

const MIGRATION = CASES.find(({ name }) => name === "service principal to own identities, in one update")!;

describe("a migration over the night in which the clocks change", () => {
  test.each(CHANGES)("waits as long as it would otherwise: %s", async (start) => {
    process.env["TZ"] = "Europe/Berlin";
    const before = new Date(start);
    const hours = new Set([before, new Date(before.getTime() + DAY_MS)].map((date) => date.getTimezoneOffset()));
    expect(hours.size, "the zone's clock does change").toBe(2);

    const site = await Site.open(MIGRATION, { builtAt: new Date(before.getTime() - 10 * DAY_MS) });
    site.clock.advance(before.getTime() - site.clock.now().getTime());
    const disk = new Disk();
    expect((await runProcess(site, disk, { point() {} })).kind).toBe("done");
    const at = (type: string, step: string) =>
      Date.parse(disk.events.find((event) => event.type === type && event.step === step)!.at);
    const waited = (step: string) => at("step:done", step) - at("step:started", step);
    expect(waited("await-role-propagation") / HOUR_MS).toBeCloseTo(1, 1);
    const switched = Date.parse(
      disk.events.find(({ type, step }) => type === "change:started" && step === "enable-managed-identity")!.at,
    );
    expect((at("step:done", "await-token-switchover") - switched) / HOUR_MS).toBeCloseTo(24, 0);
    expect(at("step:done", "await-token-switchover") - switched).toBeGreaterThanOrEqual(DAY_MS);
    for (const event of disk.events) expect(event.at).toMatch(/Z$/);
  });
});

describe("a time that the user names", () => {
  test("has its zone: without one it would be another on another machine, and two in autumn", async () => {
    const line = await InProcessCommandLine.open();
    const plan = await line.makePlan();
    for (const time of ["2027-10-31T02:30:00", "2027-10-31", "tomorrow", "2027-02-30T02:30:00Z"]) {
      const refused = await line.run("apply", "--plan", plan, "--yes", "--not-before", time);
      expect(refused.code, time).toBe(2);
      expect(refused.stderr).toContain("not a time with its zone");
    }
    const start = line.lab.clock.now().getTime();
    const done = await line.run(
      "apply",
      "--plan",
      plan,
      "--yes",
      "--until",
      "create-identities",
      "--not-before",
      "2026-11-23T01:00:00+02:00",
    );
    expect(done.code, done.stderr).toBe(8);
    expect(line.lab.clock.now().getTime() - start).toBe(Date.parse("2026-11-22T23:00:00Z") - start);
  });
});

describe("--max-duration", () => {
  test("pauses each time with exit 8, never past its end, until the migration is done", async () => {
    const line = await InProcessCommandLine.open();
    const plan = await line.makePlan("--token-switchover", "3h");
    let code = (await line.run("apply", "--plan", plan, "--yes", "--max-duration", "20m")).code;
    let boxes = 1;
    for (; code === 8 && boxes < 200; boxes++) {
      line.lab.clock.advance(HOUR_MS);
      const start = line.lab.clock.now().getTime();
      const ended = await line.run("resume", "--max-duration", "20m");
      expect(line.lab.clock.now().getTime() - start, ended.stderr).toBeLessThanOrEqual(20 * 60_000);
      code = ended.code;
    }
    expect(code).toBe(0);
    expect(boxes).toBeGreaterThan(3);
    expect(sentTwice(await line.lab.writes())).toEqual([]);
  });

  test("does not wait longer for someone else's operation on the cluster", async () => {
    const line = await InProcessCommandLine.open();
    const plan = await line.makePlan();
    await line.run("apply", "--plan", plan, "--yes", "--until", "enable-managed-identity");
    // Someone upgrades a pool in the very moment in which the switch is sent.
    const { handle } = line.lab.emulator;
    let isBusy = false;
    Object.assign(line.lab.emulator, {
      handle: async (request: WireRequest) => {
        const isSwitch = request.method === "PUT" && /managedClusters\/payments-prod\?/.test(request.url);
        if (isSwitch && !isBusy) {
          isBusy = true;
          const url = `https://management.azure.com${DEMO_CLUSTER}/agentPools/system/upgradeNodeImageVersion?api-version=2026-04-01`;
          expect((await handle({ ...request, method: "POST", url, body: "" })).status).toBe(202);
        }
        return handle(request);
      },
    });
    const start = line.lab.clock.now().getTime();
    expect((await line.run("resume", "--max-duration", "5m")).code).toBe(8);
    expect(isBusy).toBe(true);
    expect(line.lab.clock.now().getTime() - start).toBeLessThanOrEqual(5 * 60_000);
  });

  test.each([
    ["the first read of the run", "managedClusters/payments-prod"],
    ["a step's own read", "userAssignedIdentities/"],
  ])("does not wait until Azure may be asked again after its end: %s", async (_, path) => {
    const line = await InProcessCommandLine.open();
    const plan = await line.makePlan();
    await line.lab.control("POST", "/_emulator/faults", {
      match: { method: "GET", pathPattern: path },
      fault: { status: 429, code: "TooManyRequests", retryAfter: 600 },
      times: 3,
    });
    const start = line.lab.clock.now().getTime();
    const paused = await line.run("apply", "--plan", plan, "--yes", "--max-duration", "5m");
    expect([paused.code, line.lab.clock.now().getTime() - start]).toEqual([8, 0]);
    expect(paused.stdout + paused.stderr).toContain("The time box is over before it may be sent again.");
    expect((await line.run("apply", "--plan", plan, "--yes")).code).toBe(0);
  });

  test("does not wait for a time that comes after its end", async () => {
    const line = await InProcessCommandLine.open();
    const plan = await line.makePlan();
    const start = line.lab.clock.now();
    const paused = await line.run(
      "apply",
      "--plan",
      plan,
      "--yes",
      "--not-before",
      "2026-11-23T08:00:00Z",
      "--max-duration",
      "50m",
    );
    expect([paused.code, line.lab.clock.now()]).toEqual([8, start]);
  });
});
