import type { Azure } from "../azure/azure.ts";
import { asString, at } from "../azure/json.ts";
import {
  clientIdOf,
  isOnManagedIdentity,
  kubeletIdentityOf,
  type ManagedCluster,
  nodeCountOf,
  poolNameOf,
  poolsOf,
  userAssignedIdsOf,
} from "../azure/managed-cluster.ts";
import type { Finding } from "../engine/step.ts";
import { readPrincipalState } from "../migration/principal.ts";
import type { ClusterPlan } from "../plan/schema.ts";

/** What a cluster comes from: its identities and pools, as Azure will not tell them any more once they have changed. */
export interface Origin {
  readonly from: ClusterPlan["from"];
  readonly findings: readonly Finding[];
  /** When the credentials of the old service principal end, latest first, where that is known. */
  readonly credentialEnds: readonly Date[] | undefined;
}

/** Reads what a cluster comes from. @param switchedAt when the user says that it was switched */
export async function readOrigin(
  azure: Azure,
  cluster: ManagedCluster,
  now: Date,
  switchedAt: string | undefined,
): Promise<Origin> {
  const location = asString(cluster["location"]) ?? "";
  const pools = poolsOf(cluster).map((pool) => ({
    name: poolNameOf(pool),
    ...(asString(pool["nodeImageVersion"]) ? { nodeImageVersion: asString(pool["nodeImageVersion"]) } : {}),
    nodes: nodeCountOf(pool),
  }));
  const told = switchedAt === undefined ? {} : { switchedAt };
  if (!isOnManagedIdentity(cluster)) {
    const clientId = clientIdOf(cluster) ?? "";
    const { objectId, dead, credentialEnds, findings } = await readPrincipalState(azure, clientId, now);
    const servicePrincipal = { clientId, ...(objectId ? { objectId } : {}), ...(dead ? { dead } : {}) };
    return { from: { servicePrincipal, location, pools, ...told }, findings, credentialEnds };
  }
  const kubelet = kubeletIdentityOf(cluster);
  const controlPlane = await readControlPlane(azure, cluster);
  return {
    from: {
      ...(controlPlane ? { controlPlane } : {}),
      ...(kubelet?.objectId ? { kubelet: { resourceId: kubelet.resourceId, objectId: kubelet.objectId } } : {}),
      location,
      pools,
      ...told,
    },
    findings: [],
    credentialEnds: undefined,
  };
}

async function readControlPlane(azure: Azure, cluster: ManagedCluster): Promise<ClusterPlan["from"]["controlPlane"]> {
  const systemAssigned = asString(at(cluster, "identity", "principalId"));
  if (systemAssigned) return { objectId: systemAssigned };
  const resourceId = userAssignedIdsOf(cluster)[0];
  const identity = resourceId && (await azure.identities.get(resourceId));
  return identity ? { resourceId, objectId: identity.principalId } : undefined;
}

/** Whose roles a migration takes over: on a service principal the nodes pull with the same one. */
export function oldPrincipals({ servicePrincipal, controlPlane, kubelet }: ClusterPlan["from"]): OldPrincipals {
  return servicePrincipal
    ? { controlPlane: servicePrincipal.objectId, nodes: servicePrincipal.objectId }
    : { controlPlane: controlPlane?.objectId, nodes: kubelet?.objectId };
}

/** Object ids; undefined where it is not known. */
export interface OldPrincipals {
  readonly controlPlane: string | undefined;
  readonly nodes: string | undefined;
}
