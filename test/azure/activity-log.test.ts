import { describe, expect, test } from "vitest";
import { parseResourceId } from "../../src/azure/ids.ts";
import { DAY_MS, HOUR_MS } from "../../src/engine/clock.ts";
import { Lab } from "../support/lab.ts";

const LOG = "/eventtypes/management/values";

/** A cluster that has worked for some time, and a reader of the log of its nodes' resource group. */
async function worked(ms: number, behaviour: Record<string, unknown> = {}) {
  const lab = await Lab.open(behaviour);
  const [id] = await lab.clusterIds();
  const cluster = (await lab.connection.azure().clusters.get(id!))!;
  const group = String((cluster["properties"] as { nodeResourceGroup: string }).nodeResourceGroup);
  const began = lab.clock.now();
  lab.clock.advance(ms);
  const { subscription } = parseResourceId(id!)!;
  return { lab, began, read: (since: Date) => lab.connection.azure().activityLog.read(subscription, group, since) };
}

describe("the activity log", () => {
  test("is read in all its pages, and again where Azure asks to wait", async () => {
    const { lab, began, read } = await worked(10 * HOUR_MS);
    const whole = await read(began);
    expect(whole.activities!.length).toBeGreaterThan(10);
    expect(whole).toMatchObject({ from: began, to: lab.clock.now() });
    await lab.control("PATCH", "/_emulator/behaviour", { pageSize: 3 });
    const throttled = { status: 429, code: "TooManyRequests", message: "later", retryAfter: 1 };
    await lab.control("POST", "/_emulator/faults", { match: { pathPattern: LOG, nth: 2 }, fault: throttled });
    const { activities } = await read(began);
    expect(activities).toEqual(whole.activities);
  });

  test("tells who did what to which resource", async () => {
    const { began, read } = await worked(2 * HOUR_MS);
    const [newest] = (await read(began)).activities!;
    expect(newest).toMatchObject({
      appId: "5e8a1c37-2b9f-4d60-b7c4-e1f3a60d9b25",
      objectId: "91d5f0ae-64c7-4b0e-9a3d-0f7c2b8e5d14",
      operation: expect.stringMatching(/^Microsoft\.\w+\/.*\/write$/),
      resourceId: expect.stringMatching(/^\/subscriptions\/.*MC_rg-payments-prod/),
    });
  });

  test("is not asked for what is older than it, which Azure refuses", async () => {
    const { lab, read } = await worked(HOUR_MS);
    const { from } = await read(new Date(lab.clock.now().getTime() - 200 * DAY_MS));
    expect(lab.clock.now().getTime() - from.getTime()).toBeLessThan(90 * DAY_MS);
  });

  test("is given up where it has no end in sight", async () => {
    const { began, read } = await worked(10 * DAY_MS, { pageSize: 1 });
    expect((await read(began)).activities).toBeUndefined();
  });

  test("is not readable without the right to it", async () => {
    const { lab, began, read } = await worked(HOUR_MS);
    await lab.control("PATCH", "/_emulator/behaviour", { caller: { roles: [{ role: "AcrPull", scope: "/" }] } });
    await expect(read(began)).rejects.toMatchObject({ status: 403, azureCode: "AuthorizationFailed" });
  });
});
