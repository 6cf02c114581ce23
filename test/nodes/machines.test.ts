import { expect, test } from "vitest";
import type { Azure } from "../../src/azure/azure.ts";
import { readNodeEvidence } from "../../src/migration/nodes.ts";
import { CLUSTER, clusterOf, KUBELET } from "../assess/readings.ts";

const SWITCHED = new Date("2026-11-22T08:00:00Z");

/** What is known of a pool of one machine, which has no scale set. */
async function rankOf(type: string, createdAt: string, identities: readonly string[] = [KUBELET]): Promise<string> {
  const machine = { name: "aks-a-1", pool: "a", identities, createdAt: new Date(createdAt) };
  const azure = { scaleSets: { list: async () => [], machines: async () => [machine] } } as unknown as Azure;
  const cluster = clusterOf({ agentPoolProfiles: [{ name: "a", type }] });
  const [evidence] = await readNodeEvidence(azure, CLUSTER, cluster, SWITCHED);
  return evidence!.rank;
}

test.each([
  "AvailabilitySet",
  "VirtualMachines",
])("a pool of the type %s is proven machine by machine", async (type) => {
  expect(await rankOf(type, "2026-11-22T09:00:00Z")).toBe("rolled");
  expect(await rankOf(type, "2026-11-22T07:00:00Z")).toBe("model");
  expect(await rankOf(type, "2026-11-22T09:00:00Z", [])).toBe("none");
});
