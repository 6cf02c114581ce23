import { expect } from "vitest";
import { DEMO_CLUSTER } from "./cli.ts";
import type { Emulated } from "./emulated.ts";

const HOUR_MS = 60 * 60 * 1000;

interface Cluster {
  readonly id: string;
  readonly identity: { readonly type: string };
  readonly properties: Record<string, unknown>;
}

/** What must be true of the demo's model after a migration, however it came about. */
export async function expectMigrated(world: Emulated): Promise<void> {
  const [resources, events, requests] = await Promise.all([
    world.control<Cluster[]>("GET", "/_emulator/resources"),
    world.events(),
    world.requests(),
  ]);
  const cluster = resources.find(({ id }) => id.toLowerCase() === DEMO_CLUSTER.toLowerCase())!;
  expect(cluster.identity.type).toBe("UserAssigned");
  expect(cluster.properties["servicePrincipalProfile"]).toEqual({ clientId: "msi" });
  expect(JSON.stringify(cluster.properties["identityProfile"])).toContain("id-payments-prod-kubelet");
  expect(events.filter(({ ok }) => !ok)).toEqual([]);
  const drained = events.filter(({ kind }) => kind === "nodeDrained").map(({ node }) => node);
  expect(drained).toHaveLength(9);
  expect(new Set(drained).size).toBe(9);

  const accepted = requests.filter(({ method, status }) => method === "PUT" && status < 300);
  const clusterPuts = accepted.filter(({ path }) => /managedClusters\/payments-prod(\?|$)/i.test(path));
  expect(clusterPuts).toHaveLength(1);
  const identityPuts = accepted.filter(({ path }) => /userAssignedIdentities\/[^/?]+(\?|$)/i.test(path));
  expect(new Set(identityPuts.map(({ path }) => path.split("?")[0]))).toHaveLength(2);
  const rolePuts = accepted.filter(({ path }) => /roleAssignments/i.test(path));
  expect(new Set(rolePuts.map(({ path }) => path.split("?")[0])).size).toBe(7);

  const switchedAt = Date.parse(clusterPuts[0]!.at);
  const latestRole = Math.max(...rolePuts.map(({ at }) => Date.parse(at)).filter((at) => at < switchedAt));
  expect(switchedAt - latestRole).toBeGreaterThanOrEqual(HOUR_MS);
}
