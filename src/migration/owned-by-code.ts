import { asObject } from "../azure/json.ts";
import type { ManagedCluster } from "../azure/managed-cluster.ts";
import type { Outcome } from "../engine/outcome.ts";

const CODE_TAG = /terraform|opentofu|pulumi|bicep|crossplane|ansible|^azd-env-name$|^gitops$/i;

/** RD011: whatever creates the cluster from code must be changed too, or its next run undoes the migration. */
export function checkOwnedByCode(cluster: ManagedCluster): Outcome {
  const tags = Object.entries(asObject(cluster["tags"])).filter(
    ([name, value]) => CODE_TAG.test(name) || (typeof value === "string" && CODE_TAG.test(value)),
  );
  if (tags.length === 0) return { check: "RD011", reason: "no tag of the cluster says whether code manages it" };
  return {
    check: "RD011",
    severity: "high",
    seen: `code seems to manage the cluster (${tags.map(([name, value]) => `${name}=${String(value)}`).join(", ")})`,
    remedy:
      "Change the code before the migration. Terraform: never add a kubelet_identity with another value, which replaces the cluster.",
    link: "https://learn.microsoft.com/azure/aks/use-tags",
  };
}
