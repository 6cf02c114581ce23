import type { Azure } from "../azure/azure.ts";
import { hasAzureCode } from "../azure/errors.ts";
import { asObject, type JsonObject } from "../azure/json.ts";
import { clusterState, isTerminal, type ManagedCluster, poolsOf } from "../azure/managed-cluster.ts";
import { MINUTE_MS } from "../engine/clock.ts";
import { TransientError } from "../engine/errors.ts";
import type { ChangeState } from "../engine/history.ts";
import type { Verdict } from "../engine/step.ts";
import { NO_OPERATION, type OperationFacts, readOperation } from "./cluster-operations.ts";
import { remedyForRoll, withDrainRemedy } from "./drain-failure.ts";
import { readCluster } from "./held-grants.ts";
import type { Migration } from "./migration.ts";
import { type PoolEvidence, readNodeEvidence } from "./nodes.ts";

/** How often an update of the cluster that rolls its pools is looked at. */
export const UPDATE_POLL_MS = 2 * MINUTE_MS;

/** How long a cluster at rest may look as if the update had come half way: then somebody stopped it there. */
const HALF_WAY_LIMIT_MS = 30 * MINUTE_MS;

/** How long a role that Azure still misses is given, each time. */
const MISSING_ROLE_DELAY_MS = 5 * MINUTE_MS;

/** Azure has looked whether a role works, and it does not yet: that says nothing about the update itself. */
const MISSING_ROLE_CODES = [
  "CustomKubeletIdentityMissingPermissionError",
  "CustomRouteTableMissingPermission",
  "CustomPrivateDNSZoneMissingPermissionError",
];

/** How an update of the whole cluster stands that a step sends. */
export interface ClusterUpdateFacts {
  readonly cluster: ManagedCluster;
  readonly operation: OperationFacts;
  /** How far the update had come in this run. */
  readonly attempt: ChangeState | undefined;
  /** When this run last began it. */
  readonly begunAt: Date | undefined;
  /** Read while Azure is at work: the update may be rolling the pools. */
  readonly pools: readonly PoolEvidence[];
}

/**
 * Reads how an update of the cluster stands.
 * @param key the change that sends it
 * @param isShown whether the cluster looks as the update is to leave it: its operation is then asked for only where the
 * cluster has not come to rest well
 */
export async function readClusterUpdate(
  azure: Azure,
  migration: Migration,
  key: string,
  isShown: (cluster: ManagedCluster) => boolean,
): Promise<ClusterUpdateFacts> {
  const { clusterId, target, history, operations } = migration;
  const cluster = await readCluster(azure, migration);
  const state = clusterState(cluster);
  const isClear = isShown(cluster) && (state === "Succeeded" || !isTerminal(state));
  const operation = isClear ? NO_OPERATION : await readOperation(azure.clusters, operations, key);
  const pools = isTerminal(state)
    ? []
    : await readNodeEvidence(
        azure,
        clusterId,
        cluster,
        history.earliestEffectOf(key),
        poolsOf(cluster),
        target.kubelet?.id,
      );
  return { cluster, operation, attempt: history.stateOf(key), begunAt: history.lastStartedAt(key), pools };
}

/** What is at work on a cluster, as a reason to wait. @param own what this run's update does, as a sentence */
export function whatIsAtWork({ cluster, attempt }: ClusterUpdateFacts, own: string): string {
  const state = clusterState(cluster);
  return attempt === "applied" && state === "Updating" ? own : `The cluster is ${state}.`;
}

/** True when an update of this run has had its time to come all the way: a cluster at rest that shows half of it keeps it so. */
export function isHalfWayForGood({ begunAt }: Pick<ClusterUpdateFacts, "begunAt">, now: Date): boolean {
  return begunAt !== undefined && now.getTime() - begunAt.getTime() > HALF_WAY_LIMIT_MS;
}

/**
 * The verdict on an update of the cluster that failed.
 * @param what what the update does, such as `switches the cluster`
 */
export function updateFailed(
  key: string,
  what: string,
  { code, message }: Pick<OperationFacts, "code" | "message">,
): Verdict {
  return {
    kind: "failed",
    key,
    code,
    message: `The update that ${what} failed: ${message}`,
    remedy: remedyForRoll(message),
  };
}

/** True when Azure refused an update because a role that it needs does not work yet. */
export function isMissingRole(error: unknown): boolean {
  return hasAzureCode(error, ...MISSING_ROLE_CODES);
}

/** The error of a refused update: one that is worth another try where a role does not work yet, otherwise with a remedy for the drain. */
export function refusedUpdate(error: unknown): unknown {
  if (!isMissingRole(error)) return withDrainRemedy(error);
  return new TransientError((error as Error).message, { cause: error, retryAfterMs: MISSING_ROLE_DELAY_MS });
}

/** The body of a cluster's update with another kubelet identity; the rest of it stays as it is. */
export function withKubeletIdentity(body: JsonObject, kubeletId: string): JsonObject {
  const properties = asObject(body["properties"]);
  const identityProfile = { ...asObject(properties["identityProfile"]), kubeletidentity: { resourceId: kubeletId } };
  return { ...body, properties: { ...properties, identityProfile } };
}

/** The pools that an update drains when it changes the kubelet identity: all of them, with the nodes they have today. */
export function drainsAllPools({ from }: Migration): { readonly drains: string[]; readonly nodes: number } {
  return {
    drains: from.pools.map((pool) => pool.name),
    nodes: from.pools.reduce((sum, pool) => sum + pool.nodes, 0),
  };
}
