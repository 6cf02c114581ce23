import type { Azure } from "../src/azure/azure.ts";
import { kubeletIdentityOf, type ManagedCluster } from "../src/azure/clusters.ts";
import { sameId } from "../src/azure/ids.ts";
import type { Change, Step } from "../src/engine/step.ts";
import { clusterState, endedBadly, isTerminal, rememberOperation } from "../src/migration/cluster-states.ts";
import {
  type ClusterUpdateFacts,
  drainsAllPools,
  readClusterUpdate,
  refusedUpdate,
  UPDATE_POLL_MS,
  updateFailed,
  withKubeletIdentity,
} from "../src/migration/cluster-update.ts";
import { keepToDisruptionPolicy } from "../src/migration/disruption-policy.ts";
import { type JustBegun, lookLater } from "../src/migration/look-later.ts";
import { kubeletIdentityKey, type Migration, type PlannedIdentity } from "../src/migration/migration.ts";
import { nodeProgress } from "../src/migration/nodes.ts";

const WHAT = "assigns the kubelet identity";
const ASSIGNING = "Azure is assigning the kubelet identity.";

/**
 * Gives the nodes their own kubelet identity: an update of its own, which rolls every pool.
 * @param onlyIf the condition under which this is needed, where another update may have done it already
 */
export function assignKubeletIdentity(
  migration: Migration,
  kubelet: PlannedIdentity,
  onlyIf: string | undefined,
  azure: Azure,
): Step<ClusterUpdateFacts | JustBegun, Change> {
  const { clusterId, operations } = migration;
  const key = kubeletIdentityKey(clusterId);
  const isAssigned = (cluster: ManagedCluster) => sameId(kubeletIdentityOf(cluster)?.resourceId, kubelet.id);
  const step: Step<ClusterUpdateFacts, Change> = {
    id: "assign-kubelet-identity",
    detect: () => readClusterUpdate(azure, migration, key, isAssigned),
    decide({ cluster, operation, attempt }) {
      const state = clusterState(cluster);
      if (operation.state === "failed") return updateFailed(key, WHAT, operation);
      const again = attempt === "failed" && endedBadly(state);
      if (!isAssigned(cluster) || again) {
        if (operation.state === "running") return { kind: "wait", reason: ASSIGNING, pollMs: UPDATE_POLL_MS };
        return { kind: "change", changes: [describe(migration, kubelet, onlyIf)] };
      }
      // Azure tells nothing of the operation any more: what it left behind shows that it did not succeed.
      if (endedBadly(state) && (attempt === "started" || attempt === "applied") && operation.state === "none")
        return updateFailed(key, WHAT, { code: state, message: `the cluster is ${state}` });
      if (!isTerminal(state)) {
        const reason = attempt === "applied" && state === "Updating" ? ASSIGNING : `The cluster is ${state}.`;
        return { kind: "wait", reason, pollMs: UPDATE_POLL_MS };
      }
      return { kind: "done", evidence: `The cluster's kubelet identity is ${kubelet.name}.` };
    },
    progress: ({ pools }) => pools.map(nodeProgress),
    async apply(_change, report) {
      const accepted = await azure.clusters
        .update(clusterId, (body, live) =>
          isAssigned(live) && !endedBadly(clusterState(live)) ? undefined : withKubeletIdentity(body, kubelet.id),
        )
        .catch((error: unknown) => Promise.reject(refusedUpdate(error)));
      await rememberOperation(operations, key, accepted, report);
    },
  };
  return lookLater(keepToDisruptionPolicy(step, migration, azure), operations, {
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
