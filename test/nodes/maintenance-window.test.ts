import { describe, expect, test } from "vitest";
import type { MaintenanceSchedule, MaintenanceWindow } from "../../src/azure/maintenance.ts";
import { nodeWindow, windowAt } from "../../src/migration/maintenance-window.ts";
import { pauseForWindow } from "../../src/migration/window-pause.ts";

/** A Sunday. */
const NOW = new Date("2026-11-22T08:00:00Z");

function windowOf(schedule: MaintenanceSchedule, more: Partial<MaintenanceWindow> = {}): MaintenanceWindow {
  return {
    schedule,
    durationHours: 4,
    startDate: "2026-01-01",
    startTime: "01:00",
    utcOffset: "+00:00",
    notAllowedDates: [],
    ...more,
  };
}

const daily = (every = 1): MaintenanceSchedule => ({ kind: "daily", every });
const weekly = (dayOfWeek: string, every = 1): MaintenanceSchedule => ({ kind: "weekly", every, dayOfWeek });
const monthly = (dayOfMonth: number, every = 1): MaintenanceSchedule => ({
  kind: "absoluteMonthly",
  every,
  dayOfMonth,
});
const relative = (weekIndex: string, dayOfWeek: string, every = 1): MaintenanceSchedule => ({
  kind: "relativeMonthly",
  every,
  dayOfWeek,
  weekIndex,
});

describe("when it is shut, a window opens next", () => {
  test.each<[string, MaintenanceWindow, string | undefined]>([
    ["the next night", windowOf(daily()), "2026-11-23T01:00:00.000Z"],
    ["in the time zone that it names", windowOf(daily(), { utcOffset: "+05:30" }), "2026-11-22T19:30:00.000Z"],
    ["west of Greenwich", windowOf(daily(), { utcOffset: "-08:00" }), "2026-11-22T09:00:00.000Z"],
    ["every third day from its start", windowOf(daily(3), { startDate: "2026-11-20" }), "2026-11-23T01:00:00.000Z"],
    ["on its day of the week", windowOf(weekly("Wednesday")), "2026-11-25T01:00:00.000Z"],
    ["every other week", windowOf(weekly("Monday", 2), { startDate: "2026-11-16" }), "2026-11-30T01:00:00.000Z"],
    ["on its day of the month", windowOf(monthly(5)), "2026-12-05T01:00:00.000Z"],
    ["in the months that have such a day", windowOf(monthly(31)), "2026-12-31T01:00:00.000Z"],
    ["every third month", windowOf(monthly(5, 3)), "2027-01-05T01:00:00.000Z"],
    ["on the first Monday", windowOf(relative("First", "Monday")), "2026-12-07T01:00:00.000Z"],
    ["on the last Friday", windowOf(relative("Last", "Friday")), "2026-11-27T01:00:00.000Z"],
    ["not before its start date", windowOf(daily(), { startDate: "2027-02-01" }), "2027-02-01T01:00:00.000Z"],
    [
      "after the days on which it stays shut",
      windowOf(daily(), { notAllowedDates: [{ start: "2026-11-23", end: "2026-11-25" }] }),
      "2026-11-26T01:00:00.000Z",
    ],
    [
      "never, where it stays shut for good",
      windowOf(daily(), { notAllowedDates: [{ start: "2026-01-01", end: "2036-01-01" }] }),
      undefined,
    ],
  ])("%s", (_, window, opensAt) => {
    const state = windowAt(window, NOW);
    expect(state).toMatchObject({ open: false });
    expect(state.open ? undefined : state.opensAt?.toISOString()).toBe(opensAt);
  });
});

test.each([
  ["at the moment at which it opens", "2026-11-22T01:00:00Z", true],
  ["a moment before it closes", "2026-11-22T04:59:59Z", true],
  ["at the moment at which it closes", "2026-11-22T05:00:00Z", false],
])("%s it is open: %s %s", (_, now, open) => {
  expect(windowAt(windowOf(weekly("Sunday")), new Date(now)).open).toBe(open);
});

test("a window that goes on after midnight is open on the day after its own", () => {
  const window = windowOf(weekly("Saturday"), { startTime: "22:00", durationHours: 12 });
  const state = windowAt(window, NOW);
  expect(state).toEqual({ open: true, closesAt: new Date("2026-11-22T10:00:00Z") });
});

describe("of several configurations", () => {
  const upgrades = { name: "aksManagedAutoUpgradeSchedule", durationHours: 4, window: windowOf(daily()) };
  const images = { name: "aksManagedNodeOSUpgradeSchedule", durationHours: 4, window: windowOf(weekly("Friday")) };
  const legacy = { name: "default", durationHours: undefined };

  test("that of node images counts, then that of upgrades, and the legacy one never", () => {
    expect(nodeWindow([legacy, upgrades, images])?.name).toBe("aksManagedNodeOSUpgradeSchedule");
    expect(nodeWindow([legacy, upgrades])?.name).toBe("aksManagedAutoUpgradeSchedule");
    expect(nodeWindow([legacy])).toBeUndefined();
  });

  test("a shut one pauses with its date and keeps what is left in the plan; an open one, or none, lets pass", () => {
    const roll = { key: "roll:a", summary: "", reason: "", risk: "disruptive" as const };
    expect(pauseForWindow([images], [roll], NOW)).toMatchObject({
      kind: "pause",
      retryAt: new Date("2026-11-27T01:00:00Z"),
      later: [roll],
    });
    expect(pauseForWindow([images], [roll], new Date("2026-11-27T02:00:00Z"))).toBeUndefined();
    expect(pauseForWindow([], [roll], NOW)).toBeUndefined();
  });
});
