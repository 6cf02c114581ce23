import { isWithin, parseResourceId, resourceGroupId } from "../azure/ids.ts";
import {
  clientIdOf,
  controlPlanePrincipalOf,
  isOnManagedIdentity,
  kubeletIdentityOf,
  type ManagedCluster,
  poolNameOf,
  poolsOf,
  regionOf,
} from "../azure/managed-cluster.ts";
import { reasonFor } from "../azure/refusals.ts";
import type { RoleAssignment } from "../azure/roles.ts";
import { lookInside } from "../in-cluster/look-inside.ts";
import { countAssignments } from "../migration/assignment-limit.ts";
import { judgeCluster } from "../migration/completeness.ts";
import { nodeResourceGroupId } from "../migration/grants.ts";
import { readFacts } from "../migration/read-facts.ts";
import type { ClusterFacts } from "../plan/schema.ts";
import type { Estate } from "./estate.ts";
import { findById, inResourceGroup } from "./indexes.ts";
import { type Known, known, unknown } from "./outcome.ts";
import { readAddons, readHolder, readIdentities, readServicePrincipal } from "./read-holders.ts";
import { readNodes } from "./read-nodes.ts";
import { type ClusterReading, isMigrationAhead } from "./reading.ts";
import type { Surroundings } from "./surroundings.ts";

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
  const location = regionOf(cluster);
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
    controlPlane: onManagedIdentity ? await readHolder(around, controlPlanePrincipalOf(cluster)) : undefined,
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
  return clientIdOf(cluster);
}

const COUNTS = new WeakMap<object, number>();

/** The count of a subscription's assignments, made once for all its clusters. */
function countIn(subscription: string, assignments: readonly RoleAssignment[]): number {
  const before = COUNTS.get(assignments);
  if (before !== undefined) return before;
  const count = countAssignments(subscription, assignments);
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

async function readNodeImages(estate: Estate, id: string, cluster: ManagedCluster) {
  const images = new Map<string, Known<string | undefined>>();
  for (const pool of poolsOf(cluster)) {
    const name = poolNameOf(pool);
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
