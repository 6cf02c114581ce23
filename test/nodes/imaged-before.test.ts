import { expect, test } from "vitest";
import type { Azure } from "../../src/azure/azure.ts";
import { readNodeEvidence } from "../../src/migration/nodes.ts";
import { CLUSTER, clusterOf, KUBELET } from "../assess/readings.ts";

const UPDATED = new Date("2026-11-22T09:12:00Z");

/** What is known of a pool whose one instance says that it runs the newest model, and was provisioned then. */
async function rankOf(provisionedAt: string): Promise<string> {
  const scaleSet = { id: "s", name: "aks-a-1-vmss", pool: "a", identities: [KUBELET] };
  const instance = { name: "aks-a-1-vmss_0", latestModelApplied: true, provisionedAt: new Date(provisionedAt) };
  const azure = { scaleSets: { list: async () => [scaleSet], instances: async () => [instance] } } as unknown as Azure;
  const [evidence] = await readNodeEvidence(azure, CLUSTER, clusterOf({ agentPoolProfiles: [{ name: "a" }] }), UPDATED);
  return evidence!.rank;
}

test("a node that an earlier update imaged minutes before this one does not count as imaged by it", async () => {
  expect(await rankOf("2026-11-22T09:11:00Z")).toBe("model");
  expect(await rankOf("2026-11-22T09:14:00Z")).toBe("rolled");
});

test("the clocks of Azure's services may be seconds apart", async () => {
  expect(await rankOf("2026-11-22T09:11:58Z")).toBe("rolled");
});
