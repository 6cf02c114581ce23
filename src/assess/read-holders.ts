import { parseResourceId, sameId } from "../azure/ids.ts";
import { asObject, asString, at } from "../azure/json.ts";
import { clientIdOf, kubeletIdentityOf, type ManagedCluster, userAssignedIdsOf } from "../azure/managed-cluster.ts";
import { reasonFor } from "../azure/refusals.ts";
import type { Estate } from "./estate.ts";
import { findById } from "./indexes.ts";
import { known, unknown } from "./outcome.ts";
import type { Holder, IdentityReading, ServicePrincipalReading } from "./reading.ts";
import type { Surroundings } from "./surroundings.ts";

/** Reads the service principal that a cluster is on: who it is, until when, what it holds and who else uses it. */
export async function readServicePrincipal(
  id: string,
  cluster: ManagedCluster,
  { estate, neighbours, assignments }: Surroundings,
): Promise<ServicePrincipalReading> {
  const clientId = clientIdOf(cluster) ?? "";
  const principal = await estate.servicePrincipal(clientId);
  const found = principal.known ? principal.value : undefined;
  const ends = found
    ? await estate.credentialEnds(found.appId)
    : unknown(principal.known ? "it is gone" : principal.reason);
  const deleted = principal.known && !found ? await estate.deletedServicePrincipal(clientId) : undefined;
  const users = neighbours.usersOf(clientId);
  return {
    clientId,
    principal,
    deleted: deleted?.known ? deleted.value : undefined,
    credentialEnds: ends.known ? known(ends.value ?? []) : ends,
    rights: found
      ? await assignments.rightsOf(found.objectId, "groups too")
      : { items: [], gap: principal.known ? "the service principal is gone" : principal.reason },
    otherClusters: { items: users.map((user) => user.id).filter((other) => !sameId(other, id)), gap: neighbours.gap },
    clusterScopes: neighbours.scopesOf(clientId),
  };
}

/** The user-assigned identities that a cluster names, and for what. */
export function identitiesNamedBy(cluster: ManagedCluster): Pick<IdentityReading, "id" | "use">[] {
  const kubelet = kubeletIdentityOf(cluster)?.resourceId;
  return [
    ...userAssignedIdsOf(cluster).map((id) => ({ id, use: "control-plane" as const })),
    ...(kubelet ? [{ id: kubelet, use: "kubelet" as const }] : []),
  ];
}

/** Reads the user-assigned identities that a cluster names. */
export async function readIdentities(
  id: string,
  cluster: ManagedCluster,
  around: Surroundings,
): Promise<IdentityReading[]> {
  const readings: IdentityReading[] = [];
  for (const { id: identity, use } of identitiesNamedBy(cluster)) {
    const users = around.neighbours.usersOf(identity).map((user) => user.id);
    readings.push({
      id: identity,
      use,
      identity: await readIdentity(around.estate, identity),
      otherClusters: { items: users.filter((other) => !sameId(other, id)), gap: around.neighbours.gap },
    });
  }
  return readings;
}

async function readIdentity(estate: Estate, id: string): Promise<IdentityReading["identity"]> {
  const { subscription } = parseResourceId(id)!;
  // Azure answers 404 for whatever lies in a subscription of another tenant.
  if (!estate.subscription(subscription)) return unknown(`you do not see its subscription ${subscription}`);
  const { items, gap } = await estate.identities(subscription);
  const found = findById(items, id);
  if (found || gap === undefined) return known(found);
  try {
    return known(await estate.azure.identities.get(id));
  } catch (error) {
    return unknown(reasonFor(error, `the identity ${parseResourceId(id)!.name}`));
  }
}

/** Reads what somebody who acts for a cluster holds. */
export async function readHolder(
  { assignments }: Surroundings,
  principalId: string | undefined,
  through: "itself" | "groups too" = "groups too",
): Promise<Holder> {
  const rights: Holder["rights"] = principalId
    ? await assignments.rightsOf(principalId, through)
    : { items: [], gap: "Azure does not show its principal" };
  return { principalId, rights };
}

/** Reads what the identities of a cluster's add-ons hold. */
export async function readAddons(around: Surroundings, cluster: ManagedCluster): Promise<Map<string, Holder>> {
  const profiles = Object.entries(asObject(at(cluster, "properties", "addonProfiles"))).map(
    ([name, profile]) => [name.toLowerCase(), asString(at(profile, "identity", "objectId"))] as const,
  );
  const routing = at(cluster, "properties", "ingressProfile", "webAppRouting", "identity", "objectId");
  const holders = new Map<string, Holder>();
  for (const [name, principalId] of [...profiles, ["webapprouting", asString(routing)] as const]) {
    if (principalId) holders.set(name, await readHolder(around, principalId, "itself"));
  }
  return holders;
}
