import type { KubernetesVersion } from "../../azure/capacity.ts";
import { poolsOf } from "../../azure/clusters.ts";
import { asString, at } from "../../azure/json.ts";
import { judgeSurge, poolsWithSurge } from "../../migration/surge.ts";
import { LINKS } from "../links.ts";
import type { Outcome } from "../outcome.ts";
import { type ClusterReading, isMigrationAhead, poolsLeft } from "../reading.ts";

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

/** RD006: room for the nodes that stand in while others are replaced; a plan asks the same. */
export function checkSurge(reading: ClusterReading): Outcome[] {
  return isMigrationAhead(reading) ? judgeSurge(reading, poolsWithSurge(poolsLeft(reading))) : [];
}
