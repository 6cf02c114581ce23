import { MINUTE_MS, SECOND_MS } from "../engine/clock.ts";
import { type ArmReply, type ArmRequest, pageOf } from "./arm.ts";
import { flat } from "./arm-error.ts";
import type { Cluster, Pool } from "./cluster.ts";
import { ensureDrainable, ensureIdle, ensureRunning } from "./cluster-guards.ts";
import { mergePool } from "./cluster-merge.ts";
import { operationHeaders, placeOfCluster, touch } from "./cluster-update.ts";
import { poolView } from "./cluster-view.ts";
import { isSameId, keyOf, nameOf } from "./ids.ts";
import { type JsonObject, objectAt, objectsAt, propertiesOf, textAt } from "./json.ts";
import { isAvailabilitySet } from "./machine-pools.ts";
import { isUpgrade, latestImageOf, takeNewestImage, takeVersion } from "./node-images.ts";
import { rollNodes, wholePools } from "./node-roll.ts";
import type { Operation } from "./operation.ts";
import { beginOperation, endOperation } from "./operations.ts";
import { ensurePoolsAreValid } from "./pool-input.ts";
import { fillInPool, syncPools } from "./pools.ts";
import { isStopped, profileOf } from "./scale-sets.ts";
import type { World } from "./world.ts";

/** How long a pool takes to be made, changed or removed; no figure is documented. */
const POOL_UPDATE_MS = 2 * MINUTE_MS;

/** How long an upgrade to the image that the pool already has takes: nothing is done (public reports). */
const NOTHING_TO_DO_MS = 10 * SECOND_MS;

/** The pools of a cluster. */
export function listPools(cluster: Cluster, request: ArmRequest): ArmReply {
  const profiles = objectsAt(cluster.resource, "properties", "agentPoolProfiles");
  return pageOf(
    profiles.map((profile) => poolView(cluster, profile, request)),
    request,
    100,
  );
}

/** 404 for a pool comes from the resource provider itself. */
export function poolNotFound(cluster: Cluster, name: string): Error {
  return flat(404, "NotFound", `Could not find agentpool '${name}' in managed cluster '${nameOf(cluster.id)}'.`);
}

function existingPool(cluster: Cluster, name: string): { pool: Pool; profile: JsonObject } {
  const pool = cluster.pools.get(name.toLowerCase());
  const profile = profileOf(cluster, name);
  if (!pool || !profile) throw poolNotFound(cluster, name);
  return { pool, profile };
}

/** The newest node image for a pool. */
export function getUpgradeProfile(world: World, cluster: Cluster, poolId: string, request: ArmRequest): ArmReply {
  const { pool, profile } = existingPool(cluster, nameOf(poolId));
  return {
    status: 200,
    body: {
      id: `${poolView(cluster, profile, request)["id"]}/upgradeProfiles/default`,
      name: "default",
      type: "Microsoft.ContainerService/managedClusters/agentPools/upgradeProfiles",
      properties: {
        kubernetesVersion: textAt(profile, "orchestratorVersion") ?? "1.32.7",
        osType: profile["osType"],
        upgrades: [],
        latestNodeImageVersion: latestImageOf(world, pool, profile),
      },
    },
  };
}

/**
 * POST upgradeNodeImageVersion: 202 with the pool, state `UpgradingNodeImageVersion` (recorded 2022). Where the pool has the
 * newest image, that ends without effect, or the answer is 304 (announced by the AKS team in 2023): `upToDateImageUpgrade`.
 * @throws ArmError 400 for an availability set, 409 while another operation is under way or the pool is stopped (the service
 * rejects it, az does not look: read in its source; code and text are the model's)
 */
export function upgradeNodeImage(world: World, cluster: Cluster, poolId: string, request: ArmRequest): ArmReply {
  const { pool, profile } = existingPool(cluster, nameOf(poolId));
  if (isAvailabilitySet(profile))
    throw flat(
      400,
      "BadRequest",
      "This cluster is not using VirtualMachineScaleSets. Node image upgrade only operation can only be applied on VirtualMachineScaleSets cluster.",
    );
  ensureIdle(cluster, pool);
  ensureRunning(cluster);
  if (isStopped(cluster, pool))
    throw flat(
      409,
      "OperationNotAllowed",
      `agent pool is not currently running, current power state is Stopped. Please start the agent pool ${pool.name} first.`,
    );
  const latest = latestImageOf(world, pool, profile);
  const isNewer = latest !== profile["nodeImageVersion"];
  if (!isNewer && world.behaviour.upToDateImageUpgrade === "notModified") return { status: 304 };
  if (isNewer) ensureDrainable(world, cluster, pool);
  const operation = startPoolOperation(
    world,
    cluster,
    pool,
    profile,
    "upgrade node image version",
    "UpgradingNodeImageVersion",
  );
  if (isNewer) {
    rollNodes(world, cluster, operation, wholePools(cluster, [pool]), {
      done: () => {
        takeNewestImage(world, pool, profile);
        finishPoolOperation(world, pool, profile, operation, "Succeeded");
      },
      failed: (error) => finishPoolOperation(world, pool, profile, operation, "Failed", error),
    });
  } else {
    world.timeline.schedule(world.nowMs + NOTHING_TO_DO_MS, () =>
      finishPoolOperation(world, pool, profile, operation, "Succeeded"),
    );
  }
  return {
    status: 202,
    body: poolView(cluster, profile, request),
    headers: operationHeaders(world, operation, request, true),
  };
}

/** Begins an operation on one pool. */
function startPoolOperation(
  world: World,
  cluster: Cluster,
  pool: Pool,
  profile: JsonObject,
  kind: string,
  state: string,
): Operation {
  const operation = beginOperation(world, placeOfCluster(cluster), kind, `${cluster.id}/agentPools/${pool.name}`);
  pool.operation = operation;
  profile["provisioningState"] = state;
  touch(world, profile);
  return operation;
}

/** Ends an operation on one pool. */
export function finishPoolOperation(
  world: World,
  pool: Pool,
  profile: JsonObject,
  operation: Operation,
  status: "Succeeded" | "Failed" | "Canceled",
  error?: JsonObject,
): void {
  endOperation(world, operation, status, error);
  if (pool.operation !== operation) return;
  pool.operation = undefined;
  profile["provisioningState"] = status;
  touch(world, profile);
}

/** PUT on a pool: makes it, changes its count and settings, starts or stops it, or upgrades its Kubernetes version. */
export function putPool(world: World, cluster: Cluster, name: string, request: ArmRequest): ArmReply {
  const known = profileOf(cluster, name);
  ensurePoolsAreValid({ agentPoolProfiles: [{ ...objectAt(request.body, "properties"), name }] });
  ensureIdle(cluster);
  ensureRunning(cluster);
  const profile = known ?? addProfile(world, cluster, name);
  const before = { version: textAt(profile, "orchestratorVersion"), power: powerOf(profile) };
  const properties = objectAt(request.body, "properties") ?? {};
  if (known && isUpgrade(before.version, properties)) ensureDrainable(world, cluster, cluster.pools.get(keyOf(name))!);
  mergePool(profile, properties);
  fillInPool(world, cluster.resource, profile);
  if (!known) syncPools(world, cluster);
  const pool = cluster.pools.get(keyOf(name))!;
  const kind = kindOfPut(known !== undefined, before, profile);
  const operation = startPoolOperation(world, cluster, pool, profile, kind.operation, kind.state);
  const finish = () => {
    cluster.work?.stir();
    finishPoolOperation(world, pool, profile, operation, "Succeeded");
  };
  if (kind.state === "Upgrading") {
    rollNodes(world, cluster, operation, wholePools(cluster, [pool]), {
      done: () => {
        takeVersion(world, pool, profile);
        finish();
      },
      failed: (error) => finishPoolOperation(world, pool, profile, operation, "Failed", error),
    });
  } else {
    world.timeline.schedule(world.nowMs + POOL_UPDATE_MS, () => {
      if (operation.endMs !== undefined) return;
      syncPools(world, cluster);
      finish();
    });
  }
  return {
    status: known ? 200 : 201,
    body: poolView(cluster, profile, request),
    headers: operationHeaders(world, operation, request),
  };
}

function powerOf(profile: JsonObject): string {
  return textAt(profile, "powerState", "code") ?? "Running";
}

function kindOfPut(
  isKnown: boolean,
  before: { version: string | undefined; power: string },
  profile: JsonObject,
): { operation: string; state: string } {
  if (!isKnown) return { operation: "create agent pool", state: "Creating" };
  if (isUpgrade(before.version, profile)) return { operation: "upgrade agent pool", state: "Upgrading" };
  const power = powerOf(profile);
  if (isSameId(power, before.power)) return { operation: "update agent pool", state: "Updating" };
  return isSameId(power, "Stopped")
    ? { operation: "stop agent pool", state: "Stopping" }
    : { operation: "start agent pool", state: "Starting" };
}

function addProfile(world: World, cluster: Cluster, name: string): JsonObject {
  const properties = propertiesOf(cluster.resource);
  const profile: JsonObject = { name };
  properties["agentPoolProfiles"] = [...objectsAt(properties, "agentPoolProfiles"), profile];
  touch(world, cluster.resource);
  return profile;
}

/** DELETE on a pool; the last system pool stays. @throws ArmError 400 `OperationNotAllowed` for that one */
export function removePoolByRequest(world: World, cluster: Cluster, name: string, request: ArmRequest): ArmReply {
  if (!profileOf(cluster, name)) return { status: 204 };
  const { pool, profile } = existingPool(cluster, name);
  ensureIdle(cluster);
  const properties = propertiesOf(cluster.resource);
  const others = objectsAt(properties, "agentPoolProfiles").filter((item) => item !== profile);
  if (!others.some((item) => isSameId(textAt(item, "mode"), "System")))
    throw flat(
      400,
      "OperationNotAllowed",
      `There has to be at least one system agent pool, '${name}' cannot be deleted.`,
    );
  const operation = startPoolOperation(world, cluster, pool, profile, "delete agent pool", "Deleting");
  world.timeline.schedule(world.nowMs + POOL_UPDATE_MS, () => {
    if (operation.endMs !== undefined) return;
    properties["agentPoolProfiles"] = objectsAt(properties, "agentPoolProfiles").filter((item) => item !== profile);
    syncPools(world, cluster);
    touch(world, cluster.resource);
    cluster.work?.stir();
    endOperation(world, operation, "Succeeded");
  });
  return { status: 202, headers: operationHeaders(world, operation, request, true) };
}
