import { expect } from "vitest";
import type { MigrationPlan } from "../../src/plan/schema.ts";
import { DEMO_CLUSTER } from "../support/cli.ts";
import type { Lab, ServedRequest } from "../support/lab.ts";

export const SUBSCRIPTION = DEMO_CLUSTER.split("/").slice(0, 3).join("/");
export const GROUP = DEMO_CLUSTER.split("/").slice(0, 5).join("/");
export const NETWORK = `${SUBSCRIPTION}/resourceGroups/rg-network-prod/providers/Microsoft.Network`;
export const SUBNET = `${NETWORK}/virtualNetworks/vnet-prod-weu/subnets/snet-aks-payments`;
export const ROUTES = `${NETWORK}/routeTables/rt-aks-payments`;

/** The path of the demo cluster's update and of nothing else. */
export const UPDATE = { method: "PUT", pathPattern: "managedClusters/payments-prod(\\?|$)" };

export function keysOf(plan: MigrationPlan): string[] {
  return plan.clusters.flatMap(({ steps }) => steps.flatMap(({ changes }) => changes.map(({ key }) => key)));
}

/** The checks whose findings block a plan. */
export function blockersOf(plan: MigrationPlan): string[] {
  const findings = plan.clusters.flatMap((cluster) => cluster.findings);
  const blockers = findings.filter(({ severity }) => severity === "blocker").map(({ check }) => check);
  expect(plan.clusters.some(({ blocked }) => blocked === true)).toBe(blockers.length > 0);
  return [...new Set(blockers)];
}

/** What the runs of a plan ended with: `done`, `paused`, or the message of what failed. */
export function endsOf({ results }: Awaited<ReturnType<Lab["apply"]>>): string[] {
  return results.map(({ outcome }) => (outcome.kind === "failed" ? String(outcome.error) : outcome.kind));
}

/** The identities and roles that were asked for, as they were sent. */
export async function sent(
  lab: Lab,
  path: RegExp,
): Promise<(ServedRequest & { body: { properties: Record<string, string> } })[]> {
  const requests = await lab.requests();
  return requests.filter((request) => request.method === "PUT" && path.test(request.path)) as never;
}

/** The demo cluster as Azure shows it. */
export async function demoCluster(lab: Lab) {
  return (await lab.connection.azure().clusters.get(DEMO_CLUSTER))!;
}

export async function failedEvents(lab: Lab) {
  return (await lab.events()).filter(({ ok }) => !ok);
}

/** The properties of a cluster, as far as tests change them. */
export type ClusterProperties = Record<string, never> & { agentPoolProfiles: Record<string, unknown>[] };

/** Puts a lab's first cluster in again with some of its properties changed, as if it had been so before. */
export async function changeCluster(
  lab: Lab,
  changes: (properties: ClusterProperties) => object,
  top: object = {},
): Promise<void> {
  const [id] = await lab.clusterIds();
  const cluster = (await lab.connection.azure().clusters.get(id!))!;
  const properties = { ...(cluster["properties"] as ClusterProperties) };
  await lab.control("POST", "/_emulator/resources", [
    { ...cluster, ...top, properties: { ...properties, ...changes(properties) } },
  ]);
}
