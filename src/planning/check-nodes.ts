import type { Azure } from "../azure/azure.ts";
import { hasStatus } from "../azure/errors.ts";
import { asString, type JsonObject } from "../azure/json.ts";
import { type ManagedCluster, poolNameOf, poolsOf } from "../azure/managed-cluster.ts";
import { reasonFor } from "../azure/refusals.ts";
import type { Finding } from "../engine/step.ts";
import { checkDisruptionPolicy } from "../migration/disruption-policy.ts";
import { changesKubeletIdentity, type Migration } from "../migration/migration.ts";
import { isAvailabilitySet, poolsLeftOf, readNodeEvidence } from "../migration/nodes.ts";
import {
  checkNewerImages,
  checkPoolKinds,
  checkSingleNodePools,
  type PoolImage,
  type RollKind,
} from "../migration/pool-findings.ts";
import { checkWindows } from "../migration/window-findings.ts";
import type { PathId } from "../plan/schema.ts";
import { checkSurge } from "./check-surge.ts";

/** How a path re-images nodes; undefined when it leaves them alone. */
export function rollKindOf(path: PathId, migration: Migration): RollKind | undefined {
  if (path === "finish-node-migration") return "image upgrade";
  if (!changesKubeletIdentity(migration)) return undefined;
  return migration.target.kubelet ? "update" : "image upgrade";
}

/**
 * What a plan says about the nodes that it re-images: kinds of pools, images, windows. Nothing when it leaves them alone.
 * @param rollMs how long re-imaging all nodes takes, one after the other
 */
export async function checkPools(
  azure: Azure,
  cluster: ManagedCluster,
  migration: Migration,
  { path, rollMs, now }: { readonly path: PathId; readonly rollMs: number; readonly now: Date },
): Promise<Finding[]> {
  const roll = rollKindOf(path, migration);
  if (!roll) return [];
  const images = roll === "image upgrade" ? await readPoolImages(azure, cluster, migration, path) : [];
  return [
    ...checkPoolKinds(cluster, roll),
    ...checkSingleNodePools(cluster),
    ...checkNewerImages(images, roll, false),
    ...(await readAndCheckWindows(azure, cluster, migration.clusterId, roll, rollMs, now)),
  ];
}

/**
 * What can stop the nodes from being re-imaged, now and again right before that: the node disruption policy, room for the
 * surge, and a newer image where the user wants none to begin without one.
 */
export async function checkRoll(
  azure: Azure,
  cluster: ManagedCluster,
  migration: Migration,
  path: PathId,
  requireNodeImage: boolean,
): Promise<Finding[]> {
  const roll = rollKindOf(path, migration);
  if (!roll) return [];
  const images = requireNodeImage ? await readPoolImages(azure, cluster, migration, path) : [];
  return [
    ...checkDisruptionPolicy(cluster),
    ...checkNewerImages(images, roll, true),
    ...(await checkSurge(azure, cluster, migration.clusterId, await readPoolsLeft(azure, cluster, migration, path))),
  ];
}

/** The pools whose nodes are still to be re-imaged. */
async function readPoolsLeft(
  azure: Azure,
  cluster: ManagedCluster,
  { clusterId, from }: Migration,
  path: PathId,
): Promise<JsonObject[]> {
  if (path !== "finish-node-migration") return poolsOf(cluster);
  const switchedAt = from.switchedAt === undefined ? undefined : new Date(from.switchedAt);
  const evidence = await readNodeEvidence(azure, clusterId, cluster, switchedAt);
  return poolsLeftOf(cluster, evidence);
}

/** Their newest images; availability sets take another way (RD004). */
async function readPoolImages(
  azure: Azure,
  cluster: ManagedCluster,
  migration: Migration,
  path: PathId,
): Promise<PoolImage[]> {
  const { clusterId } = migration;
  const images: PoolImage[] = [];
  for (const pool of await readPoolsLeft(azure, cluster, migration, path)) {
    const name = poolNameOf(pool);
    if (isAvailabilitySet({ type: asString(pool["type"]) ?? "" })) continue;
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
