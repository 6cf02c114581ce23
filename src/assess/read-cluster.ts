import type { CloudName } from "../azure/clouds.ts";
import {
  isOnManagedIdentity,
  kubeletIdentityOf,
  type ManagedCluster,
  poolsOf,
  userAssignedIdsOf,
} from "../azure/clusters.ts";
import type { DirectoryKind } from "../azure/graph.ts";
import { isWithin, parseResourceId, resourceGroupId, sameId } from "../azure/ids.ts";
import { asObject, asString, at } from "../azure/json.ts";
import { reasonFor } from "../azure/refusals.ts";
import type { RoleAssignment } from "../azure/roles.ts";
import { lookInside } from "../in-cluster/look-inside.ts";
import { judgeCluster } from "../migration/cluster-state.ts";
import { nodeResourceGroupId } from "../migration/grants.ts";
import { readFacts } from "../migration/read-facts.ts";
import type { ClusterFacts } from "../plan/schema.ts";
import type { Estate } from "./estate.ts";
import { findById, inResourceGroup } from "./indexes.ts";
import type { Neighbours } from "./neighbours.ts";
import { type Known, known, unknown } from "./outcome.ts";
import { readNodes } from "./read-nodes.ts";
import {
  type ClusterReading,
  type Holder,
  type IdentityReading,
  isMigrationAhead,
  type ServicePrincipalReading,
} from "./reading.ts";
import type { AllAssignments } from "./rights.ts";

/** What the readings of all clusters share. */
export interface Surroundings {
  readonly estate: Estate;
  readonly neighbours: Neighbours;
  readonly assignments: AllAssignments;
  readonly directory: Known<ReadonlyMap<string, DirectoryKind>>;
  readonly cloud: CloudName;
  readonly now: Date;
  /** Start a pod in each cluster, and look at what is in it. */
  readonly inCluster: boolean;
}

/**
 * Reads one cluster: beyond what the lists hold, its maintenance windows, identities that no list shows, and per pool the
 * instances of its scale set and its newest node image; at most three reads and two per pool, unless it is looked inside.
 */
export async function readClusterForAssessment(
  id: string,
  cluster: ManagedCluster,
  around: Surroundings,
): Promise<ClusterReading> {
  const { estate, now, cloud, directory } = around;
  const { subscription } = parseResourceId(id)!;
  const location = (asString(cluster["location"]) ?? "").replaceAll(" ", "").toLowerCase();
  const onManagedIdentity = isOnManagedIdentity(cluster);
  const facts = await readOwnFacts(estate, cluster, subscription);
  const pools = onManagedIdentity
    ? await readNodes(estate.azure, id, cluster, await estate.scaleSets(subscription))
    : [];
  const { state } = judgeCluster(cluster, pools);
  const servicePrincipal = onManagedIdentity ? undefined : await readServicePrincipal(id, cluster, around);
  const isAhead = isMigrationAhead({ state, servicePrincipal, pools });
  const [locks, policies, registries, subnets, assignments] = await Promise.all([
    estate.locks(subscription),
    estate.policies(subscription),
    estate.registries(subscription),
    readNamedSubnets(estate, facts),
    estate.assignments(subscription),
  ]);
  return {
    id,
    cluster,
    now,
    cloud,
    tenant: estate.subscription(subscription)?.tenant,
    state,
    facts,
    pools,
    servicePrincipal,
    identities: onManagedIdentity ? await readIdentities(id, cluster, around) : [],
    controlPlane: onManagedIdentity ? await readHolder(around, controlPlanePrincipal(cluster)) : undefined,
    kubelet: onManagedIdentity ? await readHolder(around, kubeletIdentityOf(cluster)?.objectId) : undefined,
    addons: onManagedIdentity ? await readAddons(around, cluster) : new Map(),
    registries,
    locks,
    policies,
    subnets,
    latestNodeImages: isAhead ? await readNodeImages(estate, id, cluster) : new Map(),
    maintenance: isAhead ? await readMaintenance(estate, id) : undefined,
    kubernetesVersions: await estate.kubernetesVersions(subscription, location),
    usages: isAhead ? await estate.usages(subscription, location) : unknown("no migration lies ahead"),
    assignmentCount:
      assignments.gap === undefined ? known(countIn(subscription, assignments.items)) : unknown(assignments.gap),
    ownAssignments: {
      ...assignments,
      items: [nodeResourceGroupId(id, facts), resourceGroupId(subscription, parseResourceId(id)!.resourceGroup)]
        .flatMap((group) => inResourceGroup(assignments.items, group, ({ scope }) => scope))
        .filter(({ scope }) => isOwnScope(scope, id, facts)),
    },
    directory,
    inside: around.inCluster ? await lookInside(estate.azure, id, cluster, oldClientId(cluster)) : undefined,
  };
}

/** A cluster on managed identity does not tell which service principal it left. */
function oldClientId(cluster: ManagedCluster): string | undefined {
  if (isOnManagedIdentity(cluster)) return undefined;
  return asString(at(cluster, "properties", "servicePrincipalProfile", "clientId"));
}

const COUNTS = new WeakMap<object, number>();

/** How many of the assignments count towards the subscription's limit: those above it do not. */
function countIn(subscription: string, assignments: readonly RoleAssignment[]): number {
  const before = COUNTS.get(assignments);
  if (before !== undefined) return before;
  const count = assignments.filter(({ scope }) => isWithin(scope, `/subscriptions/${subscription}`)).length;
  COUNTS.set(assignments, count);
  return count;
}

/** True for the cluster itself and for anything in its nodes' resource group. */
function isOwnScope(scope: string, clusterId: string, facts: ClusterFacts): boolean {
  return isWithin(scope, clusterId) || isWithin(scope, nodeResourceGroupId(clusterId, facts));
}

/** The facts that a plan would be made from, with subnets answered from the lists of virtual networks. */
async function readOwnFacts(estate: Estate, cluster: ManagedCluster, subscription: string): Promise<ClusterFacts> {
  const { azure } = estate;
  const subnet = async (id: string) => {
    const { items } = await estate.subnets(parseResourceId(id)?.subscription ?? subscription);
    return findById(items, id);
  };
  const view = { ...azure, resources: { ...azure.resources, subnet } };
  return (await readFacts(view, cluster, { controlPlane: undefined, nodes: undefined }, [])).facts;
}

async function readNamedSubnets(estate: Estate, facts: ClusterFacts) {
  const ids = facts.pools.flatMap(({ subnet, podSubnet }) => [subnet, podSubnet]).filter((id) => id !== undefined);
  const subscriptions = [...new Set(ids.map((id) => parseResourceId(id)?.subscription.toLowerCase() ?? ""))];
  const lists = await Promise.all(subscriptions.map((subscription) => estate.subnets(subscription)));
  const found = ids.flatMap((id) => lists.map(({ items }) => findById(items, id)));
  return [...new Set(found.filter((subnet) => subnet !== undefined))];
}

async function readServicePrincipal(
  id: string,
  cluster: ManagedCluster,
  { estate, neighbours, assignments }: Surroundings,
): Promise<ServicePrincipalReading> {
  const clientId = asString(at(cluster, "properties", "servicePrincipalProfile", "clientId")) ?? "";
  const principal = await estate.servicePrincipal(clientId);
  const found = principal.known ? principal.value : undefined;
  const ends = found
    ? await estate.credentialEnds(found.appId)
    : unknown(principal.known ? "it is gone" : principal.reason);
  const users = neighbours.usersOf(clientId);
  return {
    clientId,
    principal,
    credentialEnds: ends.known ? known(ends.value ?? []) : ends,
    rights: found
      ? await assignments.rightsOf(found.objectId, "groups too")
      : { items: [], gap: principal.known ? "the service principal is gone" : principal.reason },
    otherClusters: { items: users.map((user) => user.id).filter((other) => !sameId(other, id)), gap: neighbours.gap },
    clusterScopes: neighbours.scopesOf(clientId),
  };
}

async function readIdentities(id: string, cluster: ManagedCluster, around: Surroundings): Promise<IdentityReading[]> {
  const kubelet = kubeletIdentityOf(cluster)?.resourceId;
  const named = [
    ...userAssignedIdsOf(cluster).map((identity) => ({ id: identity, use: "control-plane" as const })),
    ...(kubelet ? [{ id: kubelet, use: "kubelet" as const }] : []),
  ];
  const readings: IdentityReading[] = [];
  for (const { id: identity, use } of named) {
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

function controlPlanePrincipal(cluster: ManagedCluster): string | undefined {
  const [first] = Object.values(asObject(at(cluster, "identity", "userAssignedIdentities")));
  return asString(at(first, "principalId")) ?? asString(at(cluster, "identity", "principalId"));
}

async function readHolder(
  { assignments }: Surroundings,
  principalId: string | undefined,
  through: "itself" | "groups too" = "groups too",
): Promise<Holder> {
  const rights: Holder["rights"] = principalId
    ? await assignments.rightsOf(principalId, through)
    : { items: [], gap: "Azure does not show its principal" };
  return { principalId, rights };
}

async function readAddons(around: Surroundings, cluster: ManagedCluster): Promise<Map<string, Holder>> {
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

async function readNodeImages(estate: Estate, id: string, cluster: ManagedCluster) {
  const images = new Map<string, Known<string | undefined>>();
  for (const pool of poolsOf(cluster)) {
    const name = asString(pool["name"]) ?? "";
    try {
      images.set(name, known(await estate.azure.clusters.latestNodeImage(id, name)));
    } catch (error) {
      images.set(name, unknown(reasonFor(error, `the upgrade profile of pool ${name}`)));
    }
  }
  return images;
}

async function readMaintenance(estate: Estate, id: string): Promise<NonNullable<ClusterReading["maintenance"]>> {
  try {
    return known(await estate.azure.maintenance.configurations(id));
  } catch (error) {
    return unknown(reasonFor(error, "the maintenance windows"));
  }
}
