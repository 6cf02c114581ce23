import pMap from "p-map";
import { normalizeId, parseResourceId, resourceGroupOf } from "../azure/ids.ts";
import type { Inventory } from "../azure/inventory.ts";
import { asObject, asString, at, type JsonObject } from "../azure/json.ts";
import { isOnManagedIdentity, type ManagedCluster, userAssignedIdsOf } from "../azure/managed-cluster.ts";
import { nodeResourceGroupId } from "../migration/grants.ts";
import { resolveTarget } from "../migration/migration.ts";
import type { ClusterPlan } from "../plan/schema.ts";
import { type LiveCluster, READS_AT_ONCE } from "./live-cluster.ts";
import { outlineOf, withoutSecrets } from "./outline.ts";
import type { TwinDraft } from "./twin.ts";

const SCALE_SETS = "Microsoft.Compute/virtualMachineScaleSets";

/**
 * Reads a cluster's nodes, what its plan names, and what holds it back (locks, maintenance windows).
 * @param nodeImages the newest images of its pools, as far as they are known
 */
export async function readClusterParts(
  draft: TwinDraft,
  inventory: Inventory,
  { plan, cluster }: LiveCluster,
  nodeImages: JsonObject | undefined,
): Promise<void> {
  draft.add(clusterForTwin(plan, cluster, nodeImages));
  await readNodes(draft, inventory, plan);
  await pMap(
    referencedIds(plan, cluster),
    async (id) => {
      const seen = await inventory.resource(id);
      const found = draft.take(seen, id);
      if (found) draft.add(outlineOf(found, typeOf(id)));
    },
    { concurrency: READS_AT_ONCE },
  );
  for (const scope of [plan.id, nodeResourceGroupId(plan.id, plan.facts)])
    for (const lock of draft.take(await inventory.locks(scope), `the locks on ${nameOf(scope)}`) ?? [])
      draft.add(outlineOf(lock, "Microsoft.Authorization/locks"));
  const windows = await inventory.maintenanceConfigurations(plan.id);
  for (const window of draft.take(windows, `the maintenance configurations of ${nameOf(plan.id)}`) ?? []) {
    draft.add({
      ...withoutSecrets(window),
      type: "Microsoft.ContainerService/managedClusters/maintenanceConfigurations",
    });
  }
}

/** The cluster as it is, with what the emulator cannot see in it: its pods' registries, its pools' images, whom it used before. */
function clusterForTwin(plan: ClusterPlan, cluster: ManagedCluster, nodeImages: JsonObject | undefined): JsonObject {
  const registries = plan.facts.registries.map(({ id }) => id);
  const former = isOnManagedIdentity(cluster) ? plan.from.servicePrincipal?.clientId : undefined;
  const hints = {
    ...(registries.length > 0 ? { registries } : {}),
    ...(nodeImages ? { nodeImages } : {}),
    ...(former ? { formerServicePrincipal: former } : {}),
  };
  return { ...withoutSecrets(cluster), ...(Object.keys(hints).length > 0 ? { _emulator: hints } : {}) };
}

async function readNodes(draft: TwinDraft, inventory: Inventory, plan: ClusterPlan): Promise<void> {
  const { subscription } = parseResourceId(plan.id)!;
  const group = plan.facts.network.nodeResourceGroup;
  const seen = await inventory.scaleSets(subscription, group);
  if (seen.kind === "unreadable") {
    draft.lacks(`the scale sets in ${group}`, `${seen.reason}; the twin's nodes are made from the pools' counts`);
  }
  const scaleSets = seen.kind === "found" ? seen.value : [];
  await pMap(
    scaleSets,
    async (scaleSet) => {
      const id = normalizeId(asString(scaleSet["id"]) ?? "");
      const instances = draft.take(await inventory.instances(id), `the instances of ${nameOf(id)}`);
      draft.add(outlineOf(scaleSet, SCALE_SETS));
      for (const instance of instances ?? []) draft.add(outlineOf(instance, `${SCALE_SETS}/virtualMachines`));
    },
    { concurrency: READS_AT_ONCE },
  );
}

/** Every resource that the cluster's facts or its plan name, each once: identities, networks, keys, registries, groups. */
function referencedIds({ id, facts, target }: ClusterPlan, cluster: ManagedCluster): string[] {
  const planned = resolveTarget(id, target);
  const { network } = facts;
  const addonIds = Object.values(facts.addons)
    .flatMap((config) => Object.values(config).flatMap((value) => value.split(",")))
    .filter((value) => parseResourceId(value) !== undefined);
  const identities = [...identityIds(cluster), planned.controlPlane?.id, planned.kubelet?.id];
  const ids = [
    resourceGroupOf(id),
    ...identities.flatMap((identity) => [identity && resourceGroupOf(identity), identity]),
    ...facts.pools.flatMap((pool) => [pool.subnet, pool.podSubnet]),
    network.apiServerSubnet,
    ...network.routeTables,
    ...network.securityGroups,
    ...network.publicIps,
    facts.privateDnsZone,
    facts.diskEncryptionSet,
    facts.kms?.vault,
    ...facts.registries.map((registry) => registry.id),
    ...addonIds,
  ].filter((value): value is string => value !== undefined);
  return [...new Map(ids.map((value) => [value.toLowerCase(), normalizeId(value)])).values()];
}

/** The user-assigned identities that a cluster names: its control plane's, its kubelets' and its add-ons'. */
function identityIds(cluster: ManagedCluster): string[] {
  const properties = asObject(cluster["properties"]);
  const holders = [
    ...Object.values(asObject(properties["identityProfile"])),
    ...Object.values(asObject(properties["addonProfiles"])).map((addon) => at(addon, "identity")),
    at(properties, "ingressProfile", "webAppRouting", "identity"),
  ];
  const named = holders.map((holder) => asString(at(holder, "resourceId"))).filter((id) => id !== undefined);
  return [...userAssignedIdsOf(cluster), ...named];
}

function typeOf(id: string): string {
  return parseResourceId(id)?.type ?? "Microsoft.Resources/resourceGroups";
}

function nameOf(id: string): string {
  return id.split("/").at(-1)!;
}
