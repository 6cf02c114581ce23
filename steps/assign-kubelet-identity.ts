import type { Azure } from "../src/azure/azure.ts";
import { kubeletIdentityOf, type ManagedCluster } from "../src/azure/clusters.ts";
import { hasAzureCode } from "../src/azure/errors.ts";
import { sameId } from "../src/azure/ids.ts";
import { asObject } from "../src/azure/json.ts";
import { MINUTE_MS } from "../src/engine/clock.ts";
import { TransientError } from "../src/engine/errors.ts";
import type { ChangeState } from "../src/engine/history.ts";
import type { Change, Step } from "../src/engine/step.ts";
import {
  clusterState,
  endedBadly,
  isTerminal,
  NO_OPERATION,
  type OperationFacts,
  readOperation,
  rememberOperation,
} from "../src/migration/cluster-states.ts";
import { remedyForRoll, withDrainRemedy } from "../src/migration/drain-failure.ts";
import { readCluster } from "../src/migration/held-grants.ts";
import { kubeletIdentityKey, type Migration, type PlannedIdentity } from "../src/migration/migration.ts";
import { nodeProgress, type PoolEvidence, readNodeEvidence } from "../src/migration/nodes.ts";

const POLL_MS = 2 * MINUTE_MS;
const MISSING_ROLE_DELAY_MS = 5 * MINUTE_MS;

interface Facts {
  readonly cluster: ManagedCluster;
  readonly operation: OperationFacts;
  readonly attempt: ChangeState | undefined;
  /** Read while Azure is at work: the update rolls the pools. */
  readonly pools: readonly PoolEvidence[];
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
): Step<Facts, Change> {
  const { clusterId, history, operations } = migration;
  const key = kubeletIdentityKey(clusterId);
  const isAssigned = (cluster: ManagedCluster) => sameId(kubeletIdentityOf(cluster)?.resourceId, kubelet.id);
  return {
    id: "assign-kubelet-identity",
    async detect() {
      const cluster = await readCluster(azure, migration);
      const state = clusterState(cluster);
      const clear = isAssigned(cluster) && (state === "Succeeded" || !isTerminal(state));
      const operation = clear ? NO_OPERATION : await readOperation(azure.clusters, operations, key);
      const pools = isTerminal(state) ? [] : await readNodeEvidence(azure, clusterId, cluster, history.startedAt(key));
      return { cluster, operation, attempt: history.stateOf(key), pools };
    },
    decide({ cluster, operation, attempt }) {
      const state = clusterState(cluster);
      if (operation.state === "failed") return failed(key, operation);
      const again = attempt === "failed" && endedBadly(state);
      if (!isAssigned(cluster) || again) {
        if (operation.state === "running")
          return { kind: "wait", reason: "Azure is assigning the kubelet identity.", pollMs: POLL_MS };
        return { kind: "change", changes: [describe(migration, kubelet, onlyIf)] };
      }
      // Azure tells nothing of the operation any more: what it left behind shows that it did not succeed.
      if (endedBadly(state) && (attempt === "started" || attempt === "applied") && operation.state === "none")
        return failed(key, { ...operation, code: state, message: `the cluster is ${state}` });
      if (!isTerminal(state)) return { kind: "wait", reason: `The cluster is ${state}.`, pollMs: POLL_MS };
      return { kind: "done", evidence: `The cluster's kubelet identity is ${kubelet.name}.` };
    },
    progress: ({ pools }) => pools.map(nodeProgress),
    async apply(_change, report) {
      try {
        const accepted = await azure.clusters.update(clusterId, (body, live) => {
          if (isAssigned(live) && !endedBadly(clusterState(live))) return undefined;
          const properties = asObject(body["properties"]);
          const profile = { ...asObject(properties["identityProfile"]), kubeletidentity: { resourceId: kubelet.id } };
          return { ...body, properties: { ...properties, identityProfile: profile } };
        });
        await rememberOperation(operations, key, accepted, report);
      } catch (error) {
        if (!hasAzureCode(error, "CustomKubeletIdentityMissingPermissionError")) throw withDrainRemedy(error);
        throw new TransientError((error as Error).message, { cause: error, retryAfterMs: MISSING_ROLE_DELAY_MS });
      }
    },
  };
}

function describe({ clusterId, from }: Migration, kubelet: PlannedIdentity, onlyIf: string | undefined): Change {
  return {
    key: kubeletIdentityKey(clusterId),
    summary: `assign the kubelet identity ${kubelet.name} with an update of its own`,
    reason:
      "updating the kubelet identity upgrades every node pool (AKS documentation), so it is sent once, and only where needed",
    risk: "disruptive",
    drains: from.pools.map((pool) => pool.name),
    nodes: from.pools.reduce((sum, pool) => sum + pool.nodes, 0),
    ...(onlyIf ? { onlyIf } : {}),
  };
}

function failed(key: string, { code, message }: OperationFacts) {
  return {
    kind: "failed" as const,
    key,
    code,
    message: `The update that assigns the kubelet identity failed: ${message}`,
    remedy: remedyForRoll(message),
  };
}
