import type { AssessedCluster, Assessment } from "../assess-estate.ts";
import { clusterName, countClusters, countStates, credentialDay } from "./groups.ts";

/** The assessment as a page. */
export function renderAssessmentMarkdown(assessment: Assessment): string {
  const { clusters, subscriptionsNotAssessed = [] } = assessment;
  const lines = [
    "# Identity of AKS clusters",
    "",
    clusters.length > 0
      ? `${countClusters(clusters.length)}: ${countStates(assessment)}.`
      : "There is no cluster in scope.",
    "",
    ...subscriptionsNotAssessed.map(({ id, reason }) => `- Subscription \`${id}\` not assessed: ${escapeText(reason)}`),
    "",
    ...(clusters.length > 0 ? overview(clusters) : []),
    ...clusters.flatMap(section),
  ];
  return `${lines
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trimEnd()}\n`;
}

function overview(clusters: readonly AssessedCluster[]): string[] {
  return [
    "| Cluster | State | Secret ends | Worst | Findings |",
    "| --- | --- | --- | --- | --- |",
    ...clusters.map((cluster) => {
      const checks = [...new Set(cluster.findings.map(({ check }) => check))].join(" ");
      const worst = cluster.findings[0]?.severity ?? "-";
      return `| ${escapeText(clusterName(cluster))} | ${cluster.state} | ${credentialDay(cluster)} | ${worst} | ${checks} |`;
    }),
    "",
  ];
}

function section(cluster: AssessedCluster): string[] {
  const { id, findings, notAssessed } = cluster;
  return [
    `## ${escapeText(clusterName(cluster))}`,
    "",
    `\`${id.replaceAll("`", "")}\``,
    "",
    ...(findings.length > 0
      ? [
          "| Check | Severity | Seen | Remedy | Also reported by |",
          "| --- | --- | --- | --- | --- |",
          ...findings.map(({ check, severity, seen, remedy, link, rules }) => {
            const name = link ? `[${check}](${link})` : check;
            return `| ${name} | ${severity} | ${escapeText(seen)} | ${escapeText(remedy)} | ${(rules ?? []).map(escapeText).join("; ")} |`;
          }),
          "",
        ]
      : ["Nothing was found.", ""]),
    ...(notAssessed.length > 0
      ? ["Not assessed:", "", ...notAssessed.map(({ check, reason }) => `- ${check}: ${escapeText(reason)}`), ""]
      : []),
  ];
}

/** Text from Azure says nothing in Markdown's own language. */
function escapeText(text: string): string {
  return text.replace(/[\\|<>[\]*_#]/g, (character) => `\\${character}`);
}
