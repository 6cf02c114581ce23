import type { Azure } from "../azure/azure.ts";
import { sameId } from "../azure/ids.ts";
import { asObject, asString, at } from "../azure/json.ts";
import { isOnManagedIdentity, kubeletIdentityOf, type ManagedCluster } from "../azure/managed-cluster.ts";
import type { Grantee } from "../plan/change-keys.ts";
import type { Target } from "./migration.ts";

/** How a cluster uses an identity of its own. */
export interface IdentityUse {
  /** The principal that it acts as, where the cluster shows it. */
  readonly principalId: string | undefined;
}

/** How a cluster uses a user-assigned identity, as control plane or on its nodes; undefined when it does not. */
export function useOfIdentity(cluster: ManagedCluster, id: string): IdentityUse | undefined {
  const assigned = Object.entries(asObject(at(cluster, "identity", "userAssignedIdentities")));
  const controlPlane = assigned.find(([assignedId]) => sameId(assignedId, id));
  if (controlPlane) return { principalId: asString(at(controlPlane[1], "principalId")) };
  const kubelet = kubeletIdentityOf(cluster);
  return sameId(kubelet?.resourceId, id) ? { principalId: kubelet?.objectId } : undefined;
}

/** The object ids of the new identities, as far as they exist. */
export type Principals = ReadonlyMap<Grantee, string>;

/**
 * Looks up the object ids of the identities that roles are for. An identity given by the user is looked up itself; one
 * that Azure makes is read from the cluster, where it may be missing: add-on identities are, during every update.
 */
export async function readPrincipals(
  azure: Azure,
  cluster: ManagedCluster,
  target: Target,
  wanted: Iterable<Grantee>,
): Promise<Principals> {
  const found = new Map<Grantee, string>();
  for (const who of new Set(wanted)) {
    const principal = await readPrincipal(azure, cluster, target, who);
    if (principal) found.set(who, principal.toLowerCase());
  }
  return found;
}

async function readPrincipal(
  azure: Azure,
  cluster: ManagedCluster,
  target: Target,
  who: Grantee,
): Promise<string | undefined> {
  if (who === "control-plane") {
    if (target.controlPlane) return (await azure.identities.get(target.controlPlane.id))?.principalId;
    return isOnManagedIdentity(cluster) ? asString(at(cluster, "identity", "principalId")) : undefined;
  }
  if (who === "kubelet") {
    if (target.kubelet) return (await azure.identities.get(target.kubelet.id))?.principalId;
    return kubeletIdentityOf(cluster)?.objectId;
  }
  return addonIdentity(cluster, who.slice("addon:".length));
}

/** Add-on names compare without case: newer CLIs write `omsAgent`. */
function addonIdentity(cluster: ManagedCluster, addon: string): string | undefined {
  const name = addon.toLowerCase();
  if (name === "webapprouting")
    return asString(at(cluster, "properties", "ingressProfile", "webAppRouting", "identity", "objectId"));
  const profiles = Object.entries(asObject(at(cluster, "properties", "addonProfiles")));
  const profile = profiles.find(([key]) => key.toLowerCase() === name)?.[1];
  return asString(at(profile, "identity", "objectId"));
}
