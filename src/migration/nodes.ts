import type { Azure } from "../azure/azure.ts";
import { asString, type JsonObject } from "../azure/json.ts";
import {
  kubeletIdentityOf,
  type ManagedCluster,
  nodeCountOf,
  nodeResourceGroupOf,
  poolNameOf,
  poolsOf,
  powerStateOf,
  provisioningStateOf,
} from "../azure/managed-cluster.ts";
import type { ScaleSet, ScaleSetInstance } from "../azure/scale-sets.ts";
import type { ApplyEvent } from "../engine/step.ts";
import { carries, readScaleSets } from "./carrying-scale-sets.ts";
import { CLOCK_SLACK_MS, isUnproven, type RankedNodes } from "./evidence.ts";
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
  const scaleSets = await readScaleSets(azure, clusterId, cluster, pools, kubelet);
  const evidence: PoolEvidence[] = [];
  for (const pool of pools) {
    const described = describePool(pool);
    const ranked = hasNoScaleSet(described)
      ? await readMachineEvidence(azure, clusterId, cluster, pool, kubelet, switchedAt)
      : await readInstanceEvidence(azure, pool, scaleSets, { cluster, kubelet, switchedAt });
    evidence.push({ ...described, ...ranked });
  }
  return evidence;
}

/** What the cluster itself tells of a pool. */
export function describePool(pool: JsonObject): Omit<PoolEvidence, keyof RankedNodes> {
  return {
    pool: poolNameOf(pool),
    provisioningState: provisioningStateOf(pool),
    nodeImageVersion: asString(pool["nodeImageVersion"]),
    type: asString(pool["type"]) ?? "VirtualMachineScaleSets",
  };
}

/** The pools of a cluster whose nodes are still to be re-imaged, as far as the evidence about them goes. */
export function poolsLeftOf(cluster: ManagedCluster, evidence: readonly PoolEvidence[]): JsonObject[] {
  const left = new Set(evidence.filter(isUnproven).map(({ pool }) => pool));
  return poolsOf(cluster).filter((pool) => left.has(poolNameOf(pool)));
}

/** Ranks the nodes of a pool that has a scale set; undefined scale sets may not be read. */
async function readInstanceEvidence(
  azure: Azure,
  pool: JsonObject,
  scaleSets: readonly ScaleSet[] | undefined,
  {
    cluster,
    kubelet,
    switchedAt,
  }: { cluster: ManagedCluster; kubelet: string | undefined; switchedAt: Date | undefined },
): Promise<RankedNodes> {
  const name = poolNameOf(pool);
  const unproven = (rank: "unknown" | "none", seen: string) => ({ rank, nodes: nodeCountOf(pool), reimaged: [], seen });
  if (!scaleSets) return unproven("unknown", `you may not read the scale sets of ${nodeResourceGroupOf(cluster)}`);
  const scaleSet = scaleSets.find((candidate) => candidate.pool === name || candidate.name.startsWith(`aks-${name}-`));
  if (!scaleSet) return unproven("unknown", "it has no scale set");
  if (!carries(scaleSet, kubelet)) return unproven("none", "its scale set does not carry the kubelet identity");
  const instances = await azure.scaleSets.instances(scaleSet.id);
  return instances.length > 0 ? rankInstances(instances, switchedAt) : rankEmpty(pool);
}

/** A pool of single machines: Azure refuses its node image upgrade (Azure CLI reference of `az aks nodepool upgrade`). */
export function isAvailabilitySet({ type }: Pick<PoolEvidence, "type">): boolean {
  return type.toLowerCase() === "availabilityset";
}

/** True for a pool whose nodes are machines of their own. */
function hasNoScaleSet(pool: Pick<PoolEvidence, "type">): boolean {
  return isAvailabilitySet(pool) || pool.type.toLowerCase() === "virtualmachines";
}

/** A scale set without instances proves nothing; where the pool is to have nodes, it is not even known where they are. */
function rankEmpty(pool: JsonObject): RankedNodes {
  const nodes = nodeCountOf(pool);
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
