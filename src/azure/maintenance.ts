import { asArray, asString, at, type Json } from "./json.ts";
import type { Transport } from "./transport.ts";

/** When AKS may work on a cluster by itself; `aksManagedAutoUpgradeSchedule` and `aksManagedNodeOSUpgradeSchedule` are the two that count. */
export interface MaintenanceConfiguration {
  readonly name: string;
  /** Undefined where the configuration has no window with a duration (the legacy `default` has none). */
  readonly durationHours: number | undefined;
  /** Undefined like the duration, and where its schedule is of a kind that nobody knows. */
  readonly window?: MaintenanceWindow | undefined;
}

/** How a window comes back; intervals count from the window's `startDate`. */
export type MaintenanceSchedule =
  | { readonly kind: "daily"; readonly every: number }
  | { readonly kind: "weekly"; readonly every: number; readonly dayOfWeek: string }
  | { readonly kind: "absoluteMonthly"; readonly every: number; readonly dayOfMonth: number }
  | {
      readonly kind: "relativeMonthly";
      readonly every: number;
      readonly dayOfWeek: string;
      /** `First` to `Fourth`, or `Last` */
      readonly weekIndex: string;
    };

/** A planned maintenance window, in the local time that its offset names. */
export interface MaintenanceWindow {
  readonly schedule: MaintenanceSchedule;
  readonly durationHours: number;
  /** `2026-11-22` */
  readonly startDate: string | undefined;
  /** `22:00` */
  readonly startTime: string;
  /** `+01:00` */
  readonly utcOffset: string;
  /** Days on which it stays shut, first and last included. */
  readonly notAllowedDates: readonly { readonly start: string; readonly end: string }[];
}

/** Planned maintenance of clusters (Microsoft.ContainerService). */
export interface Maintenance {
  /** Those of a cluster, in no particular order. @throws AzureError */
  configurations(clusterId: string): Promise<MaintenanceConfiguration[]>;
}

/** Planned maintenance as plain requests. */
export function createMaintenance({ arm }: Transport): Maintenance {
  return {
    async configurations(clusterId) {
      const path = `${clusterId}/maintenanceConfigurations?api-version=2026-04-01`;
      const found = await arm.list(`list the maintenance windows of ${clusterId.split("/").at(-1)}`, path);
      return found.map((value) => {
        const window = at(value, "properties", "maintenanceWindow");
        const hours = Number(at(window, "durationHours") ?? Number.NaN);
        return {
          name: asString(at(value, "name")) ?? "",
          durationHours: Number.isNaN(hours) ? undefined : hours,
          window: Number.isNaN(hours) ? undefined : readWindow(window, hours),
        };
      });
    },
  };
}

/** `maintenanceWindow` as the AKS resource provider documents it (2026-04-01). */
function readWindow(window: Json | undefined, durationHours: number): MaintenanceWindow | undefined {
  const schedule = readSchedule(at(window, "schedule"));
  const startTime = asString(at(window, "startTime"));
  if (!schedule || !startTime) return undefined;
  return {
    schedule,
    durationHours,
    startDate: asString(at(window, "startDate")),
    startTime,
    utcOffset: asString(at(window, "utcOffset")) ?? "+00:00",
    notAllowedDates: asArray(at(window, "notAllowedDates")).map((span) => ({
      start: asString(at(span, "start")) ?? "",
      end: asString(at(span, "end")) ?? "",
    })),
  };
}

function readSchedule(schedule: Json | undefined): MaintenanceSchedule | undefined {
  const number = (...path: string[]) => Number(at(schedule, ...path) ?? 1);
  const text = (...path: string[]) => asString(at(schedule, ...path)) ?? "";
  const has = (kind: string) => typeof at(schedule, kind) === "object" && at(schedule, kind) !== null;
  if (has("daily")) return { kind: "daily", every: number("daily", "intervalDays") };
  if (has("weekly"))
    return { kind: "weekly", every: number("weekly", "intervalWeeks"), dayOfWeek: text("weekly", "dayOfWeek") };
  if (has("absoluteMonthly")) {
    const every = number("absoluteMonthly", "intervalMonths");
    return { kind: "absoluteMonthly", every, dayOfMonth: number("absoluteMonthly", "dayOfMonth") };
  }
  if (!has("relativeMonthly")) return undefined;
  return {
    kind: "relativeMonthly",
    every: number("relativeMonthly", "intervalMonths"),
    dayOfWeek: text("relativeMonthly", "dayOfWeek"),
    weekIndex: text("relativeMonthly", "weekIndex"),
  };
}
