import { asString, at } from "../azure/json.ts";
import type { ManagedCluster } from "../azure/managed-cluster.ts";
import type { Finding } from "../engine/step.ts";

/** What a cluster says about disruptions of its nodes, in lower case: `block`, `allow`, `allowduringmaintenancewindow`. */
function disruptionPolicyOf(cluster: ManagedCluster): string | undefined {
  return asString(at(cluster, "properties", "nodeDisruptionProfile", "nodeDisruptionPolicy"))?.toLowerCase();
}

/** True when changes of the cluster's identities are allowed in its maintenance window only (AKS documentation, preview). */
export function isWindowOnly(cluster: ManagedCluster): boolean {
  return disruptionPolicyOf(cluster) === "allowduringmaintenancewindow";
}

/** True when no change of the cluster's identities is allowed at all; node image upgrades are (AKS documentation, preview). */
export function isBlockedByPolicy(cluster: ManagedCluster): boolean {
  return disruptionPolicyOf(cluster) === "block";
}

/** RD008: the node disruption policy would have Azure refuse the update. */
export function checkDisruptionPolicy(cluster: ManagedCluster): Finding[] {
  if (!isBlockedByPolicy(cluster)) return [];
  return [
    {
      check: "RD008",
      severity: "blocker",
      seen: "the node disruption policy is Block: Azure refuses changes of the cluster's identity",
      remedy: "Set it to Allow, or AllowDuringMaintenanceWindow, for the time of the migration.",
      link: "https://learn.microsoft.com/azure/aks/node-disruption-policy",
    },
  ];
}
