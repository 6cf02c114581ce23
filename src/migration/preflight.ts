import type { Azure } from "../azure/azure.ts";
import { type ManagedCluster, unsettledStates } from "../azure/clusters.ts";
import { hasStatus } from "../azure/errors.ts";
import { parseResourceId, resourceGroupId } from "../azure/ids.ts";
import { asString, at } from "../azure/json.ts";
import type { Finding } from "../engine/step.ts";
import type { ClusterFacts } from "../plan/schema.ts";
import { clusterState } from "./cluster-states.ts";
import { nodeResourceGroupId } from "./grants.ts";
import type { Target } from "./migration.ts";

/** What speaks against touching this cluster now, from its own object. */
export function checkReadiness(cluster: ManagedCluster): Finding[] {
  const findings: Finding[] = [];
  const unsettled = unsettledStates(cluster);
  if (unsettled.length > 0) {
    findings.push({
      check: "RD001",
      severity: "blocker",
      seen: unsettled.map(({ what, state }) => `${what} is ${state}`).join(", "),
      remedy:
        clusterState(cluster) === "Failed"
          ? "Reconcile the cluster with `az aks update` and no other argument, then plan again."
          : "Wait until the operation has ended, or reconcile what failed, then plan again.",
      link: "https://aka.ms/aks-pending-operation",
    });
  }
  const power = asString(at(cluster, "properties", "powerState", "code")) ?? "Running";
  if (power !== "Running") {
    findings.push({
      check: "RD001",
      severity: "blocker",
      seen: `the cluster is ${power}`,
      remedy: "Start it with `az aks start`, then plan again.",
    });
  }
  return findings;
}

/** What a system-assigned identity cannot be used with, by Azure's own documentation and errors. */
export function checkSystemAssigned(facts: ClusterFacts, target: Target): Finding[] {
  if (target.controlPlane) return [];
  const reasons: string[] = [];
  if (facts.privateDnsZone) reasons.push("it has a private DNS zone of its own");
  if (facts.network.plugin?.toLowerCase() === "kubenet" && facts.network.routeTables.length > 0) {
    reasons.push("it uses kubenet with a route table of its own");
  }
  if (facts.kms) reasons.push("it encrypts etcd with a key of its own (KMS)");
  return reasons.map((reason) => ({
    check: "ID007",
    severity: "blocker" as const,
    seen: `${reason}, which Azure does not support with a system-assigned identity`,
    remedy: "Plan with --to user-assigned.",
    link: "https://learn.microsoft.com/azure/aks/use-managed-identity",
  }));
}

/** Locks that would stop the update half way. Unreadable locks are reported as such. */
export async function checkLocks(azure: Azure, clusterId: string, facts: ClusterFacts): Promise<Finding[]> {
  const { subscription, resourceGroup } = parseResourceId(clusterId)!;
  const findings: Finding[] = [];
  for (const scope of [resourceGroupId(subscription, resourceGroup), nodeResourceGroupId(clusterId, facts)]) {
    try {
      for (const lock of await azure.resources.locks(scope)) {
        const readOnly = lock.level === "ReadOnly";
        findings.push({
          check: "RD009",
          severity: readOnly ? "blocker" : "medium",
          seen: `the lock ${lock.name} (${lock.level}) holds on ${scope.split("/").at(-1)}`,
          remedy: readOnly
            ? "Lift the lock for the time of the migration and put it back afterwards."
            : "Azure may have to replace instances in this resource group: lift the lock for the time of the migration if it is on the nodes' group.",
        });
      }
    } catch (error) {
      if (!hasStatus(error, 403)) throw error;
      findings.push({
        check: "RD009",
        severity: "info",
        seen: `you may not read the locks of ${scope.split("/").at(-1)}: not assessed`,
        remedy: "Ask someone who may.",
      });
    }
  }
  return findings;
}
