import type { Place } from "../plan/command-line.ts";
import type { ClusterPlan, MigrationPlan } from "../plan/schema.ts";
import { sanitizeDeep } from "../text/terminal.ts";
import { nameOf } from "./ids.ts";
import { listTasksLeft } from "./left-to-do.ts";
import { markdownCode as code, markdownBlock, markdownTable as table, markdownText as text } from "./markdown.ts";
import { findingLines } from "./markdown-findings.ts";
import { tableLines } from "./markdown-table.ts";
import { maskRun, type RunReportOptions, USUAL_PLACE } from "./mask.ts";
import { undoCommand } from "./run-commands.ts";
import { courseOf } from "./run-digest.ts";
import { pauseWords, summarizeCluster } from "./run-summary.ts";
import { gapTable, identityTable, nodeTable, rightTable, stepTable, writeTable } from "./run-tables.ts";
import type { RunView } from "./run-view.ts";
import { listSnippets, targetIds } from "./snippets.ts";
import type { TaskLeft } from "./task-left.ts";
import { azureWords, pathWords, sentence } from "./words.ts";

/** What happened in a run, as Markdown: for a change ticket, a pull request or a job summary. */
export function renderRunMarkdown(
  plan: MigrationPlan,
  view: RunView,
  hash: string,
  options: RunReportOptions = {},
): string {
  const { plan: shownPlan, view: shown } = sanitizeDeep(maskRun(plan, view, options));
  const { place = USUAL_PLACE } = options;
  return [
    `# Migration run ${text(shown.run)}: ${shown.state}`,
    "",
    ...headerLines(shownPlan, shown, hash),
    "",
    ...shownPlan.clusters.flatMap((cluster, index) => clusterLines(shownPlan, cluster, shown, index, place)),
  ].join("\n");
}

function headerLines({ metadata }: MigrationPlan, view: RunView, hash: string): string[] {
  const rows = [
    ["Azure", text(azureWords(metadata))],
    ["Plan hash", code(hash)],
    ["Tool", text(view.tool ?? metadata.tool)],
    ...courseOf(view).map(([term, value]) => [term, text(value)]),
  ];
  return table(["", ""], rows);
}

function clusterLines(plan: MigrationPlan, cluster: ClusterPlan, run: RunView, index: number, place: Place): string[] {
  const view = run.clusters[index]!;
  const now = new Date(view.lastEventAt ?? 0);
  return [
    `## ${text(nameOf(cluster.id))}: ${view.state}`,
    "",
    `${code(cluster.id)}, ${pathWords(cluster.path)}.`,
    "",
    text(summarizeCluster(cluster, view, undoCommand({ id: run.run, plan }, place)).join(" ")),
    "",
    ...(view.failure
      ? [
          `**Failed** (${code(view.failure.code)}): ${text(sentence(view.failure.message))}`,
          "",
          `**Remedy:** ${text(sentence(view.failure.remedy))}`,
          "",
        ]
      : []),
    ...(view.pause ? [`**Paused:** ${text(pauseWords(view.pause))}`, ""] : []),
    ...tableLines(stepTable(view, now), "### Steps"),
    ...tableLines(identityTable(cluster, view), "### Identities"),
    ...tableLines(rightTable(cluster, view), "### Rights"),
    ...tableLines(gapTable(view), "### Gaps in rights"),
    ...tableLines({ ...nodeTable(view), columns: ["Pool", "Node", "Seen re-imaged"] }, "### Nodes"),
    ...tableLines(writeTable(view), "### Writes"),
    ...findingLines("###", view.findings),
    "### What is left to do",
    "",
    ...listTasksLeft(plan, run, index, place).flatMap(taskLines),
    ...listSnippets(cluster, targetIds(cluster, view)).flatMap(({ title, note, language, code: body }) => [
      `#### ${title}`,
      "",
      text(note),
      "",
      ...markdownBlock(language, body),
      "",
    ]),
  ];
}

function taskLines({ title, text: words, commands }: TaskLeft): string[] {
  const block = commands.length > 0 ? [...markdownBlock("sh", commands.join("\n")), ""] : [];
  return [`**${text(title)}.** ${text(words)}`, "", ...block];
}
