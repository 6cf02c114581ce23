import type { AssessedCluster, Assessment } from "../assess-estate.ts";
import { clusterName, countClusters, countStates, credentialDay, groupFindings, groupNotAssessed } from "./groups.ts";

/** Up to this many clusters each finding is told in full; beyond, findings are told by check. */
const FEW_CLUSTERS = 10;
const NAMES_SHOWN = 5;

/** The assessment for a terminal or a log: a row per cluster, then what was found. */
export function renderAssessmentTable(assessment: Assessment): string {
  const { clusters, subscriptionsNotAssessed = [] } = assessment;
  const lines = [
    ...(clusters.length > 0 ? rows(clusters) : ["There is no cluster in scope."]),
    "",
    ...(clusters.length <= FEW_CLUSTERS ? clusters.flatMap(details) : byCheck(assessment)),
    ...(clusters.length > 0 ? [`${countClusters(clusters.length)}: ${countStates(assessment)}`] : []),
    ...subscriptionsNotAssessed.map(({ id, reason }) => `subscription ${id} not assessed: ${reason}`),
  ];
  return `${lines.join("\n")}\n`;
}

function rows(clusters: readonly AssessedCluster[]): string[] {
  const cells = clusters.map((cluster) => [
    clusterName(cluster),
    cluster.state,
    credentialDay(cluster),
    cluster.findings[0]?.severity ?? "-",
    [...new Set(cluster.findings.map(({ check }) => check))].join(" "),
  ]);
  const table = [["CLUSTER", "STATE", "SECRET ENDS", "WORST", "FINDINGS"], ...cells];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  return table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
}

function details(cluster: AssessedCluster): string[] {
  return [
    `${clusterName(cluster)} (${cluster.state})`,
    `  ${cluster.id}`,
    ...cluster.findings.flatMap(({ check, severity, seen, remedy, link, rules }) => [
      `  ${check} ${severity}: ${seen}`,
      `    → ${remedy}`,
      ...(link ? [`    ${link}`] : []),
      ...(rules ? [`    also reported by ${rules.join(", ")}`] : []),
    ]),
    ...cluster.notAssessed.map(({ check, reason }) => `  ${check} not assessed: ${reason}`),
    "",
  ];
}

function byCheck(assessment: Assessment): string[] {
  const findings = groupFindings(assessment).flatMap(({ check, severity, remedy, clusters }) => [
    `${check} ${severity}: ${countClusters(clusters.length)} (${someOf(clusters)})`,
    `  → ${remedy ?? "See the remedy of each cluster with -o json or -o markdown."}`,
  ]);
  const gaps = groupNotAssessed(assessment);
  const common = gaps.filter(({ clusters }) => clusters > 1);
  const single = gaps.length - common.length;
  return [
    ...findings,
    "",
    ...common.map(({ check, reason, clusters }) => `${check} not assessed on ${clusters} clusters: ${reason}`),
    ...(single > 0 ? [`${single} checks not assessed for reasons of a single cluster: see -o json`] : []),
    "",
  ];
}

function someOf(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN;
  return `${names.slice(0, NAMES_SHOWN).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
