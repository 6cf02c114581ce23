import { SECOND_MS } from "../engine/clock.ts";
import { finishPoolOperation, poolNotFound } from "./agent-pools.ts";
import type { ArmReply, ArmRequest } from "./arm.ts";
import { flat } from "./arm-error.ts";
import type { Cluster } from "./cluster.ts";
import { finishClusterOperation, operationHeaders, placeOfCluster, setClusterState } from "./cluster-update.ts";
import type { JsonObject } from "./json.ts";
import { beginOperation, endOperation } from "./operations.ts";
import { profileOf } from "./scale-sets.ts";
import type { World } from "./world.ts";

/** How long an abort takes to leave everything `Canceled` (recorded 2023: about ten seconds). */
const ABORT_MS = 10 * SECOND_MS;

/** ARM's contract asks for an error on operations that were canceled too; code and text are not published. */
const CANCELED: JsonObject = { code: "Canceled", message: "The operation was canceled." };

/**
 * POST abort on a cluster or on one of its pools: 202, then `Canceled`, and a result URL that answers 204 (recorded).
 * @throws ArmError 409 `OperationNotAllowed` when nothing is under way, 404 `NotFound` for a pool that is not there
 */
export function abortOperation(world: World, cluster: Cluster, request: ArmRequest, poolName?: string): ArmReply {
  const pool = poolName === undefined ? undefined : cluster.pools.get(poolName.toLowerCase());
  if (poolName !== undefined && !pool) throw poolNotFound(cluster, poolName);
  const running = poolName === undefined ? cluster.operation : pool?.operation;
  if (!running) throw flat(409, "OperationNotAllowed", "There is no ongoing operation to abort.");
  const abort = beginOperation(world, placeOfCluster(cluster), "abort");
  endOperation(world, running, "Canceled", CANCELED);
  const profile = pool ? profileOf(cluster, pool.name) : undefined;
  if (profile) profile["provisioningState"] = "Canceling";
  else setClusterState(world, cluster, "Canceling");
  world.timeline.schedule(world.nowMs + ABORT_MS, () => {
    if (pool && profile) finishPoolOperation(world, pool, profile, running, "Canceled");
    else finishClusterOperation(world, cluster, running, "Canceled");
    endOperation(world, abort, "Succeeded");
  });
  return { status: 202, headers: operationHeaders(world, abort, request, true) };
}
