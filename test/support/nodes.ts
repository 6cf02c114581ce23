import { clusters } from "../in-cluster/objects.ts";
import type { Lab } from "./lab.ts";

/** Changes the first pool of a lab's first cluster, as if it had been so before. */
export async function changePool(lab: Lab, change: object): Promise<void> {
  const [cluster] = await clusters(lab);
  const [first, ...others] = cluster!.properties["agentPoolProfiles"] as object[];
  const properties = { ...cluster!.properties, agentPoolProfiles: [{ ...first, ...change }, ...others] };
  await lab.control("POST", "/_emulator/resources", [{ ...cluster, properties }]);
}

/** Gives a cluster a daily maintenance window for node images. @param cluster its id; absent: the lab's first */
export async function putWindow(
  lab: Lab,
  startDate: string,
  durationHours = 8,
  cluster?: string | undefined,
): Promise<void> {
  const id = cluster ?? (await lab.clusterIds())[0];
  const schedule = { daily: { intervalDays: 1 } };
  await lab.control("POST", "/_emulator/resources", [
    {
      id: `${id}/maintenanceConfigurations/aksManagedNodeOSUpgradeSchedule`,
      name: "aksManagedNodeOSUpgradeSchedule",
      type: "Microsoft.ContainerService/managedClusters/maintenanceConfigurations",
      properties: {
        maintenanceWindow: { schedule, startDate, startTime: "00:00", utcOffset: "+00:00", durationHours },
      },
    },
  ]);
}
