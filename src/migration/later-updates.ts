import type { Finding } from "../engine/step.ts";
import { updatesCluster } from "../plan/change-keys.ts";
import type { Target } from "./migration.ts";

const ASSIGN = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action";

/**
 * RB014 for everyone but the operator: Azure asks whoever updates a cluster, at every update, whether they may assign its
 * user-assigned identities (AKS issue 4980). Those who could update it before cannot after the switch.
 * @param keys of the plan's changes
 */
export function checkLaterUpdates({ controlPlane, kubelet }: Target, keys: readonly string[]): Finding[] {
  const identities = [controlPlane, kubelet].filter((identity) => identity !== undefined);
  if (!keys.some(updatesCluster) || identities.length === 0) return [];
  const names = identities.map(({ name }) => name).join(" and ");
  return [
    {
      check: "RB014",
      severity: "medium",
      seen: `from the switch on, whoever updates this cluster (az aks update, Terraform, pipelines) needs ${ASSIGN} on ${names}`,
      remedy: `Give them Managed Identity Operator on ${names} before their next run; the roles that they hold on the cluster do not include it.`,
      link: "https://github.com/Azure/AKS/issues/4980",
    },
  ];
}
