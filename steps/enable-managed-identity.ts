import type { Azure } from "../src/azure/azure.ts";
import type { Accepted } from "../src/azure/clusters.ts";
import { AzureError } from "../src/azure/errors.ts";
import { sameId } from "../src/azure/ids.ts";
import type { JsonObject } from "../src/azure/json.ts";
import {
  clusterState,
  endedBadly,
  identityTypeOf,
  isOnManagedIdentity,
  isTerminal,
  kubeletIdentityOf,
  type ManagedCluster,
  userAssignedIdsOf,
} from "../src/azure/managed-cluster.ts";
import type { Change, Step, Verdict } from "../src/engine/step.ts";
import { waitForAzure } from "../src/migration/azure-at-work.ts";
import { hasReachedNodes } from "../src/migration/carrying-scale-sets.ts";
import { rememberOperation } from "../src/migration/cluster-operations.ts";
import {
  type ClusterUpdateFacts,
  drainsAllPools,
  isHalfWayForGood,
  isMissingRole,
  readClusterUpdate,
  refusedUpdate,
  UPDATE_POLL_MS,
  updateFailed,
  whatIsAtWork,
  withKubeletIdentity,
} from "../src/migration/cluster-update.ts";
import { waitForRequests } from "../src/migration/grant-step.ts";
import { type Grant, grantChange } from "../src/migration/grants.ts";
import { applyGrant, type GrantFacts, readGrants } from "../src/migration/held-grants.ts";
import { type JustBegun, lookLater } from "../src/migration/look-later.ts";
import { changesKubeletIdentity, type Migration, switchKey } from "../src/migration/migration.ts";
import { nodeProgress } from "../src/migration/nodes.ts";
import { keepToWindow } from "../src/migration/window-pause.ts";

const WHAT = "switches the cluster";
const SWITCHING = "Azure is switching the cluster.";

interface Facts extends ClusterUpdateFacts {
  readonly grants: GrantFacts;
}

/**
 * Switches the control plane to managed identity: the point of no return, documented as such by AKS. One update carries
 * the kubelet identity too, so that nodes roll once; where the service refuses that, the update goes without it.
 * @param grants roles of an identity that exists only from this moment on (system-assigned): given while the update runs
 */
export function enableManagedIdentity(
  migration: Migration,
  grants: readonly Grant[],
  azure: Azure,
): Step<Facts | JustBegun, Change> {
  const { clusterId, history, operations } = migration;
  const key = switchKey(clusterId);
  const wait = (reason: string) => waitForAzure(history, "enable-managed-identity", { reason, pollMs: UPDATE_POLL_MS });
  const step: Step<Facts, Change> = {
    id: "enable-managed-identity",
    async detect() {
      const update = await readClusterUpdate(azure, migration, key, (cluster) => isSwitched(cluster, migration));
      const held = await readGrants(azure, migration, update.cluster, grants);
      return { ...update, grants: held };
    },
    decide(facts, now) {
      const { cluster, operation, grants: held } = facts;
      if (operation.state === "failed") return updateFailed(key, WHAT, operation);
      if (!isSwitched(cluster, migration)) {
        if (operation.state === "running") return wait(SWITCHING);
        return { kind: "change", changes: [describe(migration, key), ...held.missing.map(grantChange)] };
      }
      const stuck = judgeHalfDone(facts, migration, now);
      if (stuck) return stuck;
      if (held.missing.length > 0 && !held.waitingForPrincipal) {
        return migration.roleRequests
          ? waitForRequests(held.missing)
          : { kind: "change", changes: held.missing.map(grantChange) };
      }
      if (!isTerminal(clusterState(cluster))) return wait(whatIsAtWork(facts, SWITCHING));
      if (!kubeletIdentityOf(cluster)?.objectId || held.missing.length > 0) {
        return wait("Azure does not show the new identities yet.");
      }
      return { kind: "done", evidence: evidence(cluster) };
    },
    progress: ({ pools }) => pools.map(nodeProgress),
    async apply(change, report) {
      const grant = grants.find((candidate) => grantChange(candidate).key === change.key);
      if (grant) return applyGrant(azure, migration, grant, report);
      const { accepted, takesUp } = await sendSwitch(azure, migration).catch((error: unknown) =>
        Promise.reject(refusedUpdate(error)),
      );
      await rememberOperation(operations, key, accepted, report, takesUp);
    },
  };
  const allowed = keepToWindow(
    step,
    migration,
    { key, drains: changesKubeletIdentity(migration), isDone: (cluster) => isSwitched(cluster, migration) },
    azure,
  );
  // An identity that the switch makes gets its roles the moment it shows.
  return grants.length > 0
    ? allowed
    : lookLater(allowed, operations, { pollMs: UPDATE_POLL_MS, reason: () => SWITCHING });
}

/** The verdict on a switch that shows but did not come to its end; undefined while it may still do so. */
function judgeHalfDone(
  { cluster, operation, attempt, begunAt }: ClusterUpdateFacts,
  migration: Migration,
  now: Date,
): Verdict | undefined {
  const key = switchKey(migration.clusterId);
  const state = clusterState(cluster);
  const isIncomplete = isTerminal(state) && !kubeletIdentityOf(cluster)?.objectId;
  if (!endedBadly(state) && !isIncomplete) return undefined;
  if (attempt === "failed") return { kind: "change", changes: [describe(migration, key)] };
  // Azure tells nothing of the operation any more: what it left behind shows that it did not succeed.
  const isOurs = attempt === "started" || attempt === "applied";
  const isForGood = endedBadly(state) ? operation.state === "none" : isHalfWayForGood({ begunAt }, now);
  if (!isOurs || !isForGood) return undefined;
  return updateFailed(key, WHAT, { code: state, message: `the cluster is ${state}, and not as it was to be` });
}

/**
 * Sends the update that switches the cluster, with the kubelet identity in it unless the service refuses both in one.
 * @returns `takesUp` when nodes may have been imaged onto the kubelet identity before this update
 */
async function sendSwitch(azure: Azure, migration: Migration): Promise<{ accepted: Accepted; takesUp: boolean }> {
  const { clusterId, target, history } = migration;
  let takesUp = false;
  const put = (withKubelet: boolean) =>
    azure.clusters.update(clusterId, async (body, live) => {
      const isShown = isSwitched(live, migration);
      // The answer to the update shows the identity already (recorded), so that it need not have reached a node.
      const kubelet = target.kubelet?.id ?? kubeletIdentityOf(live)?.resourceId;
      takesUp = isShown && kubelet !== undefined && (await hasReachedNodes(azure, clusterId, live, kubelet));
      const isWhole = !endedBadly(clusterState(live)) && kubeletIdentityOf(live) !== undefined;
      const isStarted = history.stateOf(switchKey(clusterId)) === "started";
      const retried = isStarted && isTerminal(clusterState(live)) && !isWhole;
      return isShown && !retried ? undefined : switched(body, migration, withKubelet);
    });
  const accepted = await put(target.kubelet !== undefined).catch((error: unknown) => {
    // The code that refuses both in one update is not published; those about the kubelet identity all name it.
    const isAboutKubelet = error instanceof AzureError && error.status === 400 && /kubelet/i.test(error.azureCode);
    if (!isAboutKubelet || isMissingRole(error)) throw error;
    return put(false);
  });
  return { accepted, takesUp };
}

/** True when the control plane is on the identity of the plan: what a node uses is another question. */
function isSwitched(cluster: ManagedCluster, { target }: Migration): boolean {
  if (!isOnManagedIdentity(cluster)) return false;
  const type = identityTypeOf(cluster)?.toLowerCase();
  if (!target.controlPlane) return type === "systemassigned";
  const ids = userAssignedIdsOf(cluster);
  return type === "userassigned" && ids.length === 1 && sameId(ids[0], target.controlPlane.id);
}

/** The old client id stays in the body: the service wants it, and answers `msi` (recorded). */
function switched(body: JsonObject, migration: Migration, withKubelet: boolean): JsonObject {
  const { target } = migration;
  const identity = target.controlPlane
    ? { type: "UserAssigned", userAssignedIdentities: { [target.controlPlane.id]: {} } }
    : { type: "SystemAssigned" };
  if (!withKubelet || !target.kubelet || !changesKubeletIdentity(migration)) return { ...body, identity };
  return { ...withKubeletIdentity(body, target.kubelet.id), identity };
}

function describe(migration: Migration, key: string): Change {
  const { from, target, clusterId } = migration;
  const name = clusterId.split("/").at(-1)!;
  const to = target.controlPlane
    ? `the user-assigned identity ${target.controlPlane.name}`
    : "a system-assigned identity";
  const rolls = changesKubeletIdentity(migration);
  const kubelet = rolls && target.kubelet ? `, and its nodes to ${target.kubelet.name}, in one update` : "";
  return {
    key,
    summary: `switch ${name} to ${to}${kubelet}`,
    reason: from.servicePrincipal
      ? "the service principal's secret expires; a cluster on managed identity cannot go back to a service principal, and Azure may re-image every node with this update"
      : "the identity that the control plane leaves may be gone for good with its roles: a system-assigned one is deleted; the control plane itself has no downtime (AKS documentation)",
    risk: "irreversible",
    ...(rolls ? drainsAllPools(migration) : {}),
  };
}

function evidence(cluster: ManagedCluster): string {
  const type = identityTypeOf(cluster);
  const kubelet = kubeletIdentityOf(cluster)!.resourceId.split("/").at(-1);
  return `The control plane is ${type}, its client id is msi, and the kubelet identity is ${kubelet}.`;
}
