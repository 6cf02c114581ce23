import { DAY_MS, HOUR_MS, MINUTE_MS } from "../engine/clock.ts";
import type { Cluster } from "./cluster.ts";
import { type JsonObject, numberAt, objectAt, textAt } from "./json.ts";
import type { World } from "./world.ts";

const WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/**
 * True where a cluster has a maintenance window for node images that is not open now. Windows every day and every week are
 * modelled, others count as open. Written apart from the tool's own reading of windows: a mistake there is not to be made here too.
 */
export function isWindowShut(world: World, cluster: Cluster): boolean {
  const configuration = world.store.get(`${cluster.id}/maintenanceConfigurations/aksManagedNodeOSUpgradeSchedule`);
  const window = objectAt(configuration, "properties", "maintenanceWindow");
  const isDue = window && dueDays(window);
  if (!window || !isDue) return false;
  const localMs = world.nowMs + offsetOf(textAt(window, "utcOffset") ?? "+00:00");
  const durationMs = (numberAt(window, "durationHours") ?? 0) * HOUR_MS;
  const startMs = timeOf(textAt(window, "startTime") ?? "00:00");
  const first = Math.floor((localMs - durationMs) / DAY_MS);
  const days = Array.from({ length: Math.floor(localMs / DAY_MS) - first + 1 }, (_, index) => first + index);
  return !days.some((day) => {
    const opensMs = day * DAY_MS + startMs;
    return isDue(day) && opensMs <= localMs && localMs < opensMs + durationMs;
  });
}

/** On which days, counted from 1970-01-01, a window opens; undefined where that is not modelled. */
function dueDays(window: JsonObject): ((day: number) => boolean) | undefined {
  const daily = objectAt(window, "schedule", "daily");
  if (daily && (numberAt(daily, "intervalDays") ?? 1) === 1) return () => true;
  const weekly = objectAt(window, "schedule", "weekly");
  if (!weekly || (numberAt(weekly, "intervalWeeks") ?? 1) !== 1) return undefined;
  const weekday = WEEKDAYS.indexOf((textAt(weekly, "dayOfWeek") ?? "").toLowerCase());
  return (day) => new Date(day * DAY_MS).getUTCDay() === weekday;
}

function timeOf(text: string): number {
  const [hours = 0, minutes = 0] = text.split(":").map(Number);
  return hours * HOUR_MS + minutes * MINUTE_MS;
}

function offsetOf(text: string): number {
  const size = timeOf(text.replace(/^[+-]/, ""));
  return text.startsWith("-") ? -size : size;
}
