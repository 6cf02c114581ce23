import type { ArmReply, ArmRequest } from "./arm.ts";
import type { Cluster, Pool } from "./cluster.ts";
import { isSameId, keyOf, nameOf, subscriptionOf } from "./ids.ts";
import { type JsonObject, numberAt, textAt } from "./json.ts";
import { sizesOf } from "./machine-pools.ts";
import { profileOf } from "./scale-sets.ts";
import type { World } from "./world.ts";

const SCALE_SET_TYPE = "microsoft.compute/virtualmachinescalesets";
const MACHINE_TYPE = "microsoft.compute/virtualmachines";

/** Type name of a region's compute quotas. */
export const USAGES_TYPE = "microsoft.compute/locations/usages";

interface Quota {
  readonly name: string;
  used: number;
  limit: number;
}

/** The compute quotas of a region: those put in, and for the rest all cores and each family in use there (API description). */
export function listUsages(world: World, { target }: ArmRequest): ArmReply {
  const location = target.parentId.split("/").at(-1)!;
  const quotas = quotasOf(world, subscriptionOf(target.parentId) ?? "", location);
  const value = [...quotas.values()].map(({ name, used, limit }) => ({
    name: { value: name, localizedValue: name },
    unit: "Count",
    currentValue: used,
    limit,
  }));
  return { status: 200, body: { value } };
}

/** By name in lower case. */
function quotasOf(world: World, subscription: string, location: string): Map<string, Quota> {
  const quotas = new Map<string, Quota>();
  const add = (name: string, cores: number) => {
    const quota = quotas.get(name.toLowerCase()) ?? { name, used: 0, limit: world.behaviour.coreQuota };
    quotas.set(name.toLowerCase(), { ...quota, used: quota.used + cores });
  };
  add("cores", 0);
  const computes = [...world.store.ofType(SCALE_SET_TYPE), ...world.store.ofType(MACHINE_TYPE)];
  for (const compute of computes) {
    if (!isSameId(subscriptionOf(compute.id), subscription) || regionOf(compute) !== location.toLowerCase()) continue;
    const size = textAt(compute, "sku", "name") ?? textAt(compute, "properties", "hardwareProfile", "vmSize") ?? "";
    const { family, cores } = sizeOf(size);
    const isMachine = compute.type.toLowerCase() === MACHINE_TYPE;
    for (const name of ["cores", family])
      add(name, cores * (isMachine ? 1 : (numberAt(compute, "sku", "capacity") ?? 0)));
  }
  const given = world.store.ofType(USAGES_TYPE).filter(({ id }) => isIn(id, subscription, location));
  for (const usage of given) {
    const name = textAt(usage, "name", "value") ?? nameOf(usage.id);
    const quota = { name, used: numberAt(usage, "currentValue") ?? 0, limit: numberAt(usage, "limit") ?? 0 };
    quotas.set(name.toLowerCase(), quota);
  }
  return quotas;
}

function isIn(id: string, subscription: string, location: string): boolean {
  return keyOf(id).startsWith(
    keyOf(`/subscriptions/${subscription}/providers/Microsoft.Compute/locations/${location}/usages/`),
  );
}

/**
 * What a roll of a pool is refused for when its surge does not fit into the region's quota: the words of public reports.
 * @param surge nodes that are added while others are replaced
 */
export function quotaExceeded(world: World, cluster: Cluster, pool: Pool, surge: number): JsonObject | undefined {
  // Of several sizes, which one a surge takes is not known: the largest is counted.
  const sizes = sizesOf(profileOf(cluster, pool.name)) ?? [];
  const cores = Math.max(0, ...sizes.map((size) => sizeOf(size).cores));
  const { used, limit } = quotasOf(world, subscriptionOf(cluster.id)!, regionOf(cluster.resource)).get("cores")!;
  if (used + surge * cores <= limit) return undefined;
  return {
    code: "QuotaExceeded",
    message: `Operation results in exceeding quota limits of Core. Maximum allowed: ${limit}, Current in use: ${used}, Additional requested: ${surge * cores}.`,
  };
}

function regionOf(resource: JsonObject): string {
  return keyOf(textAt(resource, "location") ?? "").replaceAll(" ", "");
}

/** Cores and family by the name of a size, as most of them have it: `Standard_D4ds_v5`. */
function sizeOf(name: string): { cores: number; family: string } {
  const [, letters = "", cores = "0", extras = "", version = ""] =
    /^Standard_([A-Z]+)(\d+)(?:-\d+)?([a-z]*).*?(v\d+)?$/.exec(name) ?? [];
  return { cores: Number(cores), family: `standard${letters}${extras}${version}Family` };
}
