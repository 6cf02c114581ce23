import type { Azure } from "../azure/azure.ts";
import { hasStatus } from "../azure/errors.ts";
import { parseResourceId, sameId } from "../azure/ids.ts";
import { asString, at, type JsonObject } from "../azure/json.ts";
import {
  isTerminal,
  kubeletIdentityOf,
  type ManagedCluster,
  poolsOf,
  powerStateOf,
  provisioningStateOf,
} from "../azure/managed-cluster.ts";
import type { ScaleSet, ScaleSetInstance } from "../azure/scale-sets.ts";
import type { ApplyEvent } from "../engine/step.ts";
import { CLOCK_SLACK_MS, type RankedNodes } from "./evidence.ts";
import { readMachineEvidence } from "./machines.ts";

/** One node pool, with the evidence about its nodes. */
export interface PoolEvidence extends RankedNodes {
  readonly pool: string;
  readonly provisioningState: string;
  readonly nodeImageVersion: string | undefined;
  readonly type: string;
}

/**
 * Reads the evidence about pools: the scale set of each, and every instance of it.
 * @param switchedAt a node provisioned before this cannot have the new identity
 * @param expected the kubelet identity that an update brings: AKS names it on the cluster only when all nodes have it
 */
export async function readNodeEvidence(
  azure: Azure,
  clusterId: string,
  cluster: ManagedCluster,
  switchedAt: Date | undefined,
  pools: readonly JsonObject[] = poolsOf(cluster),
  expected?: string,
): Promise<PoolEvidence[]> {
  const kubelet = kubeletIdentityOf(cluster)?.resourceId ?? expected;
  const group = asString(at(cluster, "properties", "nodeResourceGroup")) ?? "";
  const isCarrying = (scaleSet: ScaleSet) =>
    kubelet !== undefined && scaleSet.identities.some((id) => sameId(id, kubelet));
  // While pools are being re-imaged only their instances change: their scale sets got the identity before that. And as
  // long as the cluster shows no kubelet identity there is nothing that they could carry.
  const known = atWork(pools) ? scaleSetsSeen.get(azure)?.get(clusterId) : undefined;
  const isKnown = known && (kubelet === undefined || known.every(isCarrying));
  const scaleSets = isKnown ? known : await listScaleSets(azure, clusterId, cluster);
  if (scaleSets) remember(azure, clusterId, scaleSets);
  const evidence: PoolEvidence[] = [];
  for (const pool of pools) {
    const name = asString(pool["name"]) ?? "";
    const base = {
      pool: name,
      provisioningState: provisioningStateOf(pool),
      nodeImageVersion: asString(pool["nodeImageVersion"]),
      type: asString(pool["type"]) ?? "VirtualMachineScaleSets",
    };
    if (isAvailabilitySet(base) || base.type.toLowerCase() === "virtualmachines") {
      const machines = { name, count: Number(pool["count"] ?? 0) };
      evidence.push({
        ...base,
        ...(await readMachineEvidence(azure, clusterId, cluster, machines, kubelet, switchedAt)),
      });
      continue;
    }
    const scaleSet = scaleSets?.find(
      (candidate) => candidate.pool === name || candidate.name.startsWith(`aks-${name}-`),
    );
    if (!scaleSet) {
      const seen = scaleSets ? "it has no scale set" : `you may not read the scale sets of ${group}`;
      evidence.push({ ...base, rank: "unknown", nodes: Number(pool["count"] ?? 0), reimaged: [], seen });
      continue;
    }
    if (!isCarrying(scaleSet)) {
      const seen = "its scale set does not carry the kubelet identity";
      evidence.push({ ...base, rank: "none", nodes: Number(pool["count"] ?? 0), reimaged: [], seen });
      continue;
    }
    const instances = await azure.scaleSets.instances(scaleSet.id);
    evidence.push({ ...base, ...(instances.length > 0 ? rankInstances(instances, switchedAt) : rankEmpty(pool)) });
  }
  return evidence;
}

/** The pools whose scale sets do not carry an identity, as far as they may be read. @param identityId of the identity */
export async function poolsWithoutIdentity(
  azure: Azure,
  clusterId: string,
  cluster: ManagedCluster,
  identityId: string,
): Promise<string[]> {
  const scaleSets = await listScaleSets(azure, clusterId, cluster);
  return (scaleSets ?? []).flatMap(({ pool, identities }) =>
    pool === undefined || identities.some((id) => sameId(id, identityId)) ? [] : [pool],
  );
}

/** True when an update has got so far that a pool's scale set carries the identity: nodes may have been imaged onto it. */
export async function hasReachedNodes(
  azure: Azure,
  clusterId: string,
  cluster: ManagedCluster,
  identityId: string,
): Promise<boolean> {
  const scaleSets = await listScaleSets(azure, clusterId, cluster);
  return scaleSets?.some(({ identities }) => identities.some((id) => sameId(id, identityId))) === true;
}

/** The scale sets of a cluster; undefined where they may not be read. */
async function listScaleSets(
  azure: Azure,
  clusterId: string,
  cluster: ManagedCluster,
): Promise<readonly ScaleSet[] | undefined> {
  const { subscription } = parseResourceId(clusterId)!;
  try {
    return await azure.scaleSets.list(subscription, asString(at(cluster, "properties", "nodeResourceGroup")) ?? "");
  } catch (error) {
    if (hasStatus(error, 403)) return undefined;
    throw error;
  }
}

/** A pool of single machines: Azure refuses its node image upgrade (Azure CLI reference of `az aks nodepool upgrade`). */
export function isAvailabilitySet({ type }: Pick<PoolEvidence, "type">): boolean {
  return type.toLowerCase() === "availabilityset";
}

/** The scale sets of each cluster as they were last seen. */
const scaleSetsSeen = new WeakMap<Azure, Map<string, readonly ScaleSet[]>>();

function remember(azure: Azure, clusterId: string, scaleSets: readonly ScaleSet[]): void {
  const seen = scaleSetsSeen.get(azure) ?? new Map<string, readonly ScaleSet[]>();
  scaleSetsSeen.set(azure, seen.set(clusterId, scaleSets));
}

function atWork(pools: readonly JsonObject[]): boolean {
  return pools.length > 0 && pools.every((pool) => !isTerminal(provisioningStateOf(pool)));
}

/** A scale set without instances proves nothing; where the pool is to have nodes, it is not even known where they are. */
function rankEmpty(pool: JsonObject): RankedNodes {
  const nodes = Number(pool["count"] ?? 0);
  if (nodes > 0 && powerStateOf(pool) !== "stopped")
    return { rank: "unknown", nodes, reimaged: [], seen: `its scale set lists none of the pool's ${nodes} nodes` };
  const seen = "it has no node; its scale set carries the kubelet identity, which the next one is to get";
  return { rank: "model", nodes: 0, reimaged: [], seen };
}

function rankInstances(instances: readonly ScaleSetInstance[], switchedAt: Date | undefined): RankedNodes {
  const nodes = instances.length;
  const reimaged = instances.filter((instance) => isReimaged(instance, switchedAt)).map((instance) => instance.name);
  if (reimaged.length === nodes) {
    return {
      rank: "rolled",
      nodes,
      reimaged,
      seen: `all ${nodes} nodes run a model that carries the kubelet identity`,
    };
  }
  const seen = `${nodes - reimaged.length} of ${nodes} nodes have not been re-imaged since their scale set got the kubelet identity`;
  return { rank: "model", nodes, reimaged, seen };
}

/** A node provisioned before the switch still has the old principal's credentials, whatever its model flag says. */
function isReimaged({ latestModelApplied, provisionedAt }: ScaleSetInstance, switchedAt: Date | undefined): boolean {
  const older = switchedAt && provisionedAt && provisionedAt.getTime() < switchedAt.getTime() - CLOCK_SLACK_MS;
  return latestModelApplied && !older;
}

/** How far the re-imaging of a pool has come, as an event. */
export function nodeProgress({ pool, nodes, reimaged }: PoolEvidence): ApplyEvent {
  return { type: "node:progress", pool, reimaged: reimaged.length, nodes, names: reimaged };
}
