import type { Azure } from "../azure/azure.ts";
import type { KubernetesVersion } from "../azure/capacity.ts";
import { parseResourceId } from "../azure/ids.ts";
import { asString, at } from "../azure/json.ts";
import { kubernetesVersionOf, type ManagedCluster, poolNameOf, poolsOf, regionOf } from "../azure/managed-cluster.ts";
import { reasonFor } from "../azure/refusals.ts";
import { type Known, known, unknown } from "../engine/known.ts";
import type { Outcome } from "../engine/outcome.ts";

const LINK = "https://learn.microsoft.com/azure/aks/supported-kubernetes-versions";

/** How many minor versions nodes may be behind their control plane (Kubernetes version skew policy, since 1.28). */
const SKEW_MINORS = 3;

/**
 * RD003: versions that Azure does not support any more, and nodes too far from their control plane.
 * @param offered the versions that the cluster's region offers
 */
export function judgeVersions(cluster: ManagedCluster, offered: Known<readonly KubernetesVersion[]>): Outcome[] {
  const version = minorOf(kubernetesVersionOf(cluster));
  if (version === undefined) return [{ check: "RD003", reason: "Azure does not show the cluster's version" }];
  const outcomes: Outcome[] = [];
  const finding = (seen: string, remedy: string) =>
    outcomes.push({ check: "RD003", severity: "high", seen, remedy, link: LINK });
  if (!offered.known) outcomes.push({ check: "RD003", reason: offered.reason });
  else if (offered.value.length === 0)
    outcomes.push({ check: "RD003", reason: "Azure lists no supported versions for the region" });
  else if (!isSupported(version, cluster, offered.value)) {
    finding(
      `Kubernetes 1.${version} is out of support`,
      "Upgrade the cluster first; that re-images the nodes, and can be the upgrade that the migration needs.",
    );
  }
  const behind = poolsOf(cluster).filter((pool) => {
    const own = minorOf(asString(pool["currentOrchestratorVersion"]) ?? asString(pool["orchestratorVersion"]));
    return own !== undefined && (own > version || version - own > SKEW_MINORS);
  });
  if (behind.length > 0) {
    finding(
      `pool ${behind.map(poolNameOf).join(", ")} is too far from the control plane's version 1.${version}`,
      "Bring the pools to the control plane's version first.",
    );
  }
  return outcomes;
}

/** The same for a plan, with a read of its own. */
export async function checkVersions(azure: Azure, cluster: ManagedCluster, clusterId: string): Promise<Outcome[]> {
  const location = regionOf(cluster);
  try {
    const { subscription } = parseResourceId(clusterId)!;
    return judgeVersions(cluster, known(await azure.capacity.kubernetesVersions(subscription, location)));
  } catch (error) {
    return judgeVersions(cluster, unknown(reasonFor(error, `the list of Kubernetes versions of ${location}`)));
  }
}

function isSupported(minor: number, cluster: ManagedCluster, offered: readonly KubernetesVersion[]): boolean {
  const found = offered.find(({ version }) => minorOf(version) === minor);
  if (!found) return false;
  const plan = asString(at(cluster, "properties", "supportPlan")) ?? "KubernetesOfficial";
  return found.supportPlans.length === 0 || found.supportPlans.some((own) => own.toLowerCase() === plan.toLowerCase());
}

function minorOf(version: string | undefined): number | undefined {
  const match = /^1\.(\d+)/.exec(version ?? "");
  return match ? Number(match[1]) : undefined;
}
