import { isWithin, parseResourceId } from "../azure/ids.ts";
import { asString } from "../azure/json.ts";
import {
  isOnManagedIdentity,
  kubeletIdentityOf,
  type ManagedCluster,
  userAssignedIdsOf,
} from "../azure/managed-cluster.ts";
import { AksMiError } from "../engine/errors.ts";
import { nodeResourceGroupId } from "../migration/grants.ts";
import { type ClusterFacts, type ClusterPlan, IDENTITY_NAME, type IdentityTarget } from "../plan/schema.ts";

/** What the user chose, as flags or in the wizard. */
export interface TargetChoice {
  readonly to: "user-assigned" | "system-assigned";
  /** Name or id. */
  readonly controlPlaneIdentity?: string | undefined;
  /** Name or id, or `aks` for the one that AKS makes. */
  readonly kubeletIdentity?: string | undefined;
  readonly identityResourceGroup?: string | undefined;
}

/**
 * Fills in what the user left open: identities `id-<cluster>` and `id-<cluster>-kubelet` beside the cluster. What a
 * cluster on managed identity already has is kept unless another identity is named: nothing is moved by omission.
 * @throws AksMiError `USAGE` when an identity is named that a system-assigned control plane cannot have
 */
export function chooseTarget(
  id: string,
  cluster: ManagedCluster,
  facts: ClusterFacts,
  choice: TargetChoice,
): ClusterPlan["target"] {
  const location = asString(cluster["location"]) ?? "";
  const { name, resourceGroup } = parseResourceId(id)!;
  const identity = (given: string) =>
    identityTarget(id, given, choice.identityResourceGroup ?? resourceGroup, location);
  const switched = isOnManagedIdentity(cluster);
  if (choice.to === "system-assigned") {
    if (choice.controlPlaneIdentity || (choice.kubeletIdentity && choice.kubeletIdentity !== "aks")) {
      throw new AksMiError(
        "USAGE",
        "A system-assigned control plane takes no identity of your own, and Azure gives its nodes only the kubelet identity that AKS makes.",
        "Leave out --control-plane-identity and --kubelet-identity, or plan with --to user-assigned.",
      );
    }
    return {};
  }
  const current = switched ? userAssignedIdsOf(cluster)[0] : undefined;
  const kubelet = chooseKubelet(id, cluster, facts, choice, `id-${name}-kubelet`);
  return {
    controlPlaneIdentity: identity(choice.controlPlaneIdentity ?? current ?? `id-${name}`),
    ...(kubelet === "aks" ? {} : { kubeletIdentity: identity(kubelet) }),
  };
}

function chooseKubelet(
  id: string,
  cluster: ManagedCluster,
  facts: ClusterFacts,
  choice: TargetChoice,
  fallback: string,
): string {
  if (choice.kubeletIdentity) return choice.kubeletIdentity;
  const current = isOnManagedIdentity(cluster) ? kubeletIdentityOf(cluster)?.resourceId : undefined;
  if (!current) return fallback;
  return isWithin(current, nodeResourceGroupId(id, facts)) ? "aks" : current;
}

/** An identity given as a name or as an id. @throws AksMiError when it is neither */
function identityTarget(clusterId: string, given: string, resourceGroup: string, location: string): IdentityTarget {
  if (!given.startsWith("/")) {
    if (IDENTITY_NAME.test(given)) return { name: given, resourceGroup, location };
    throw badIdentity(given);
  }
  const parsed = parseResourceId(given);
  if (parsed?.type.toLowerCase() !== "microsoft.managedidentity/userassignedidentities") throw badIdentity(given);
  const own = parsed.subscription.toLowerCase() === parseResourceId(clusterId)!.subscription.toLowerCase();
  return {
    name: parsed.name,
    resourceGroup: parsed.resourceGroup,
    location,
    ...(own ? {} : { subscription: parsed.subscription }),
  };
}

function badIdentity(given: string): AksMiError {
  return new AksMiError(
    "USAGE",
    `"${given}" is neither a name nor the id of a user-assigned managed identity.`,
    "Names have 3 to 128 letters, digits, hyphens or underscores; ids end in /userAssignedIdentities/<name>.",
  );
}
