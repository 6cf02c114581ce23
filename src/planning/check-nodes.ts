import type { Azure } from "../azure/azure.ts";
import { type ManagedCluster, poolsOf } from "../azure/clusters.ts";
import { hasStatus } from "../azure/errors.ts";
import { asString } from "../azure/json.ts";
import { reasonFor } from "../azure/refusals.ts";
import type { Finding } from "../engine/step.ts";
import { changesKubeletIdentity, type Migration } from "../migration/migration.ts";
import { isAvailabilitySet, readNodeEvidence } from "../migration/nodes.ts";
import {
  checkNewerImages,
  checkPoolKinds,
  checkSingleNodePools,
  type PoolImage,
  type RollKind,
} from "../migration/pool-findings.ts";
import { checkWindows } from "../migration/window-findings.ts";
import type { PathId } from "../plan/schema.ts";

/** How a path re-images nodes; undefined when it leaves them alone. */
export function rollKindOf(path: PathId, migration: Migration): RollKind | undefined {
  if (path === "finish-node-migration") return "image upgrade";
  if (!changesKubeletIdentity(migration)) return undefined;
  return migration.target.kubelet ? "update" : "image upgrade";
}

/** How the nodes are to be looked at. */
export interface NodeCheckOptions {
  readonly path: PathId;
  readonly requireNodeImage: boolean;
  /** How long re-imaging all nodes takes, one after the other. */
  readonly rollMs: number;
  readonly now: Date;
}

/** What a plan says about the nodes that it re-images: kinds of pools, images, windows. Nothing when it leaves them alone. */
export async function checkNodes(
  azure: Azure,
  cluster: ManagedCluster,
  migration: Migration,
  { path, requireNodeImage, rollMs, now }: NodeCheckOptions,
): Promise<Finding[]> {
  const roll = rollKindOf(path, migration);
  if (!roll) return [];
  const images =
    roll === "image upgrade" || requireNodeImage ? await readPoolImages(azure, cluster, migration, path) : [];
  return [
    ...checkPoolKinds(cluster, roll),
    ...checkSingleNodePools(cluster),
    ...checkNewerImages(images, roll, requireNodeImage),
    ...(await readAndCheckWindows(azure, cluster, migration.clusterId, roll, rollMs, now)),
  ];
}

/** The pools that are still to be re-imaged; availability sets take another way (RD004). */
async function readPoolImages(
  azure: Azure,
  cluster: ManagedCluster,
  { clusterId, from }: Migration,
  path: PathId,
): Promise<PoolImage[]> {
  const switchedAt = from.switchedAt === undefined ? undefined : new Date(from.switchedAt);
  const evidence =
    path === "finish-node-migration" ? await readNodeEvidence(azure, clusterId, cluster, switchedAt) : [];
  const rolled = new Set(evidence.filter(({ rank }) => rank === "rolled").map(({ pool }) => pool));
  const images: PoolImage[] = [];
  for (const pool of poolsOf(cluster)) {
    const name = asString(pool["name"]) ?? "";
    if (rolled.has(name) || isAvailabilitySet({ type: asString(pool["type"]) ?? "" })) continue;
    images.push({
      name,
      image: asString(pool["nodeImageVersion"]),
      newest: await azure.clusters.latestNodeImage(clusterId, name).catch((error: unknown) => {
        if (hasStatus(error, 403) || hasStatus(error, 404)) return undefined;
        throw error;
      }),
    });
  }
  return images;
}

async function readAndCheckWindows(
  azure: Azure,
  cluster: ManagedCluster,
  clusterId: string,
  roll: RollKind,
  rollMs: number,
  now: Date,
): Promise<Finding[]> {
  try {
    return checkWindows(cluster, await azure.maintenance.configurations(clusterId), roll, rollMs, now);
  } catch (error) {
    if (!hasStatus(error, 403)) throw error;
    return [
      ...checkWindows(cluster, [], roll, rollMs, now),
      {
        check: "RD008",
        severity: "info",
        seen: `${reasonFor(error, "the maintenance windows")}: not assessed, and the run keeps to none`,
        remedy: "Ask someone who may read them when nodes may be replaced.",
      },
    ];
  }
}
