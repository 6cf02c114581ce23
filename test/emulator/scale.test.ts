import { describe, expect, it } from "vitest";
import type { Resource } from "../../src/emulator/json.ts";
import { Harness, plainWorld } from "./harness.ts";

function manyClusters(count: number): Resource[] {
  const [principal, application] = plainWorld();
  const clusters = Array.from({ length: count }, (_, index) => {
    const subscription = `11111111-1111-4111-8111-${String(index % 20).padStart(12, "0")}`;
    return {
      id: `/subscriptions/${subscription}/resourceGroups/rg-${index}/providers/Microsoft.ContainerService/managedClusters/aks-${index}`,
      type: "Microsoft.ContainerService/managedClusters",
      location: "westeurope",
      properties: {
        servicePrincipalProfile: { clientId: principal!["appId"] as string },
        agentPoolProfiles: [
          { name: "system", count: 3, mode: "System" },
          { name: "apps", count: 3 },
        ],
      },
    };
  });
  return [principal!, application!, ...clusters];
}

/** How long this process has computed since: what other processes take of the machine does not count. */
function busyMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

describe("a thousand clusters", () => {
  it("load with under five seconds of work, list in pages, and live a day cheaply", async () => {
    const began = process.cpuUsage();
    const harness = await Harness.with(manyClusters(1000));
    expect(busyMs(began)).toBeLessThan(5000);
    const at =
      "/subscriptions/11111111-1111-4111-8111-000000000007/providers/Microsoft.ContainerService/managedClusters";
    expect((await harness.get(at)).value).toHaveLength(50);
    await harness.expect(200, "PATCH", "/_emulator/behaviour", { pageSize: 40 });
    const page = await harness.get(at);
    expect([page.value.length, typeof page.nextLink]).toEqual([40, "string"]);
    const day = process.cpuUsage();
    await harness.advance("24h");
    expect(busyMs(day)).toBeLessThan(10_000);
    expect(process.memoryUsage().heapUsed).toBeLessThan(500 * 1024 * 1024);
  });
});
