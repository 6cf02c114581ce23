import type { KubernetesVersion } from "../../azure/capacity.ts";
import { poolsOf } from "../../azure/clusters.ts";
import { sameId } from "../../azure/ids.ts";
import { asString, at, type JsonObject } from "../../azure/json.ts";
import type { Subnet } from "../../azure/networks.ts";
import { LINKS } from "../links.ts";
import type { Outcome } from "../outcome.ts";
import { type ClusterReading, isMigrationAhead } from "../reading.ts";

/** How many minor versions nodes may be behind their control plane (Kubernetes version skew policy, since 1.28). */
const SKEW_MINORS = 3;

/** RD003: versions that Azure does not support any more, and nodes too far from their control plane. */
export function checkVersions(reading: ClusterReading): Outcome[] {
  if (!isMigrationAhead(reading)) return [];
  const { cluster, kubernetesVersions } = reading;
  const current = asString(at(cluster, "properties", "currentKubernetesVersion"));
  const version = minorOf(current ?? asString(at(cluster, "properties", "kubernetesVersion")));
  if (!version) return [{ check: "RD003", reason: "Azure does not show the cluster's version" }];
  const outcomes: Outcome[] = [];
  if (!kubernetesVersions.known) outcomes.push({ check: "RD003", reason: kubernetesVersions.reason });
  else if (kubernetesVersions.value.length === 0)
    outcomes.push({ check: "RD003", reason: "Azure lists no supported versions for the region" });
  else if (!isSupported(version, cluster, kubernetesVersions.value)) {
    outcomes.push({
      check: "RD003",
      severity: "high",
      seen: `Kubernetes 1.${version.minor} is out of support`,
      remedy: "Upgrade the cluster first; that re-images the nodes, and can be the upgrade that the migration needs.",
      link: LINKS.supportedVersions,
    });
  }
  const behind = poolsOf(cluster).filter((pool) => {
    const own = minorOf(asString(pool["currentOrchestratorVersion"]) ?? asString(pool["orchestratorVersion"]));
    return own !== undefined && (own.minor > version.minor || version.minor - own.minor > SKEW_MINORS);
  });
  if (behind.length > 0) {
    outcomes.push({
      check: "RD003",
      severity: "high",
      seen: `pool ${behind.map((pool) => asString(pool["name"])).join(", ")} is too far from the control plane's version 1.${version.minor}`,
      remedy: "Bring the pools to the control plane's version first.",
      link: LINKS.supportedVersions,
    });
  }
  return outcomes;
}

function isSupported(
  { minor }: { readonly minor: number },
  cluster: ClusterReading["cluster"],
  offered: readonly KubernetesVersion[],
): boolean {
  const found = offered.find(({ version }) => minorOf(version)?.minor === minor);
  if (!found) return false;
  const plan = asString(at(cluster, "properties", "supportPlan")) ?? "KubernetesOfficial";
  return found.supportPlans.length === 0 || found.supportPlans.some((own) => own.toLowerCase() === plan.toLowerCase());
}

function minorOf(version: string | undefined): { minor: number } | undefined {
  const match = /^1\.(\d+)/.exec(version ?? "");
  return match ? { minor: Number(match[1]) } : undefined;
}

/** RD006: room for the nodes that stand in while others are replaced: addresses and cores. Spot pools have no surge. */
export function checkSurge(reading: ClusterReading): Outcome[] {
  if (!isMigrationAhead(reading)) return [];
  const pools = poolsOf(reading.cluster).filter((pool) => asString(pool["scaleSetPriority"])?.toLowerCase() !== "spot");
  return [...checkAddresses(reading, pools), ...checkCores(reading, pools)];
}

/** Azure keeps five addresses of every subnet for itself. */
const RESERVED_ADDRESSES = 5;

function checkAddresses({ cluster, subnets }: ClusterReading, pools: readonly JsonObject[]): Outcome[] {
  return pools.flatMap((pool): Outcome[] => {
    const id = asString(pool["vnetSubnetID"]);
    if (!id) return [];
    const name = asString(pool["name"]) ?? "";
    const subnet = subnets.find((candidate) => sameId(candidate.id, id));
    const size = subnet && addressesIn(subnet);
    if (!subnet || size === undefined)
      return [{ check: "RD006", reason: `pool ${name}: the size of its subnet cannot be read` }];
    // A list of networks may leave the interfaces out, but the cluster's own nodes are certainly there.
    const ownUse = poolsOf(cluster)
      .filter((other) => sameId(asString(other["vnetSubnetID"]), id))
      .reduce((sum, other) => sum + nodesOf(other) * addressesPerNode(cluster, other), 0);
    const free = size - RESERVED_ADDRESSES - Math.max(subnet.ipConfigurations, ownUse);
    const needed = surgeOf(pool) * addressesPerNode(cluster, pool);
    if (needed <= free) return [];
    return [
      {
        check: "RD006",
        severity: "high",
        seen: `pool ${name} needs ${needed} addresses for its surge, and its subnet has ${Math.max(0, free)} left`,
        remedy: "Lower the pool's max surge (or use max unavailable on user pools), or give it a larger subnet.",
        link: LINKS.upgradeOptions,
      },
    ];
  });
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

function nodesOf(pool: JsonObject): number {
  return Number(pool["count"] ?? 0);
}

/** Nodes added while a pool is replaced: a number or a share rounded up, one where nothing is set. */
function surgeOf(pool: JsonObject): number {
  const given = String(at(pool, "upgradeSettings", "maxSurge") ?? "1");
  return given.endsWith("%")
    ? Math.ceil((nodesOf(pool) * Number.parseInt(given, 10)) / 100)
    : Number.parseInt(given, 10) || 0;
}

function checkCores({ usages }: ClusterReading, pools: readonly JsonObject[]): Outcome[] {
  if (!usages.known || usages.value.length === 0) {
    return [{ check: "RD006", reason: usages.known ? "Azure shows no compute quota for the region" : usages.reason }];
  }
  const quota = usages.value;
  return pools.flatMap((pool): Outcome[] => {
    const size = sizeOf(asString(pool["vmSize"]) ?? "");
    const name = asString(pool["name"]) ?? "";
    if (!size)
      return [{ check: "RD006", reason: `pool ${name}: the cores of ${String(pool["vmSize"])} are not known` }];
    const needed = surgeOf(pool) * size.cores;
    const short = quota.find(
      ({ name: kind, used, limit }) =>
        (kind.toLowerCase() === "cores" || kind.toLowerCase() === size.family) && used + needed > limit,
    );
    if (!short) return [];
    return [
      {
        check: "RD006",
        severity: "high",
        seen: `pool ${name} needs ${needed} cores for its surge, and the quota ${short.name} has ${Math.max(0, short.limit - short.used)} left`,
        remedy: "Ask for more quota, or lower the pool's max surge.",
        link: LINKS.upgradeOptions,
      },
    ];
  });
}

/** Cores and quota family of a size such as `Standard_D8ds_v5`: `standardddsv5family`, in lower case. */
function sizeOf(vmSize: string): { cores: number; family: string } | undefined {
  const match = /^Standard_([A-Z]+)(\d+)(?:-\d+)?([a-z]*)(?:_(?:[A-Za-z]+\d*_)?(v\d+))?$/.exec(vmSize);
  if (!match) return undefined;
  const [, letters, cores, extras, version] = match;
  return { cores: Number(cores), family: `standard${letters}${extras}${version ?? ""}family`.toLowerCase() };
}
