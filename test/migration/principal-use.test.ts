import { describe, expect, test } from "vitest";
import type { Activity } from "../../src/azure/activity-log.ts";
import type { Azure } from "../../src/azure/azure.ts";
import { AzureError } from "../../src/azure/errors.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/engine/clock.ts";
import { known, unknown } from "../../src/engine/known.ts";
import {
  checkPrincipalUse,
  judgeUse,
  oldPrincipalOf,
  readUse,
  type UseReading,
} from "../../src/migration/principal-use.ts";

const SWITCH = new Date("2026-11-22T09:00:00Z");
const sinceSwitch = (ms: number) => new Date(SWITCH.getTime() + ms);
const PRINCIPAL = { clientId: "c1", objectId: "o1" };

/** What is said when the log is read `readMs` after the switch, and tells of a use at `useMs`. */
function judge(readMs: number, useMs?: number, more: Partial<UseReading> = {}) {
  const lastUse =
    useMs === undefined ? undefined : { at: sinceSwitch(useMs), what: "Microsoft.Network/loadBalancers/write" };
  return judgeUse(
    PRINCIPAL,
    SWITCH,
    DAY_MS,
    known({ from: SWITCH, to: sinceSwitch(readMs), groups: ["MC_web"], lastUse, ...more }),
  );
}

describe("the use of the old principal", () => {
  test.each([
    ["nothing, and the day is not over", judge(23 * HOUR_MS), "too-early"],
    ["nothing, but what happened last may not be in the log yet", judge(DAY_MS + 19 * MINUTE_MS), "too-early"],
    ["nothing for a day, known at last", judge(DAY_MS + 20 * MINUTE_MS), "none"],
    ["a use six hours after the switch, a day ago", judge(30 * HOUR_MS + 20 * MINUTE_MS, 6 * HOUR_MS), "none"],
    ["the same, less than a day ago", judge(30 * HOUR_MS, 6 * HOUR_MS), "recent"],
    ["a use after tokens have ended", judge(50 * HOUR_MS, 49 * HOUR_MS), "recent"],
    ["that it cannot be read", judgeUse(PRINCIPAL, SWITCH, DAY_MS, unknown("you may not")), "not-assessed"],
  ] as const)("where the log tells %s", (_, use, kind) => {
    expect(use.kind).toBe(kind);
  });

  test("is told with its time and operation, how long ago, and when more will be known", () => {
    expect(judge(24 * HOUR_MS, 6 * HOUR_MS)).toMatchObject({
      seen: "service principal c1 was last used on 2026-11-22T15:00:00Z (Microsoft.Network/loadBalancers/write), 18 h ago: tokens of before the switch may be used for 24 h",
      expected: true,
      knownAt: new Date("2026-11-23T15:20:00Z"),
    });
    expect(judge(HOUR_MS)).toMatchObject({
      seen: "service principal c1 has written nothing in MC_web since the switch of 2026-11-22T09:00:00Z; 24 h of that are known on 2026-11-23T09:20:00Z (entries are up to 20 minutes late)",
    });
    expect(judgeUse({ clientId: undefined, objectId: "o1" }, SWITCH, DAY_MS, unknown("you may not")).seen).toBe(
      "whether the old identity (o1) is still used is not known: you may not",
    );
  });

  test("is told of the last ninety days only, where the switch is longer ago", () => {
    const use = judge(200 * DAY_MS, undefined, { from: sinceSwitch(110 * DAY_MS) });
    expect(use).toMatchObject({
      kind: "none",
      seen: "service principal c1 has written nothing in MC_web in the last 90 days, as far as the log goes back",
    });
  });
});

describe("the activity log", () => {
  const GROUPS = ["MC_web", "rg-network"].map((name) => `/subscriptions/s1/resourceGroups/${name}`);
  const write = (at: number, who: Partial<Activity>): Activity => ({
    at: sinceSwitch(at),
    caller: undefined,
    appId: undefined,
    objectId: undefined,
    operation: "Microsoft.Network/routeTables/write",
    resourceId: "/r",
    correlationId: "c",
    ...who,
  });
  /** Azure with a log per resource group; a missing one may not be read. */
  const azureWith = (logs: Record<string, Activity[] | undefined>) =>
    ({
      activityLog: {
        async read(_: string, group: string, since: Date) {
          if (!(group in logs)) throw new AzureError("AZURE_REFUSED", 403, "AuthorizationFailed", "no", "ask");
          return { from: since, to: sinceSwitch(HOUR_MS), activities: logs[group] };
        },
      },
    }) as unknown as Azure;
  const read = (logs: Record<string, Activity[] | undefined>) => readUse(azureWith(logs), PRINCIPAL, GROUPS, SWITCH);

  test.each([
    ["the application's id in the claims", { appId: "C1" }],
    ["the object id in the claims", { objectId: "O1" }],
    ["the application's id as caller", { caller: "c1" }],
    ["the object id as caller", { caller: "o1" }],
  ])("tells the principal by %s, and its last write in any of the groups", async (_, who) => {
    const reading = await read({
      MC_web: [write(1, who), write(5, { appId: "c2" })],
      "rg-network": [write(3, who), write(2, who)],
    });
    expect(reading).toMatchObject({
      known: true,
      value: { groups: ["MC_web", "rg-network"], lastUse: { at: sinceSwitch(3) } },
    });
  });

  test("of which a part may not be read, or is too long, tells nothing", async () => {
    expect(await read({ MC_web: [write(1, { appId: "c1" })] })).toEqual({
      known: false,
      reason: "you may not read the activity log of rg-network (AuthorizationFailed)",
    });
    expect(await read({ MC_web: undefined, "rg-network": [] })).toMatchObject({
      known: false,
      reason: "the activity log of MC_web is too long to be read",
    });
  });
});

describe("PM005", () => {
  test("passes when nothing uses the old principal, and is not assessed where that is not known", () => {
    expect(checkPrincipalUse(judge(2 * DAY_MS))).toEqual([]);
    expect(checkPrincipalUse(judge(HOUR_MS))).toMatchObject([
      { check: "PM005", reason: expect.stringContaining("known on") },
    ]);
    expect(checkPrincipalUse(judgeUse(PRINCIPAL, SWITCH, DAY_MS, unknown("you may not")))).toMatchObject([
      { check: "PM005", reason: expect.stringContaining("you may not") },
    ]);
  });

  test("is no more than a note while tokens of before the switch may be used, and grave afterwards", () => {
    expect(checkPrincipalUse(judge(24 * HOUR_MS, 24 * HOUR_MS - 1))).toMatchObject([{ severity: "info" }]);
    expect(checkPrincipalUse(judge(26 * HOUR_MS, 25 * HOUR_MS))).toMatchObject([{ severity: "high" }]);
  });
});

describe("the old principal", () => {
  const next = "/subscriptions/s/resourceGroups/g/providers/p/t/new";
  const to = {
    controlPlane: { id: next } as never,
    kubelet: undefined,
  };
  const from = (more: object) => ({ location: "", pools: [], ...more });

  test("is the service principal, or the identity that the control plane leaves", () => {
    expect(oldPrincipalOf({ from: from({ servicePrincipal: { clientId: "c1" } }), target: to })).toEqual({
      clientId: "c1",
      objectId: undefined,
    });
    expect(oldPrincipalOf({ from: from({ controlPlane: { objectId: "o2" } }), target: to })).toMatchObject({
      objectId: "o2",
    });
  });

  test("is nobody where the control plane keeps its identity, or nothing tells whom it left", () => {
    const kept = { resourceId: next.toUpperCase(), objectId: "o2" };
    expect(oldPrincipalOf({ from: from({ controlPlane: kept }), target: to })).toBeUndefined();
    expect(oldPrincipalOf({ from: from({}), target: to })).toBeUndefined();
  });
});
