import type { Azure } from "../azure/azure.ts";
import { AzureError } from "../azure/errors.ts";
import { asString, type JsonObject } from "../azure/json.ts";
import { poolNameOf, poolsOf } from "../azure/managed-cluster.ts";
import { DAY_MS, formatInstant } from "../engine/clock.ts";
import type { LiveCluster } from "./live-cluster.ts";
import type { TwinDraft } from "./twin.ts";

/** Linux images come weekly, Windows images monthly (AKS documentation, "Upgrade node images"). */
const RELEASES = {
  linux: { everyMs: 7 * DAY_MS, often: "weekly" },
  windows: { everyMs: 30 * DAY_MS, often: "monthly" },
};

/**
 * Reads the newest node image of each pool that the plan may upgrade, as the emulator takes it beside a cluster. Where a
 * pool has that one already, the next is assumed to come at the latest that releases allow; where Azure does not say,
 * nothing is put in, and the twin has a newer one.
 * @param start when the rehearsal begins: from there the next release counts
 * @returns undefined when nothing is known, or the plan upgrades no node image
 */
export async function readNodeImages(
  draft: TwinDraft,
  azure: Azure,
  { plan, cluster }: LiveCluster,
  start: Date,
): Promise<JsonObject | undefined> {
  if (!plan.steps.some(({ changes }) => changes.some(({ key }) => key.startsWith("roll:")))) return undefined;
  const images: Record<string, JsonObject> = {};
  for (const pool of poolsOf(cluster)) {
    const name = poolNameOf(pool);
    const latest = await latestImage(draft, azure, plan.id, name);
    if (latest === undefined) continue;
    images[name] = { latest };
    if (latest !== asString(pool["nodeImageVersion"])) continue;
    const release = RELEASES[asString(pool["osType"])?.toLowerCase() === "windows" ? "windows" : "linux"];
    const nextFrom = formatInstant(new Date(start.getTime() + release.everyMs));
    draft.lacks(
      `when the next node image for pool ${name} comes`,
      `there is none newer than its own; in the twin it comes at ${nextFrom}, as releases are ${release.often}`,
    );
    images[name] = { latest, nextFrom };
  }
  return Object.keys(images).length > 0 ? images : undefined;
}

async function latestImage(draft: TwinDraft, azure: Azure, id: string, pool: string): Promise<string | undefined> {
  const lacks = (reason: string) =>
    draft.lacks(`whether there is a newer node image for pool ${pool}`, `${reason}; in the twin there is one`);
  try {
    const latest = await azure.clusters.latestNodeImage(id, pool);
    if (latest === undefined) lacks("Azure does not say");
    return latest;
  } catch (error) {
    if (!(error instanceof AzureError) || error.code === "NOT_SIGNED_IN") throw error;
    lacks(`${error.azureCode} (HTTP ${error.status})`);
    return undefined;
  }
}
