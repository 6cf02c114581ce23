import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import type { Resource } from "../../src/emulator/json.ts";
import { HOUR_MS } from "../../src/engine/clock.ts";
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

/** What is alive in this process, in MiB: neither garbage nor, as a difference, what other tests left in it counts. */
function aliveMiB(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed / 1024 ** 2;
}

describe("a thousand clusters", () => {
  it("list in pages, and live a quarter of a year in little time and memory: what recurs is counted, not repeated", async () => {
    const before = aliveMiB();
    const harness = await Harness.with(manyClusters(1000));
    const at =
      "/subscriptions/11111111-1111-4111-8111-000000000007/providers/Microsoft.ContainerService/managedClusters";
    expect((await harness.get(at)).value).toHaveLength(50);
    await harness.expect(200, "PATCH", "/_emulator/behaviour", { pageSize: 40 });
    const page = await harness.get(at);
    expect([page.value.length, typeof page.nextLink]).toEqual([40, "string"]);
    await harness.advance("90d");

    expect(aliveMiB() - before).toBeLessThan(100);
    expect((await harness.get(at)).value).toHaveLength(40);
    const since = new Date(harness.clock.now().getTime() - HOUR_MS).toISOString();
    const log =
      "/subscriptions/11111111-1111-4111-8111-000000000007/providers/Microsoft.Insights/eventtypes/management";
    const { value } = await harness.get(`${log}/values?$filter=${encodeURIComponent(`eventTimestamp ge '${since}'`)}`);
    expect(value.length).toBeGreaterThan(0);
  });
});
