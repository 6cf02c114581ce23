import { at } from "../azure/json.ts";
import type { ManagedCluster } from "../azure/managed-cluster.ts";
import type { Finding } from "../engine/step.ts";

/** WK004: the pod identity add-on, supported until September 2025. It takes requests for tokens from pods, AKS's own too. */
export function checkPodIdentityAddon(cluster: ManagedCluster): Finding[] {
  if (at(cluster, "properties", "podIdentityProfile", "enabled") !== true) return [];
  return [
    {
      check: "WK004",
      severity: "critical",
      seen: "pod-managed identity is on; its support ended in September 2025",
      remedy:
        "Move the workloads to Workload ID. PSRule's rule asked for the opposite, to turn pod identity on; it is outdated and was withdrawn. Until then, pods of AKS itself (`kubernetes.azure.com/managedby: aks`) need an AzurePodIdentityException.",
      link: "https://learn.microsoft.com/azure/aks/workload-identity-migrate-from-pod-identity",
    },
  ];
}
