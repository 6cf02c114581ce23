import { asString, at } from "./json.ts";
import type { Transport } from "./transport.ts";

/** When AKS may work on a cluster by itself; `aksManagedAutoUpgradeSchedule` and `aksManagedNodeOSUpgradeSchedule` are the two that count. */
export interface MaintenanceConfiguration {
  readonly name: string;
  /** Undefined where the configuration has no window with a duration (the legacy `default` has none). */
  readonly durationHours: number | undefined;
}

/** Planned maintenance of clusters (Microsoft.ContainerService). */
export interface Maintenance {
  configurations(clusterId: string): Promise<MaintenanceConfiguration[]>;
}

/** Planned maintenance as plain requests. */
export function createMaintenance({ arm }: Transport): Maintenance {
  return {
    async configurations(clusterId) {
      const path = `${clusterId}/maintenanceConfigurations?api-version=2026-04-01`;
      const found = await arm.list(`list the maintenance windows of ${clusterId.split("/").at(-1)}`, path);
      return found.map((value) => {
        const hours = Number(at(value, "properties", "maintenanceWindow", "durationHours") ?? Number.NaN);
        return { name: asString(at(value, "name")) ?? "", durationHours: Number.isNaN(hours) ? undefined : hours };
      });
    },
  };
}
