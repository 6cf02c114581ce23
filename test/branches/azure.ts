import { asArray, asObject, type JsonObject } from "../../src/azure/json.ts";
import type { Scenario } from "../../src/emulator/scenario.ts";
import type { World } from "./support.ts";

/** What somebody else does in Azure, in the portal or with Azure CLI. @returns the answer's body */
export async function azure(world: World, method: string, path: string, body?: unknown): Promise<JsonObject> {
  const response = await world.lab.emulator.handle({
    method,
    url: `https://management.azure.com${path}${path.startsWith("/subscriptions") ? "?api-version=2025-07-01" : ""}`,
    headers: { host: "management.azure.com", "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (response.status >= 400) throw new Error(`${method} ${path}: ${response.status} ${response.body}`);
  return response.body === "" ? {} : (JSON.parse(response.body) as JsonObject);
}

/** Changes the properties of the cluster's pools and waits until Azure is done. */
export async function changePools(world: World, change: JsonObject, names?: readonly string[]): Promise<void> {
  for (const pool of await poolsOf(world)) {
    const name = String(pool["name"]);
    if (names && !names.includes(name)) continue;
    await azure(world, "PUT", `${world.cluster}/agentPools/${name}`, { properties: { ...pool, ...change } });
    await advance(world, "2h");
  }
}

/** Takes the whole cluster to another Kubernetes version, as `az aks upgrade` does, and waits until Azure is done. */
export async function upgradeCluster(world: World, version: string): Promise<void> {
  const cluster = await azure(world, "GET", world.cluster);
  const properties = asObject(cluster["properties"]);
  const agentPoolProfiles = (await poolsOf(world)).map((pool) => ({ ...pool, orchestratorVersion: version }));
  await azure(world, "PUT", world.cluster, {
    ...cluster,
    properties: { ...properties, kubernetesVersion: version, agentPoolProfiles },
  });
  await advance(world, "3h");
}

/** The cluster's pools as its own object shows them. */
export async function poolsOf(world: World): Promise<JsonObject[]> {
  const { properties } = await azure(world, "GET", world.cluster);
  return asArray(asObject(properties)["agentPoolProfiles"]).map(asObject);
}

/** Puts the clock forward. */
export function advance({ lab }: World, duration: string): Promise<unknown> {
  return lab.control("POST", "/_emulator/clock", { advance: duration });
}

/** Puts the clock forward to a moment. */
export function advanceTo(world: World, time: string): Promise<unknown> {
  return advance(world, `${(Date.parse(time) - world.lab.clock.now().getTime()) / 1_000}s`);
}

/** Changes how Azure behaves from now on. */
export function behave({ lab }: World, behaviour: JsonObject): Promise<unknown> {
  return lab.control("PATCH", "/_emulator/behaviour", behaviour);
}

/** Puts resources into Azure as they are. */
export function put({ lab }: World, ...resources: readonly JsonObject[]): Promise<unknown> {
  return lab.control("POST", "/_emulator/resources", resources);
}

/** The cluster of a scenario, to be changed before it is loaded. */
export function clusterIn({ resources }: Scenario): {
  properties: { agentPoolProfiles: Record<string, unknown>[] } & Record<string, unknown>;
} {
  const cluster = resources.find(({ type }) => /managedClusters$/i.test(type));
  return cluster as unknown as ReturnType<typeof clusterIn>;
}
