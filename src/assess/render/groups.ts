import { SEVERITIES, type Severity } from "../../engine/step.ts";
import type { AssessedCluster, Assessment } from "../assess-estate.ts";

/** The name of a cluster, for people. */
export function clusterName({ id }: AssessedCluster): string {
  return id.split("/").at(-1)!;
}

/** The day on which the last credential ends, or a dash. */
export function credentialDay({ credentialsEnd }: AssessedCluster): string {
  return credentialsEnd?.slice(0, 10) ?? "-";
}

/** `1 cluster`, `2 clusters`. */
export function countClusters(count: number): string {
  return count === 1 ? "1 cluster" : `${count} clusters`;
}

/** How many clusters there are of each state, most first: `3 service-principal, 1 user-assigned`. */
export function countStates({ clusters }: Assessment): string {
  const counts = new Map<string, number>();
  for (const { state } of clusters) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([state, count]) => `${count} ${state}`)
    .join(", ");
}

/** One check with the clusters on which it found something. */
export interface FindingGroup {
  readonly check: string;
  readonly severity: Severity;
  /** Undefined where it differs from cluster to cluster. */
  readonly remedy: string | undefined;
  readonly clusters: readonly string[];
}

/** Findings by check and severity, the worst first. */
export function groupFindings({ clusters }: Assessment): FindingGroup[] {
  const groups = new Map<
    string,
    { check: string; severity: Severity; remedy: string | undefined; clusters: string[] }
  >();
  for (const cluster of clusters) {
    for (const { check, severity, remedy } of cluster.findings) {
      const key = `${SEVERITIES.indexOf(severity)} ${check}`;
      const group = groups.get(key) ?? { check, severity, remedy, clusters: [] };
      if (group.remedy !== remedy) group.remedy = undefined;
      if (group.clusters.at(-1) !== clusterName(cluster)) group.clusters.push(clusterName(cluster));
      groups.set(key, group);
    }
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}

/** What was not assessed, by check and reason, with the number of clusters; reasons that name single things stay apart. */
export function groupNotAssessed({ clusters }: Assessment): { check: string; reason: string; clusters: number }[] {
  const groups = new Map<string, { check: string; reason: string; clusters: number }>();
  for (const { notAssessed } of clusters) {
    for (const { check, reason } of notAssessed) {
      const key = `${check} ${reason}`;
      const group = groups.get(key) ?? { check, reason, clusters: 0 };
      group.clusters += 1;
      groups.set(key, group);
    }
  }
  return [...groups.values()].sort((a, b) => b.clusters - a.clusters || (a.check < b.check ? -1 : 1));
}
