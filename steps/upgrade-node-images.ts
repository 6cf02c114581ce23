import type { Azure } from "../src/azure/azure.ts";
import { sameId } from "../src/azure/ids.ts";
import type { MaintenanceConfiguration } from "../src/azure/maintenance.ts";
import {
  isOnManagedIdentity,
  isTerminal,
  kubeletIdentityOf,
  type ManagedCluster,
  poolNameOf,
  poolsOf,
  powerStateOf,
  provisioningStateOf,
} from "../src/azure/managed-cluster.ts";
import { MINUTE_MS } from "../src/engine/clock.ts";
import type { Change, Step, Verdict } from "../src/engine/step.ts";
import { waitForAzure } from "../src/migration/azure-at-work.ts";
import {
  NO_OPERATION,
  type OperationFacts,
  readOperation,
  rememberOperation,
} from "../src/migration/cluster-operations.ts";
import { remedyForRoll, withDrainRemedy } from "../src/migration/drain-failure.ts";
import { isEmpty, isUnproven } from "../src/migration/evidence.ts";
import { readCluster } from "../src/migration/held-grants.ts";
import { type JustBegun, lookLater } from "../src/migration/look-later.ts";
import { type Migration, rollKey } from "../src/migration/migration.ts";
import { isAvailabilitySet, nodeProgress, type PoolEvidence, readNodeEvidence } from "../src/migration/nodes.ts";
import { readSwitchStart } from "../src/migration/switch-time.ts";
import { pauseForWindow, readWindows } from "../src/migration/window-pause.ts";

/** A node takes five to ten minutes: looking more often would tell nobody more. */
const POLL_MS = 3 * MINUTE_MS;

/** The provisioning state of a pool whose node image is being upgraded. */
const UPGRADING = "UpgradingNodeImageVersion";

/** How long to wait before it is worth looking for a newer node image: Linux images come weekly (AKS documentation). */
const NEXT_IMAGE_MS = 24 * 60 * MINUTE_MS;

/** An accepted upgrade is never repeated, but for one that Azure itself says did nothing. */
const NOTHING_UPGRADED: OperationFacts = {
  state: "failed",
  code: "NothingUpgraded",
  message: "there was no newer node image at that moment",
};

interface Pool extends PoolEvidence {
  readonly operation: OperationFacts;
  /** The newest image, asked for up to the first pool that it lets be rolled: the others are asked when it is their turn. */
  readonly latestImage: string | undefined;
  /** Its upgrade succeeded without anything to do: the image that had been seen was withdrawn before. */
  readonly upgradedNothing: boolean;
  /** Azure re-images no node of a pool that was stopped. */
  readonly stopped: boolean;
}

interface Facts {
  readonly switched: boolean;
  readonly pools: readonly Pool[];
  /** Read where nodes are about to be re-imaged, unless the plan ignores it. */
  readonly maintenance: readonly MaintenanceConfiguration[];
}

/**
 * Re-images the nodes that still use the service principal, pool by pool: a kubelet takes over the managed identity only
 * when its node is re-imaged. Pools that the switch has rolled already are left alone.
 */
export function upgradeNodeImages(
  migration: Migration,
  gaps: readonly Change[],
  azure: Azure,
): Step<Facts | JustBegun, Change> {
  const { clusterId, history, operations } = migration;
  const step: Step<Facts, Change> = {
    id: "upgrade-node-images",
    gaps,
    async detect() {
      const cluster = await readCluster(azure, migration);
      const switched = isOnManagedIdentity(cluster) && namesKubeletIdentity(cluster, migration);
      const switchedAt = await readSwitchStart(azure, migration, cluster);
      const busy = poolsOf(cluster).filter((pool) => !isTerminal(provisioningStateOf(pool)));
      // While a pool is at work nothing is decided about the others: they are not read either.
      const evidence = await readNodeEvidence(
        azure,
        clusterId,
        cluster,
        switchedAt,
        switched && busy.length > 0 ? busy : undefined,
      );
      const pools = await readUpgrades(azure, migration, cluster, evidence, switched);
      const rolls = switched && busy.length === 0 && pools.some(isUnproven);
      const maintenance = rolls && !migration.ignoresWindows ? await readWindows(azure, clusterId) : [];
      return { switched, pools, maintenance };
    },
    decide({ switched, pools, maintenance }, now) {
      if (!switched) return { kind: "change", changes: pools.map(describe) };
      const busy = pools.find((pool) => !isTerminal(pool.provisioningState) || pool.operation.state === "running");
      if (busy) return waitForAzure(history, "upgrade-node-images", { reason: reasonToWait(busy), pollMs: POLL_MS });
      const failedPool = pools.find((pool) => pool.operation.state === "failed");
      if (failedPool) return failed(failedPool);
      const left = pools.filter(isUnproven);
      if (left.length === 0) return { kind: "done", evidence: evidenceOf(pools) };
      const ready = left.filter((pool) => isUpgradable(pool) && pool.latestImage !== pool.nodeImageVersion);
      const later = left.filter((pool) => !isAvailabilitySet(pool) && !ready.includes(pool)).map(describe);
      if (ready.length === 0) return nothingToRoll(left, later, now);
      const idle = ready.find((pool) => pool.upgradedNothing);
      if (idle) return failed({ ...idle, operation: NOTHING_UPGRADED });
      const changes = ready.map(describe);
      return pauseForWindow(maintenance, [...changes, ...later], now) ?? { kind: "change", changes, later };
    },
    progress: ({ switched, pools }) => (switched ? pools.map(nodeProgress) : []),
    async apply(change, report) {
      const accepted = await azure.clusters
        .upgradeNodeImage(clusterId, change.key.slice(rollKey("").length))
        .catch((error: unknown) => Promise.reject(withDrainRemedy(error)));
      await rememberOperation(operations, change.key, accepted, report);
    },
  };
  return lookLater(step, operations, {
    pollMs: POLL_MS,
    reason: ({ key }) => reasonToWait({ pool: key.slice(rollKey("").length), provisioningState: UPGRADING }),
  });
}

/** What decides about each pool's upgrade; before the switch there is none to ask for. */
async function readUpgrades(
  azure: Azure,
  { clusterId, from, history, operations }: Migration,
  cluster: ManagedCluster,
  evidence: readonly PoolEvidence[],
  switched: boolean,
): Promise<Pool[]> {
  const stopped = poolsOf(cluster)
    .filter((pool) => powerStateOf(pool) === "stopped")
    .map(poolNameOf);
  const pools: Pool[] = [];
  let isNextKnown = false;
  for (const pool of evidence) {
    const isWaiting = switched && isUnproven(pool) && isTerminal(pool.provisioningState);
    const key = rollKey(pool.pool);
    const operation = isWaiting ? await readOperation(azure.clusters, operations, key) : NO_OPERATION;
    const isAccepted = history.stateOf(key) === "applied";
    const planned = from.pools.find(({ name }) => name === pool.pool)?.nodeImageVersion;
    const upgradedNothing = operation.state === "succeeded" && isAccepted && pool.nodeImageVersion === planned;
    const read = { ...pool, operation, upgradedNothing, stopped: stopped.includes(pool.pool) };
    const asks = isWaiting && isUpgradable(read) && (isAccepted || !isNextKnown);
    const latestImage = asks ? await azure.clusters.latestNodeImage(clusterId, pool.pool) : undefined;
    pools.push({ ...read, latestImage });
    if (asks && !isAccepted && latestImage !== pool.nodeImageVersion) isNextKnown = true;
  }
  return pools;
}

/** False while the cluster names another kubelet identity than the planned one: no node can have got that yet. */
function namesKubeletIdentity(cluster: ManagedCluster, { target }: Migration): boolean {
  return !target.kubelet || sameId(kubeletIdentityOf(cluster)?.resourceId, target.kubelet.id);
}

function describe({ pool, nodes, seen }: PoolEvidence): Change {
  return {
    key: rollKey(pool),
    summary: `upgrade the node image of pool ${pool}: drain and re-image its ${nodes} ${nodes === 1 ? "node" : "nodes"}`,
    reason: `a kubelet keeps using the service principal until its node is re-imaged (now: ${seen})`,
    risk: "disruptive",
    drains: [pool],
    nodes,
    onlyIf: "the switch has not re-imaged its nodes already",
  };
}

function failed({ pool, operation }: Pool): Verdict {
  return {
    kind: "failed",
    key: rollKey(pool),
    code: operation.code,
    message: `The node image upgrade of pool ${pool} failed: ${operation.message}`,
    remedy: remedyForRoll(operation.message),
  };
}

/** Azure refuses the node image upgrade of an availability set, and re-images no node of a pool that is stopped. */
function isUpgradable(pool: Pick<Pool, "type" | "stopped">): boolean {
  return !isAvailabilitySet(pool) && !pool.stopped;
}

/** What a pool is waited for; the state is what Azure calls a node image upgrade. */
function reasonToWait({ pool, provisioningState }: Pick<PoolEvidence, "pool" | "provisioningState">): string {
  return provisioningState === UPGRADING
    ? `Azure is upgrading the node image of pool ${pool}.`
    : `Pool ${pool} is ${provisioningState}.`;
}

/** Nothing can be rolled now: what else would re-image the nodes, from the cheapest to the dearest. */
function nothingToRoll(left: readonly Pool[], later: readonly Change[], now: Date): Verdict {
  const names = (pools: readonly Pool[]) => pools.map((pool) => pool.pool).join(", ");
  const sets = left.filter(isAvailabilitySet);
  const stopped = left.filter((pool) => !isAvailabilitySet(pool) && pool.stopped);
  const others = left.filter(isUpgradable);
  const reasons: string[] = [];
  if (others.length > 0) {
    reasons.push(
      `There is no newer node image for ${names(others)}, and Azure re-images nodes only onto a newer one: resume when the next image is released (Linux weekly, Windows monthly), upgrade the pool's Kubernetes version, or replace the pool.`,
    );
  }
  if (stopped.length > 0) {
    reasons.push(
      `Pool ${names(stopped)} is stopped, and its nodes cannot be re-imaged: start it (\`az aks nodepool start\`), then resume.`,
    );
  }
  if (sets.length > 0) {
    reasons.push(
      `Pool ${names(sets)} is an availability set, whose node image Azure does not upgrade: upgrade its Kubernetes version, scale it down and up, or rebuild it as a scale set.`,
    );
  }
  // Time brings an image; a pool is started, or its nodes are replaced, by somebody.
  const retryAt = others.length > 0 ? { retryAt: new Date(now.getTime() + NEXT_IMAGE_MS) } : {};
  return { kind: "pause", reason: reasons.join(" "), ...retryAt, later };
}

function evidenceOf(pools: readonly Pool[]): string {
  const filled = pools.filter((pool) => !isEmpty(pool));
  const nodes = filled.reduce((sum, pool) => sum + pool.nodes, 0);
  const empty = pools.filter(isEmpty).map((pool) => ` Pool ${pool.pool}: ${pool.seen}.`);
  return `All ${nodes} nodes of ${filled.length} ${filled.length === 1 ? "pool" : "pools"} run a model that carries the kubelet identity.${empty.join("")}`;
}
