import type { ArmRequest, Target } from "./arm.ts";
import { ArmError, enveloped, flat } from "./arm-error.ts";
import type { BUCKET_NAMES, BucketSettings } from "./behaviour.ts";
import { keyOf, subscriptionOf } from "./ids.ts";
import { textAt } from "./json.ts";
import { retryAfterHeaders } from "./retry-after.ts";
import type { World } from "./world.ts";

type BucketName = (typeof BUCKET_NAMES)[number];
type Headers = Readonly<Record<string, string>>;

/**
 * ARM's buckets per subscription, caller and kind of operation (documentation since 2024), and those of the AKS resource
 * provider per cluster, pool or subscription, in each region (AKS quotas page).
 */
const AZURE_BUCKETS: Record<BucketName, BucketSettings> = {
  reads: { size: 250, perSecond: 25 },
  writes: { size: 200, perSecond: 10 },
  deletes: { size: 200, perSecond: 10 },
  clusterWrites: { size: 20, perSecond: 1 / 60 },
  clusterReads: { size: 60, perSecond: 1 },
  clusterLists: { size: 500, perSecond: 1 },
  groupClusterLists: { size: 60, perSecond: 1 },
  poolWrites: { size: 20, perSecond: 1 / 60 },
  operationReads: { size: 200, perSecond: 2 },
  otherCalls: { size: 60, perSecond: 1 },
};

interface Level {
  tokens: number;
  atMs: number;
}

/** Token buckets: what is left of each, whether or not running out has consequences. */
export class Throttles {
  readonly #levels = new Map<string, Level>();

  /**
   * Takes a token for the request; throws the 429 of ARM or of AKS when the setting says so and none is left. Which of them it
   * was, the header with what is left at ARM tells (documentation of request limits). What lies above subscriptions counts for
   * the tenant.
   * @param target undefined for what no resource provider serves
   */
  take(world: World, request: Pick<ArmRequest, "method" | "caller">, path: string, target?: Target): Headers {
    const setting = world.behaviour.throttles;
    const buckets = typeof setting === "object" ? { ...AZURE_BUCKETS, ...setting } : AZURE_BUCKETS;
    const isEnforced = setting !== false;
    const arm = armBucket(request.method);
    const subscription = subscriptionOf(path)?.toLowerCase();
    const left = this.#draw(world, `${arm} ${subscription ?? ""} ${request.caller.objectId}`, buckets[arm]);
    const name = `x-ms-ratelimit-remaining-${subscription ? "subscription" : "tenant"}-${arm}`;
    const remaining = { [name]: String(Math.max(0, Math.floor(left.tokens))) };
    if (left.waitSeconds > 0 && isEnforced) throw armThrottled(world, arm, subscription, left.waitSeconds, remaining);
    const own = target && aksBucket(world, target, request.method);
    if (own) {
      const { waitSeconds } = this.#draw(world, `${own.name} ${own.scope}`, buckets[own.name]);
      if (waitSeconds > 0 && isEnforced) throw aksThrottled(world, own.handler, subscription, waitSeconds, remaining);
    }
    return remaining;
  }

  #draw(world: World, key: string, bucket: BucketSettings): { tokens: number; waitSeconds: number } {
    const level = this.#levels.get(key) ?? { tokens: bucket.size, atMs: world.nowMs };
    const seconds = (world.nowMs - level.atMs) / 1000;
    const tokens = Math.min(bucket.size, level.tokens + seconds * bucket.perSecond);
    const isLeft = tokens >= 1;
    this.#levels.set(key, { tokens: isLeft ? tokens - 1 : tokens, atMs: world.nowMs });
    if (isLeft) return { tokens: tokens - 1, waitSeconds: 0 };
    return { tokens: 0, waitSeconds: bucket.perSecond > 0 ? Math.ceil((1 - tokens) / bucket.perSecond) : 3600 };
  }
}

function armBucket(method: string): "reads" | "writes" | "deletes" {
  if (method === "GET" || method === "HEAD") return "reads";
  return method === "DELETE" ? "deletes" : "writes";
}

interface AksBucket {
  readonly name: BucketName;
  readonly scope: string;
  /** How the refusal names what serves the call: that of a cluster's PUT is reported, the others are formed like it. */
  readonly handler: string;
}

/** The bucket of the AKS resource provider that a request draws from. */
function aksBucket(world: World, target: Target, method: string): AksBucket | undefined {
  const path = keyOf(target.path);
  if (!target.type.startsWith(`${AKS}/`)) return undefined;
  if (target.type === `${AKS}/managedclusters`) {
    if (target.kind === "collection") {
      const name = target.resourceGroup === undefined ? "clusterLists" : "groupClusterLists";
      return { name, scope: path, handler: "ListManagedClustersHandler.GET" };
    }
    if (method === "GET") return { name: "clusterReads", scope: path, handler: "GetManagedClusterHandler.GET" };
    if (method === "PUT") return { name: "clusterWrites", scope: path, handler: "PutManagedClusterHandler.PUT" };
  }
  if (target.type === `${AKS}/managedclusters/agentpools` && method === "PUT")
    return { name: "poolWrites", scope: path, handler: "PutAgentPoolHandler.PUT" };
  const scope = `${target.subscription?.toLowerCase() ?? ""} ${regionOf(world, path)}`;
  if (target.type === `${AKS}/locations/operations`)
    return { name: "operationReads", scope, handler: "GetOperationStatusHandler.GET" };
  const called = target.typeAsWritten.slice(target.typeAsWritten.lastIndexOf("/") + 1);
  const handler = `${method[0]}${method.slice(1).toLowerCase()}${called[0]?.toUpperCase()}${called.slice(1)}Handler.${method}`;
  return { name: "otherCalls", scope, handler };
}

const AKS = "microsoft.containerservice";

/** Where a path's location or cluster is: each bucket is one per region. */
function regionOf(world: World, path: string): string {
  const [, named] = /\/locations\/([^/]+)/.exec(path) ?? [];
  if (named) return named;
  const cluster = world.cluster(path.split("/").slice(0, CLUSTER_SEGMENTS).join("/"));
  return (textAt(cluster?.resource, "location") ?? "").toLowerCase().replaceAll(" ", "");
}

/** `/subscriptions/{s}/resourceGroups/{g}/providers/{p}/managedClusters/{c}`, the empty one before the first slash included. */
const CLUSTER_SEGMENTS = 9;

function armThrottled(
  world: World,
  kind: string,
  subscription: string | undefined,
  seconds: number,
  remaining: Headers,
): ArmError {
  const of = subscription ? `subscription '${subscription}'` : `tenant '${world.principals.tenantId}'`;
  const error = enveloped(
    429,
    "SubscriptionRequestsThrottled",
    `Number of '${kind.slice(0, -1)}' requests for ${of} exceeded the limit. Please try again after '${seconds}' seconds.`,
  );
  return new ArmError(429, error.message, error.body, { ...retryAfterHeaders(world, seconds), ...remaining });
}

function aksThrottled(
  world: World,
  handler: string,
  subscription: string | undefined,
  seconds: number,
  remaining: Headers,
): ArmError {
  const error = flat(
    429,
    "Throttled",
    `The ${handler} request limit has been exceeded for SubID='${subscription ?? ""}', please retry again in ${seconds} seconds. For more information, please visit aka.ms/aks/throttling`,
  );
  return new ArmError(429, error.message, error.body, { ...retryAfterHeaders(world, seconds), ...remaining });
}
