import { asObject, asString, at } from "../azure/json.ts";
import {
  clusterState,
  isTerminal,
  type ManagedCluster,
  poolNameOf,
  poolsOf,
  powerStateOf,
  regionOf,
  unsettledStates,
} from "../azure/managed-cluster.ts";
import type { Finding } from "../engine/step.ts";
import type { ClusterFacts } from "../plan/schema.ts";
import type { Target } from "./migration.ts";
import { isAvailabilitySet } from "./nodes.ts";

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
  if (powerStateOf(asObject(cluster["properties"])) !== "running") {
    findings.push({
      check: "RD001",
      severity: "blocker",
      seen: `the cluster is ${asString(at(cluster, "properties", "powerState", "code"))}`,
      remedy: "Start it with `az aks start`, then plan again.",
      link: "https://learn.microsoft.com/azure/aks/start-stop-cluster",
    });
  }
  return findings;
}

/** The operations that Azure has under way on the cluster and its pools, in a sentence: it takes no other meanwhile. */
export function operationsUnderWay(cluster: ManagedCluster): string | undefined {
  const busy = unsettledStates(cluster).filter(({ state }) => !isTerminal(state));
  if (busy.length === 0) return undefined;
  const states = busy.map(({ what, state }) => `${what} is ${state}`).join(", ");
  return `Another operation has to end first: ${states}.`;
}

/** What a system-assigned identity cannot be used with, by Azure's own documentation and errors. */
export function checkSystemAssigned(cluster: ManagedCluster, facts: ClusterFacts, target: Target): Finding[] {
  if (target.controlPlane) return [];
  return reasonsForUserAssigned(cluster, facts).map((reason) => ({
    check: "ID007",
    severity: "blocker" as const,
    seen: `${reason}, which Azure does not support with a system-assigned identity`,
    remedy: "Plan with --to user-assigned.",
    link: "https://learn.microsoft.com/azure/aks/use-managed-identity",
  }));
}

function reasonsForUserAssigned(cluster: ManagedCluster, facts: ClusterFacts): string[] {
  const reasons: string[] = [];
  const pools = poolsOf(cluster);
  const names = (key: string) => pools.filter((pool) => asString(pool[key])).map(poolNameOf);
  if (facts.privateDnsZone) reasons.push("it has a private DNS zone of its own");
  const { plugin = "none", outboundType, routeTables } = facts.network;
  if (plugin.toLowerCase() === "kubenet" && routeTables.length > 0) {
    reasons.push("it uses kubenet with a route table of its own");
  } else if (plugin.toLowerCase() !== "azure" && outboundType?.toLowerCase() === "userdefinedrouting") {
    reasons.push("its nodes reach the network by a route table of its own, without Azure CNI");
  }
  if (facts.kms) reasons.push("it encrypts etcd with a key of its own (KMS)");
  const hosts = names("hostGroupID");
  if (hosts.length > 0) reasons.push(`pool ${hosts.join(", ")} is on a dedicated host group`);
  const reserved = names("capacityReservationGroupID");
  if (reserved.length > 0) reasons.push(`pool ${reserved.join(", ")} uses a capacity reservation group`);
  const machines = facts.pools.filter((pool) => pool.type.toLowerCase() === "virtualmachines" && pool.subnet);
  if (machines.length > 0) {
    reasons.push(`pool ${machines.map(({ name }) => name).join(", ")} has single machines in a subnet of its own`);
  }
  return reasons;
}

/**
 * Regions that lack a part of managed identity: US DoD and US Gov Iowa have no user-assigned identities at creation, China
 * East and North no kubelet identity of one's own (AKS documentation of both identities).
 */
export function checkRegion(location: string, target: Target): Finding[] {
  const region = regionOf({ location });
  const link = "https://learn.microsoft.com/azure/aks/use-managed-identity";
  if (target.controlPlane && ["usdodcentral", "usdodeast", "usgoviowa"].includes(region)) {
    return [
      {
        check: "ID014",
        severity: "medium",
        seen: `${location} is documented as a region without user-assigned identities for new clusters`,
        remedy: "Try it on a test cluster in this region first, or plan with --to system-assigned.",
        link,
      },
    ];
  }
  if (target.kubelet && ["chinaeast", "chinanorth"].includes(region)) {
    return [
      {
        check: "ID014",
        severity: "blocker",
        seen: `${location} does not support a kubelet identity of one's own`,
        remedy: "Plan with --kubelet-identity aks.",
        link,
      },
    ];
  }
  return [];
}

/** Pools and load balancers of an older kind: their nodes take another way than the node image upgrade (AKS documentation). */
export function checkOldKinds(cluster: ManagedCluster): Finding[] {
  const findings: Finding[] = [];
  const sets = poolsOf(cluster).filter((pool) => isAvailabilitySet({ type: asString(pool["type"]) ?? "" }));
  if (sets.length > 0) {
    findings.push({
      check: "RD004",
      severity: "medium",
      seen: `pool ${sets.map(poolNameOf).join(", ")} is an availability set: its node image cannot be upgraded`,
      remedy:
        "After the switch, replace its nodes with a Kubernetes upgrade or by scaling, or rebuild it as a scale set.",
      link: "https://learn.microsoft.com/azure/aks/availability-sets-on-aks",
    });
  }
  if (asString(at(cluster, "properties", "networkProfile", "loadBalancerSku"))?.toLowerCase() === "basic") {
    findings.push({
      check: "RD004",
      severity: "medium",
      seen: "the cluster has a Basic load balancer, which Azure has retired",
      remedy: "Move it to a Standard load balancer; that is a separate migration and replaces addresses.",
      link: "https://learn.microsoft.com/azure/aks/upgrade-basic-load-balancer-on-aks",
    });
  }
  return findings;
}

/** Turns blockers that the user chose to ignore into warnings that stay on record. */
export function ignoreBlockers(findings: readonly Finding[], ignored: readonly string[] = []): Finding[] {
  const names = new Set(ignored.map((check) => check.toUpperCase()));
  return findings.map((finding) =>
    finding.severity === "blocker" && names.has(finding.check.toUpperCase())
      ? { ...finding, severity: "high", seen: `${finding.seen} (ignored as asked for with --ignore-preflight)` }
      : finding,
  );
}
