import { parseDuration } from "../engine/clock.ts";
import type { MigrationPlan } from "../plan/schema.ts";
import { sanitizeDeep } from "../text/terminal.ts";
import { nameOf } from "./ids.ts";
import { markdownCode as code, markdownBlock, markdownTable as table, markdownText as text } from "./markdown.ts";
import { findingLines } from "./markdown-findings.ts";
import { tableLines } from "./markdown-table.ts";
import { maskPlan, type PlanDocumentOptions } from "./mask.ts";
import type { ClusterDigest, StepDigest } from "./plan-digest.ts";
import { digestPlan, drainWords, riskWords } from "./plan-digest.ts";
import { fleetFacts, fleetTable } from "./plan-fleet.ts";
import { idleWords, waitWords } from "./plan-steps.ts";
import { changeTable, gapTable, notCopiedTable, rightTable } from "./plan-tables.ts";
import { azureWords, formatLength, formatRange, keepValidWords, noWayBackWords, pathWords, sentence } from "./words.ts";

/** No caption says what the gaps are. */
const GAP_COLUMNS = ["What will not work for a while", "Why", "Closed by"];

/** The dry-run report as Markdown, for a pull request or a change ticket: every id in full. */
export function renderPlanMarkdown(plan: MigrationPlan, { hash, ...options }: PlanDocumentOptions): string {
  const { plan: shown, nextCommand } = sanitizeDeep(maskPlan(plan, options));
  const digests = digestPlan(shown);
  const lines = digests.flatMap((digest) => clusterLines(shown, digest));
  return [
    ...(digests.length > 1 ? fleetLines(shown, digests) : []),
    ...lines,
    "## Next",
    "",
    `Plan hash: ${code(hash)}`,
    "",
    ...markdownBlock("sh", nextCommand),
    "",
  ].join("\n");
}

function fleetLines(plan: MigrationPlan, digests: readonly ClusterDigest[]): string[] {
  return [
    `# Migration plan: ${text(plan.metadata.name)}`,
    "",
    ...table(
      ["", ""],
      fleetFacts(plan, digests).map(([term, value]) => [term, text(value)]),
    ),
    "",
    ...tableLines(fleetTable(digests)),
  ];
}

function clusterLines(plan: MigrationPlan, digest: ClusterDigest): string[] {
  return [
    `# Migration plan: ${text(nameOf(digest.cluster.id))}`,
    "",
    ...(digest.cluster.blocked ? ["**BLOCKED: this plan cannot be applied until its blockers are gone.**", ""] : []),
    ...headerLines(plan, digest),
    "",
    ...findingLines("##", digest.findings),
    "## Steps",
    "",
    ...digest.steps.flatMap((step, index) => stepLines(step, index + 1)),
    ...tableLines({ ...gapTable(digest), columns: GAP_COLUMNS }, "## Gaps in rights"),
    ...tableLines(notCopiedTable(digest.cluster), "## Not copied from the old identity"),
    ...undoLines(plan, digest),
  ];
}

function headerLines({ metadata }: MigrationPlan, digest: ClusterDigest): string[] {
  const { cluster, estimate, changeCount } = digest;
  const { controlPlaneIdentity, kubeletIdentity } = cluster.target;
  const rows = [
    ["Cluster", code(cluster.id)],
    ["Change", text(pathWords(cluster.path))],
    ["Control plane", controlPlaneIdentity ? text(placeOf(controlPlaneIdentity)) : "system-assigned identity"],
    ["Nodes", kubeletIdentity ? text(placeOf(kubeletIdentity)) : "identity made by AKS"],
    ["Azure", text(azureWords(metadata))],
    ["Changes", changeCount === 0 ? "none" : `${changeCount} (${riskWords(digest)})`],
  ];
  if (digest.drains.length > 0) rows.push(["Drains", text(drainWords(digest.drains))]);
  if (changeCount > 0) rows.push(["Expected duration", formatRange(estimate.total)]);
  if (estimate.window) rows.push(["From the switch to the proof", formatRange(estimate.window)]);
  return table(["", ""], rows);
}

function placeOf({ name, resourceGroup, location }: { name: string; resourceGroup: string; location: string }): string {
  return `${name} in ${resourceGroup} (${location})`;
}

function stepLines(step: StepDigest, number: number): string[] {
  if (step.idle) return [`### ${number}. ${step.title}`, "", sentence(idleWords(step)), ""];
  const note = [step.risk ? `**${step.risk}**` : "", step.estimate.maxMs > 0 ? formatRange(step.estimate) : ""];
  return [
    ...(step.pointOfNoReturn ? ["> **POINT OF NO RETURN**: the next step cannot be undone.", ""] : []),
    `### ${number}. ${step.title}`,
    "",
    [...note.filter(Boolean), step.reason].join(" · "),
    "",
    ...tableLines(changeTable(step)),
    ...tableLines(rightTable(step)),
    ...(step.drains.length > 0 ? [`Drains ${text(drainWords(step.drains))}.`, ""] : []),
    ...(step.estimate.waits ? [waitWords(step), ""] : []),
  ];
}

function undoLines(
  { settings }: MigrationPlan,
  { cluster, irreversible, steps, changeCount }: ClusterDigest,
): string[] {
  if (changeCount === 0) return [];
  const last = steps.find((step) => step.pointOfNoReturn);
  if (!last) return ["## What cannot be undone", "", "Nothing: the plan has no point of no return.", ""];
  const switchover = formatLength(parseDuration(settings.tokenSwitchover.wait) ?? 0);
  return [
    "## What cannot be undone",
    "",
    ...irreversible.map(({ summary }) => `- ${text(summary)}`),
    "",
    `${noWayBackWords(cluster)} Before "${last.title}", \`aks-mi undo\` removes`,
    `what the plan has created. ${keepValidWords(cluster, switchover)}`,
    "",
  ];
}
