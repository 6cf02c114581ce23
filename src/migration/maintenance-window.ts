import type { MaintenanceConfiguration, MaintenanceSchedule, MaintenanceWindow } from "../azure/maintenance.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../engine/clock.ts";

/** Whether a window is open, and until or from when; `opensAt` is undefined when it does not open any more. */
export type WindowState =
  | { readonly open: true; readonly closesAt: Date }
  | { readonly open: false; readonly opensAt: Date | undefined };

/** The window in which nodes may be re-imaged: that of node images; where there is none, that of upgrades (AKS documentation of planned maintenance). */
export function nodeWindow(
  configurations: readonly MaintenanceConfiguration[],
): { readonly name: string; readonly window: MaintenanceWindow } | undefined {
  for (const wanted of ["aksManagedNodeOSUpgradeSchedule", "aksManagedAutoUpgradeSchedule"]) {
    const found = configurations.find(({ name }) => name.toLowerCase() === wanted.toLowerCase());
    if (found?.window) return { name: found.name, window: found.window };
  }
  return undefined;
}

/** Intervals are a few months at most, and days on which it stays shut may cover some of them. */
const DAYS_AHEAD = 800;

/** Says whether a window is open at a moment, and when it opens next. */
export function windowAt(window: MaintenanceWindow, now: Date): WindowState {
  const offsetMs = parseOffset(window.utcOffset);
  const durationMs = window.durationHours * HOUR_MS;
  const first = Math.floor((now.getTime() + offsetMs - durationMs) / DAY_MS);
  for (let day = first; day <= first + DAYS_AHEAD; day++) {
    if (!isDue(window, day) || isExcluded(window, day)) continue;
    const opensMs = day * DAY_MS + parseTime(window.startTime) - offsetMs;
    if (opensMs > now.getTime()) return { open: false, opensAt: new Date(opensMs) };
    if (now.getTime() < opensMs + durationMs) return { open: true, closesAt: new Date(opensMs + durationMs) };
  }
  return { open: false, opensAt: undefined };
}

/** Days count from 1970-01-01, a Thursday, in the window's own time. */
function isDue({ schedule, startDate }: MaintenanceWindow, day: number): boolean {
  const start = startDate === undefined ? undefined : parseDay(startDate);
  if (start !== undefined && day < start) return false;
  // Azure fills in a start when none is given; without one it cannot be told which ones are left out.
  const isTurn = (unit: (day: number) => number) =>
    start === undefined || (unit(day) - unit(start)) % schedule.every === 0;
  switch (schedule.kind) {
    case "daily":
      return isTurn((one) => one);
    case "weekly":
      return isWeekday(day, schedule.dayOfWeek) && isTurn(weekOf);
    case "absoluteMonthly":
      return dateOf(day).getUTCDate() === schedule.dayOfMonth && isTurn(monthOf);
    case "relativeMonthly":
      return isWeekday(day, schedule.dayOfWeek) && isInWeek(day, schedule) && isTurn(monthOf);
  }
}

const WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const WEEK_INDEXES = ["first", "second", "third", "fourth"];

function isWeekday(day: number, name: string): boolean {
  return dateOf(day).getUTCDay() === WEEKDAYS.indexOf(name.toLowerCase());
}

function isInWeek(day: number, { weekIndex }: Extract<MaintenanceSchedule, { kind: "relativeMonthly" }>): boolean {
  if (weekIndex.toLowerCase() === "last") return monthOf(day + 7) !== monthOf(day);
  return Math.floor((dateOf(day).getUTCDate() - 1) / 7) === WEEK_INDEXES.indexOf(weekIndex.toLowerCase());
}

function isExcluded({ notAllowedDates }: MaintenanceWindow, day: number): boolean {
  return notAllowedDates.some(({ start, end }) => day >= parseDay(start) && day <= parseDay(end));
}

function dateOf(day: number): Date {
  return new Date(day * DAY_MS);
}

/** Weeks begin on Sunday. */
function weekOf(day: number): number {
  return Math.floor((day + 4) / 7);
}

function monthOf(day: number): number {
  const date = dateOf(day);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

function parseDay(date: string): number {
  return Math.floor(Date.parse(`${date.slice(0, 10)}T00:00:00Z`) / DAY_MS);
}

function parseTime(time: string): number {
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  return hours * HOUR_MS + minutes * MINUTE_MS;
}

function parseOffset(offset: string): number {
  const size = parseTime(offset.replace(/^[+-]/, ""));
  return offset.startsWith("-") ? -size : size;
}
