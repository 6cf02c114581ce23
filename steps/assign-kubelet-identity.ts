import type { Azure } from "../src/azure/azure.ts";
import { sameId } from "../src/azure/ids.ts";
import {
  clusterState,
  endedBadly,
  isTerminal,
  kubeletIdentityOf,
  type ManagedCluster,
} from "../src/azure/managed-cluster.ts";
import type { Change, Step } from "../src/engine/step.ts";
import { waitForAzure } from "../src/migration/azure-at-work.ts";
import { hasReachedNodes, poolsWithoutIdentity } from "../src/migration/carrying-scale-sets.ts";
import { rememberOperation } from "../src/migration/cluster-operations.ts";
import {
  type ClusterUpdateFacts,
  drainsAllPools,
  isHalfWayForGood,
  readClusterUpdate,
  refusedUpdate,
  UPDATE_POLL_MS,
  updateFailed,
  whatIsAtWork,
  withKubeletIdentity,
} from "../src/migration/cluster-update.ts";
import { type JustBegun, lookLater } from "../src/migration/look-later.ts";
import { kubeletIdentityKey, type Migration, type PlannedIdentity } from "../src/migration/migration.ts";
import { nodeProgress } from "../src/migration/nodes.ts";
import { keepToWindow } from "../src/migration/window-pause.ts";

const WHAT = "assigns the kubelet identity";
const ASSIGNING = "Azure is assigning the kubelet identity.";

interface Facts extends ClusterUpdateFacts {
  /** Pools of a cluster at rest that names the identity, whose scale sets do not carry it: an update was stopped half way. */
  readonly poolsWithout: readonly string[];
}

/**
 * Gives the nodes their own kubelet identity: an update of its own, which rolls every pool.
 * @param onlyIf the condition under which this is needed, where another update may have done it already
 */
export function assignKubeletIdentity(
  migration: Migration,
  kubelet: PlannedIdentity,
  onlyIf: string | undefined,
  azure: Azure,
): Step<Facts | JustBegun, Change> {
  const { clusterId, history, operations } = migration;
  const wait = (reason: string) => waitForAzure(history, "assign-kubelet-identity", { reason, pollMs: UPDATE_POLL_MS });
  const key = kubeletIdentityKey(clusterId);
  const isAssigned = (cluster: ManagedCluster) => sameId(kubeletIdentityOf(cluster)?.resourceId, kubelet.id);
  const readPoolsWithout = async (cluster: ManagedCluster) =>
    isAssigned(cluster) && clusterState(cluster) === "Succeeded"
      ? poolsWithoutIdentity(azure, clusterId, cluster, kubelet.id)
      : [];
  const step: Step<Facts, Change> = {
    id: "assign-kubelet-identity",
    async detect() {
      const update = await readClusterUpdate(azure, migration, key, isAssigned);
      // A cluster names its first kubelet identity when all is done, another one at once (recorded 2022).
      const mayBeHalfWay =
        update.attempt === undefined ? migration.facts.kubeletIdentity !== undefined : update.attempt !== "seen";
      const poolsWithout = mayBeHalfWay ? await readPoolsWithout(update.cluster) : [];
      return { ...update, poolsWithout };
    },
    decide(facts, now) {
      const { cluster, operation, attempt, poolsWithout } = facts;
      const state = clusterState(cluster);
      if (operation.state === "failed") return updateFailed(key, WHAT, operation);
      const isOurs = attempt === "started" || attempt === "applied";
      const isHalfWay = poolsWithout.length > 0;
      const again = attempt === "failed" ? endedBadly(state) || isHalfWay : isHalfWay && !isOurs;
      if (!isAssigned(cluster) || again) {
        if (operation.state === "running") return wait(ASSIGNING);
        return { kind: "change", changes: [describe(migration, kubelet, onlyIf)] };
      }
      // Azure tells nothing of the operation any more: what it left behind shows that it did not succeed.
      if (endedBadly(state) && isOurs && operation.state === "none")
        return updateFailed(key, WHAT, { code: state, message: `the cluster is ${state}` });
      if (isHalfWay) {
        const reason = `The scale set of pool ${poolsWithout.join(", ")} does not carry the kubelet identity`;
        return isHalfWayForGood(facts, now)
          ? updateFailed(key, WHAT, { code: state, message: reason })
          : wait(`${reason} yet.`);
      }
      if (!isTerminal(state)) return wait(whatIsAtWork(facts, ASSIGNING));
      return { kind: "done", evidence: `The cluster's kubelet identity is ${kubelet.name}.` };
    },
    progress: ({ pools }) => pools.map(nodeProgress),
    async apply(_change, report) {
      let takesUp = false;
      const accepted = await azure.clusters
        .update(clusterId, async (body, live) => {
          takesUp = isAssigned(live) && (await hasReachedNodes(azure, clusterId, live, kubelet.id));
          const isWhole = isAssigned(live) && !endedBadly(clusterState(live));
          return isWhole && (await readPoolsWithout(live)).length === 0
            ? undefined
            : withKubeletIdentity(body, kubelet.id);
        })
        .catch((error: unknown) => Promise.reject(refusedUpdate(error)));
      await rememberOperation(operations, key, accepted, report, takesUp);
    },
  };
  return lookLater(keepToWindow(step, migration, { key, drains: true, isDone: isAssigned }, azure), operations, {
    pollMs: UPDATE_POLL_MS,
    reason: () => ASSIGNING,
  });
}

function describe(migration: Migration, kubelet: PlannedIdentity, onlyIf: string | undefined): Change {
  return {
    key: kubeletIdentityKey(migration.clusterId),
    summary: `assign the kubelet identity ${kubelet.name} with an update of its own`,
    reason:
      "updating the kubelet identity upgrades every node pool (AKS documentation), so it is sent once, and only where needed",
    risk: "disruptive",
    ...drainsAllPools(migration),
    ...(onlyIf ? { onlyIf } : {}),
  };
}
