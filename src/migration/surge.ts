import type { Usage } from "../azure/capacity.ts";
import { sameId } from "../azure/ids.ts";
import { asString, at, type JsonObject } from "../azure/json.ts";
import {
  kubernetesVersionOf,
  type ManagedCluster,
  nodeCountOf,
  poolNameOf,
  poolsOf,
  powerStateOf,
} from "../azure/managed-cluster.ts";
import type { Subnet } from "../azure/networks.ts";
import type { Known } from "../engine/known.ts";
import type { Outcome } from "../engine/outcome.ts";
import type { Finding } from "../engine/step.ts";
import { parseVmSize } from "./vm-sizes.ts";

const LINK = "https://learn.microsoft.com/azure/aks/upgrade-options";

/** What a surge can be measured against. */
export interface Room {
  readonly cluster: ManagedCluster;
  /** The subnets of the pools, as far as they could be read. */
  readonly subnets: readonly Subnet[];
  /** The compute quota of the region. */
  readonly usages: Known<readonly Usage[]>;
}

/** The pools whose nodes are replaced with the help of further ones: neither Spot, nor stopped, nor without a node. */
export function poolsWithSurge(pools: readonly JsonObject[]): JsonObject[] {
  return pools.filter(
    (pool) =>
      asString(pool["scaleSetPriority"])?.toLowerCase() !== "spot" &&
      powerStateOf(pool) !== "stopped" &&
      (nodeCountOf(pool) > 0 || isOfMachines(pool)),
  );
}

/**
 * RD006: room for the nodes that stand in while others are replaced. Azure needs addresses and cores for a pool's whole
 * surge; with Kubernetes 1.35 and later it makes do with one node (AKS documentation of upgrades).
 * @param pools those to be re-imaged, see `poolsWithSurge`
 */
export function judgeSurge(room: Room, pools: readonly JsonObject[]): Outcome[] {
  const counted = pools.filter((pool) => !isOfMachines(pool));
  const uncounted = pools.filter(isOfMachines).map(poolNameOf);
  return [
    ...counted.flatMap((pool) => judgeAddresses(room, pool)),
    ...judgeCores(room, counted),
    ...uncounted.map((name) => ({
      check: "RD006",
      reason: `pool ${name}: it is made of single machines, whose surge is not computed`,
    })),
  ];
}

/** A pool of machines of several sizes, which has a count per size and none of its own. */
function isOfMachines(pool: JsonObject): boolean {
  return asString(pool["type"])?.toLowerCase() === "virtualmachines";
}

/** Azure keeps five addresses of every subnet for itself. */
const RESERVED_ADDRESSES = 5;

function judgeAddresses({ cluster, subnets }: Room, pool: JsonObject): Outcome[] {
  const id = asString(pool["vnetSubnetID"]);
  if (!id) return [];
  const name = poolNameOf(pool);
  const subnet = subnets.find((candidate) => sameId(candidate.id, id));
  const size = subnet && addressesIn(subnet);
  if (!subnet || size === undefined)
    return [{ check: "RD006", reason: `pool ${name}: the size of its subnet cannot be read` }];
  // Interfaces may be left out of what Azure shows of a subnet, but the cluster's own nodes are certainly there.
  const ownUse = poolsOf(cluster)
    .filter((other) => sameId(asString(other["vnetSubnetID"]), id))
    .reduce((sum, other) => sum + nodeCountOf(other) * addressesPerNode(cluster, other), 0);
  const free = Math.max(0, size - RESERVED_ADDRESSES - Math.max(subnet.ipConfigurations, ownUse));
  const each = addressesPerNode(cluster, pool);
  return judgeNeed(cluster, pool, each, free, (needed) => ({
    seen: `pool ${name} needs ${needed} addresses for its surge, and its subnet has ${free} left`,
    remedy: "Lower the pool's max surge (or use max unavailable on user pools), or give it a larger subnet.",
  }));
}

/** With Azure CNI each pod has an address of the nodes' subnet, unless pods have a subnet or an overlay of their own. */
function addressesPerNode(cluster: JsonObject, pool: JsonObject): number {
  const profile = at(cluster, "properties", "networkProfile");
  const flat =
    asString(at(profile, "networkPlugin"))?.toLowerCase() === "azure" &&
    asString(at(profile, "networkPluginMode"))?.toLowerCase() !== "overlay" &&
    !asString(pool["podSubnetID"]);
  return flat ? 1 + Number(pool["maxPods"] ?? 30) : 1;
}

function addressesIn(subnet: Subnet): number | undefined {
  const sizes = subnet.addressPrefixes
    .filter((prefix) => !prefix.includes(":"))
    .map((prefix) => Number(prefix.split("/")[1]));
  if (sizes.length === 0 || sizes.some((bits) => !(bits >= 0 && bits <= 32))) return undefined;
  return sizes.reduce((sum, bits) => sum + 2 ** (32 - bits), 0);
}

/** Compares what a surge takes with what there is. @param each what one node takes */
function judgeNeed(
  cluster: ManagedCluster,
  pool: JsonObject,
  each: number,
  free: number,
  words: (needed: number) => Pick<Finding, "seen" | "remedy">,
): Finding[] {
  const surge = surgeOf(pool);
  if (surge * each <= free) return [];
  const { seen, remedy } = words(surge * each);
  if (each <= free && fallsBack(cluster, pool)) {
    return [
      {
        check: "RD006",
        severity: "medium",
        seen: `${seen}: with this version of Kubernetes Azure falls back to one node at a time`,
        remedy: `Nothing has to be done, it only takes longer. ${remedy}`,
        link: LINK,
      },
    ];
  }
  return [{ check: "RD006", severity: "blocker", seen, remedy, link: LINK }];
}

/** The first minor version of Kubernetes with which Azure makes do with a smaller surge. */
const FALLBACK_MINOR = 35;

function fallsBack(cluster: ManagedCluster, pool: JsonObject): boolean {
  const version = asString(pool["currentOrchestratorVersion"]) ?? kubernetesVersionOf(cluster);
  return Number(/^1\.(\d+)/.exec(version ?? "")?.[1] ?? 0) >= FALLBACK_MINOR;
}

/** Nodes added while a pool is replaced: a number or a share rounded up, one where nothing is set. */
function surgeOf(pool: JsonObject): number {
  const given = String(at(pool, "upgradeSettings", "maxSurge") ?? "1");
  return given.endsWith("%")
    ? Math.ceil((nodeCountOf(pool) * Number.parseInt(given, 10)) / 100)
    : Number.parseInt(given, 10) || 0;
}

function judgeCores({ cluster, usages }: Room, pools: readonly JsonObject[]): Outcome[] {
  if (pools.length === 0) return [];
  if (!usages.known || usages.value.length === 0) {
    return [{ check: "RD006", reason: usages.known ? "Azure shows no compute quota for the region" : usages.reason }];
  }
  const quota = (name: string) => usages.value.find((usage) => usage.name.toLowerCase() === name);
  return pools.flatMap((pool): Outcome[] => {
    const name = poolNameOf(pool);
    const vmSize = asString(pool["vmSize"]) ?? "";
    const size = parseVmSize(vmSize);
    if (!size) return [{ check: "RD006", reason: `pool ${name}: the cores of ${vmSize || "its size"} are not known` }];
    const own = [quota("cores"), quota(size.family)].filter((usage) => usage !== undefined);
    const tightest = own.sort((a, b) => a.limit - a.used - (b.limit - b.used))[0];
    if (!tightest) return [{ check: "RD006", reason: `pool ${name}: Azure shows no quota for ${vmSize}` }];
    const free = Math.max(0, tightest.limit - tightest.used);
    const short = judgeNeed(cluster, pool, size.cores, free, (needed) => ({
      seen: `pool ${name} needs ${needed} cores for its surge, and the quota ${tightest.name} has ${free} left`,
      remedy: "Ask for more quota, or lower the pool's max surge.",
    }));
    // Room in the region says nothing about the family's own quota.
    const untold = short.length === 0 && !quota(size.family);
    return untold
      ? [{ check: "RD006", reason: `pool ${name}: Azure shows no quota for the family of ${vmSize}` }]
      : short;
  });
}
