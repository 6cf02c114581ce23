import { MINUTE_MS, SECOND_MS } from "../engine/clock.ts";
import { AksMiError, TransientError } from "../engine/errors.ts";
import { hasAzureCode, hasStatus, tell } from "./errors.ts";
import { parseResourceId, sameId } from "./ids.ts";
import { asDate, asObject, asString, at, type Json, type JsonObject } from "./json.ts";
import { isIdle, type ManagedCluster, spelledAsAzureDoes } from "./managed-cluster.ts";
import { toPutBody } from "./put-body.ts";
import { AFRESH } from "./read-memory.ts";
import { NOT_MODIFIED, type Transport } from "./transport.ts";

/** The api-version of @azure/arm-containerservice 25.3.0. */
const API_VERSION = "2026-04-01";

/** The type of a managed cluster, in lower case. */
const TYPE = "microsoft.containerservice/managedclusters";

/** How long another operation on the cluster is waited for, and how often it is looked at. */
const CONFLICT_LIMIT_MS = 60 * MINUTE_MS;
const CONFLICT_POLL_MS = 30 * SECOND_MS;

/** A write that Azure has accepted. */
export interface Accepted {
  /** The operation's id, the last segment of its URL; undefined when the service was done at once. */
  readonly operation: string | undefined;
  /** Signed: never shown, never logged. */
  readonly operationUrl: string | undefined;
  readonly correlationId: string | undefined;
  /** When Azure answered, by its own clock; undefined when it does not tell. */
  readonly at: Date | undefined;
}

/** What an operation says of itself. `error` may be there although it goes on, or succeeded (recorded in 2024). */
export interface OperationStatus {
  readonly status: string;
  readonly code: string | undefined;
  readonly message: string | undefined;
}

/** Gets the body to be sent and returns the changed one, or undefined when nothing is to be sent any more. */
export type ClusterChange = (
  body: JsonObject,
  live: ManagedCluster,
) => JsonObject | undefined | Promise<JsonObject | undefined>;

/** Managed clusters and their agent pools. */
export interface Clusters {
  /** @returns undefined when there is no such cluster */
  get(id: string): Promise<ManagedCluster | undefined>;
  /** Every cluster of a subscription, or of one of its resource groups. */
  list(subscription: string, resourceGroup?: string): Promise<ManagedCluster[]>;
  /**
   * Changes a cluster with one PUT of its own current body. While another operation runs, or when someone else was
   * quicker (409, 412), it waits for the end of that: by then everything may be different, so it has to be looked at anew.
   * @throws TransientError after such a wait, and when nobody knows whether Azure acted
   */
  update(id: string, change: ClusterChange): Promise<Accepted>;
  /** The newest node image for a pool, or undefined when the service does not say. */
  latestNodeImage(id: string, pool: string): Promise<string | undefined>;
  /**
   * Starts the node image upgrade of one pool. Waits as `update` does, and is not repeated by itself.
   * @throws AksMiError `AZURE_ERROR` when Azure has no newer image for the pool
   */
  upgradeNodeImage(id: string, pool: string): Promise<Accepted>;
  /** @returns undefined when Azure does not know the operation any more */
  operation(url: string): Promise<OperationStatus | undefined>;
}

/** Managed clusters over the pipeline of @azure/arm-containerservice: its typed model would lose what it does not know. */
export function createClusters({ arm, retry }: Transport): Clusters {
  const url = (id: string, suffix = "") => `${id}${suffix}?api-version=${API_VERSION}`;
  const get = async (id: string, headers?: Record<string, string>) => {
    try {
      return asCluster((await arm.get(`read cluster ${id}`, url(id), headers)).body, id);
    } catch (error) {
      if (hasStatus(error, 404)) return undefined;
      throw error;
    }
  };
  const whenIdle = (error: unknown, id: string) => waitUntilIdle(error, retry, () => get(id));
  return {
    get: (id) => get(id),
    async list(subscription, resourceGroup) {
      const scope = `/subscriptions/${subscription}${resourceGroup ? `/resourceGroups/${resourceGroup}` : ""}`;
      const path = `${scope}/providers/Microsoft.ContainerService/managedClusters`;
      const found = (await arm.list(`list the clusters of ${scope}`, url(path))).map(asObject);
      const stranger = found.find((item) => parseResourceId(asString(item["id"]) ?? "")?.type.toLowerCase() !== TYPE);
      if (stranger) throw misunderstood(`list the clusters of ${scope}`);
      return found;
    },
    async update(id, change) {
      // Read again right before: a pool that was scaled since the last look may not have changed the cluster's eTag.
      const live = await get(id, AFRESH);
      if (!live) throw clusterGone(id);
      const body = await change(toPutBody(live), live);
      if (!body) return { operation: undefined, operationUrl: undefined, correlationId: undefined, at: undefined };
      const eTag = asString(at(live, "eTag")) ?? asString(at(live, "properties", "eTag"));
      const headers = eTag ? { "if-match": eTag } : {};
      const send = () => arm.send(`update cluster ${id}`, "PUT", url(id), body, headers);
      return accepted(await send().catch((error: unknown) => whenIdle(error, id)));
    },
    async latestNodeImage(id, pool) {
      const profile = await arm.get(
        `read the upgrade profile of pool ${pool}`,
        url(id, `/agentPools/${pool}/upgradeProfiles/default`),
      );
      return asString(at(profile.body, "properties", "latestNodeImageVersion"));
    },
    async upgradeNodeImage(id, pool) {
      const path = url(id, `/agentPools/${pool}/upgradeNodeImageVersion`);
      const send = () => arm.send(`upgrade the node image of pool ${pool}`, "POST", path);
      const response = await send().catch((error: unknown) => whenIdle(error, id));
      if (response.status === NOT_MODIFIED) throw nothingUpgraded(pool);
      return accepted(response);
    },
    async operation(operationUrl) {
      try {
        const { body } = await arm.get("read the operation", operationUrl);
        const status = spelledAsAzureDoes(asString(at(body, "status")) ?? "Unknown");
        return { status, code: tell(at(body, "error", "code")), message: tell(at(body, "error", "message")) };
      } catch (error) {
        if (hasStatus(error, 404)) return undefined;
        throw error;
      }
    },
  };
}

/**
 * Waits until a cluster is idle on which someone else was at work, and leaves the rest to whoever can look at everything again.
 * @throws the error itself when it is about something else, or when the cluster is not idle within an hour
 * @throws TransientError otherwise
 */
async function waitUntilIdle(
  error: unknown,
  { clock, pauseAt, onRetry, signal }: Transport["retry"],
  read: () => Promise<ManagedCluster | undefined>,
): Promise<never> {
  if (!isConflict(error)) throw error;
  const reason = (error as Error).message;
  const giveUpAt = clock.now().getTime() + CONFLICT_LIMIT_MS;
  for (;;) {
    if (clock.now().getTime() >= giveUpAt) throw error;
    if (pauseAt && clock.now().getTime() + CONFLICT_POLL_MS >= pauseAt.getTime())
      throw new TransientError(reason, { cause: error, retryAfterMs: CONFLICT_POLL_MS });
    onRetry?.({ request: "change the cluster", reason, delayMs: CONFLICT_POLL_MS });
    await clock.sleep(CONFLICT_POLL_MS, signal);
    const cluster = await read();
    if (!cluster || isIdle(cluster)) throw new TransientError(reason, { cause: error, retryAfterMs: SECOND_MS });
  }
}

/** Someone else is at work on the cluster, or was quicker: 412, or 409 with one of these codes. */
function isConflict(error: unknown): boolean {
  return hasStatus(error, 412) || (hasStatus(error, 409) && hasAzureCode(error, "OperationNotAllowed", "EtagMismatch"));
}

/** Everything is decided by this answer: one that is not about this cluster decides nothing. */
function asCluster(body: Json, id: string): ManagedCluster {
  const cluster = asObject(body);
  if (sameId(asString(cluster["id"]), id)) return cluster;
  throw misunderstood(`read cluster ${id}`);
}

function misunderstood(what: string): AksMiError {
  return new AksMiError(
    "AZURE_ERROR",
    `The answer to "${what}" is about something else.`,
    "Check for a proxy that answers in Azure's place, then run the command again.",
  );
}

/** Azure may refuse to begin what would do nothing (announced by the AKS team in 2023): the newer image is gone again. */
function nothingUpgraded(pool: string): AksMiError {
  return new AksMiError(
    "AZURE_ERROR",
    `Azure upgraded nothing in pool ${pool}: there was no newer node image at that moment (HTTP ${NOT_MODIFIED}).`,
    "Run `aks-mi resume` when the next image is released (Linux weekly, Windows monthly).",
  );
}

function clusterGone(id: string): AksMiError {
  return new AksMiError("AZURE_ERROR", `The cluster ${id} does not exist any more.`, "Check the id; make a new plan.");
}

function accepted(response: { header(name: string): string | undefined; body: Json }): Accepted {
  const named = response.header("azure-asyncoperation");
  // What cannot be asked is no operation: the cluster itself shows what becomes of the write, which Azure has accepted.
  const operationUrl = named && URL.canParse(named) ? named : undefined;
  const operation = operationUrl ? new URL(operationUrl).pathname.split("/").at(-1) : undefined;
  const correlationId = response.header("x-ms-correlation-request-id") ?? response.header("x-ms-request-id");
  return { operation, operationUrl, correlationId, at: asDate(response.header("date")) };
}
