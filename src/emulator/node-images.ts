import type { Cluster, Pool, PoolImages } from "./cluster.ts";
import type { JsonObject } from "./json.ts";
import { textAt } from "./json.ts";
import type { World } from "./world.ts";

/** What was put in about the images for a pool, beside its cluster. */
export function imagesPutIn(cluster: Cluster, pool: string): PoolImages | undefined {
  const latest = textAt(cluster.resource, "_emulator", "nodeImages", pool, "latest");
  const from = Date.parse(textAt(cluster.resource, "_emulator", "nodeImages", pool, "nextFrom") ?? "");
  return latest === undefined ? undefined : { latest, nextFromMs: Number.isNaN(from) ? undefined : from };
}

/**
 * The newest image for a pool: the one that was put in, with the release after it from its date on; without, its own, or one
 * a release later when the behaviour says that there is a newer one.
 */
export function latestImageOf(world: World, pool: Pool, profile: JsonObject): string {
  if (pool.images) {
    const { latest, nextFromMs } = pool.images;
    return nextFromMs !== undefined && world.nowMs >= nextFromMs ? nextImage(latest) : latest;
  }
  const own = textAt(profile, "nodeImageVersion") ?? "";
  return hasNewerImage(world, pool) ? nextImage(own) : own;
}

/** True when a body asks for another Kubernetes version than a pool has. */
export function isUpgrade(before: string | undefined, body: JsonObject): boolean {
  const asked = textAt(body, "orchestratorVersion");
  return before !== undefined && asked !== undefined && asked !== before;
}

/** What an upgrade of a pool's Kubernetes version leaves: it brings the newest node image too (AKS documentation). */
export function takeVersion(world: World, pool: Pool, profile: JsonObject): void {
  profile["currentOrchestratorVersion"] = profile["orchestratorVersion"];
  takeNewestImage(world, pool, profile);
}

/** Gives a pool the newest image there is. */
export function takeNewestImage(world: World, pool: Pool, profile: JsonObject): void {
  profile["nodeImageVersion"] = latestImageOf(world, pool, profile);
  pool.imageTakenMs = world.nowMs;
}

function hasNewerImage(world: World, pool: Pool): boolean {
  const setting = world.behaviour.newerNodeImage;
  if (typeof setting === "boolean") return setting && pool.imageTakenMs === undefined;
  const fromMs = Date.parse(setting);
  return world.nowMs >= fromMs && (pool.imageTakenMs === undefined || pool.imageTakenMs < fromMs);
}

/** The image after one: Linux images come weekly and name year, month and day; Windows images come monthly. */
function nextImage(image: string): string {
  const dated = /^(.*?)(\d{4})(\.?)(\d{2})\.(\d{2})(\.\d+)?$/.exec(image);
  if (dated) {
    const [, prefix, year, dot, month, day, patch] = dated;
    const next = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day) + 7));
    return `${prefix}${next.getUTCFullYear()}${dot}${two(next.getUTCMonth() + 1)}.${two(next.getUTCDate())}${patch ?? ""}`;
  }
  const windows = /^(.*\.)(\d{2})(\d{2})(\d{2})$/.exec(image);
  if (windows) {
    const [, prefix, year, month, day] = windows;
    const next = new Date(Date.UTC(2000 + Number(year), Number(month), Number(day)));
    return `${prefix}${two(next.getUTCFullYear() - 2000)}${two(next.getUTCMonth() + 1)}${two(next.getUTCDate())}`;
  }
  return `${image}.1`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
