import type { Severity } from "../../engine/step.ts";
import type { AssessedCluster, Assessment } from "../assess-estate.ts";
import type { Finding, NotAssessed } from "../outcome.ts";
import { clusterName, countClusters } from "./groups.ts";

const SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json";

const LEVELS: Readonly<Record<Severity, "error" | "warning" | "note">> = {
  blocker: "error",
  critical: "error",
  high: "error",
  medium: "warning",
  low: "note",
  info: "note",
};

/** The scale on which code scanning sorts security findings: above 9 is critical, above 7 high, above 4 medium. */
const SECURITY_SEVERITY: Readonly<Record<Severity, string>> = {
  blocker: "9.5",
  critical: "9.1",
  high: "7.5",
  medium: "5.0",
  low: "2.0",
  info: "0.0",
};

/**
 * The assessment as SARIF 2.1.0 (OASIS). What was not assessed is a result of kind `open`: the standard's word for a rule
 * that had not enough information.
 */
export function renderAssessmentSarif(assessment: Assessment, toolVersion: string): string {
  const { clusters, subscriptionsNotAssessed = [] } = assessment;
  const checks = [...new Set(clusters.flatMap(outcomesOf).map(({ check }) => check))].sort();
  const log = {
    $schema: SCHEMA,
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "aks-mi", version: toolVersion, rules: checks.map((check) => rule(check, clusters)) } },
        columnKind: "utf16CodeUnits",
        invocations: [
          {
            executionSuccessful: true,
            toolExecutionNotifications: subscriptionsNotAssessed.map(({ id, reason }) => ({
              level: "warning",
              message: message(`Subscription ${id} was not assessed: ${reason}.`),
            })),
          },
        ],
        results: [
          ...clusters.flatMap((cluster) => cluster.findings.map((finding) => found(cluster, finding, checks))),
          ...openQuestions(clusters, checks),
        ],
      },
    ],
  };
  return `${JSON.stringify(log)}\n`;
}

function outcomesOf({ findings, notAssessed }: AssessedCluster): readonly { readonly check: string }[] {
  return [...findings, ...notAssessed];
}

function rule(check: string, clusters: readonly AssessedCluster[]) {
  const finding = clusters.flatMap(({ findings }) => findings).find((candidate) => candidate.check === check);
  if (!finding) return { id: check };
  return {
    id: check,
    help: message(finding.remedy),
    ...(finding.link ? { helpUri: finding.link } : {}),
    defaultConfiguration: { level: LEVELS[finding.severity] },
    properties: {
      "security-severity": SECURITY_SEVERITY[finding.severity],
      ...(finding.rules ? { tags: [...finding.rules] } : {}),
    },
  };
}

function found(cluster: AssessedCluster, { check, severity, seen, remedy, rules }: Finding, checks: readonly string[]) {
  return {
    ruleId: check,
    ruleIndex: checks.indexOf(check),
    level: LEVELS[severity],
    message: message(`${clusterName(cluster)}: ${seen}. ${remedy}`),
    locations: [location(cluster)],
    partialFingerprints: { "clusterCheck/v1": `${cluster.id.toLowerCase()} ${check}` },
    properties: { severity, state: cluster.state, ...(rules ? { rules: [...rules] } : {}) },
  };
}

/** One result per check and reason: code scanning takes 25,000 results, and most reasons hold for every cluster alike. */
function openQuestions(clusters: readonly AssessedCluster[], checks: readonly string[]) {
  const groups = new Map<string, { gap: NotAssessed; clusters: AssessedCluster[] }>();
  for (const cluster of clusters) {
    for (const gap of cluster.notAssessed) {
      const key = `${gap.check} ${gap.reason}`;
      const group = groups.get(key) ?? { gap, clusters: [] };
      group.clusters.push(cluster);
      groups.set(key, group);
    }
  }
  return [...groups].map(([key, { gap, clusters: concerned }]) => ({
    ruleId: gap.check,
    ruleIndex: checks.indexOf(gap.check),
    kind: "open",
    level: "none",
    message: message(`Not assessed on ${countClusters(concerned.length)}: ${gap.reason}.`),
    locations: concerned.map(location),
    partialFingerprints: { "notAssessed/v1": key },
  }));
}

/** A message without links, which SARIF knows in plain text too (2.1.0, 3.11.6): names come from Azure. */
function message(text: string): { readonly text: string } {
  return { text: text.replaceAll("](", "\\](") };
}

/** A cluster is no file: its id, as a relative reference, stands where viewers want one, and as a logical location. */
function location(cluster: AssessedCluster) {
  return {
    physicalLocation: { artifactLocation: { uri: encodeURI(cluster.id.replace(/^\//, "")) } },
    logicalLocations: [{ name: clusterName(cluster), fullyQualifiedName: cluster.id, kind: "resource" }],
  };
}
