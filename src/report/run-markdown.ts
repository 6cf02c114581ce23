import type { ClusterPlan, MigrationPlan } from "../plan/schema.ts";
import { sanitizeDeep } from "../text/terminal.ts";
import { nameOf, shortId } from "./ids.ts";
import { listTasksLeft } from "./left-to-do.ts";
import { markdownCode as code, markdownBlock, markdownTable as table, markdownText as text } from "./markdown.ts";
import { type MaskOption, maskRun } from "./mask.ts";
import { findingLines } from "./plan-markdown.ts";
import { timeSpentMs } from "./remaining.ts";
import { approvalWords, listGaps, listIdentities, listNodes, listRights, listWrites } from "./run-digest.ts";
import { pauseWords, summarizeCluster } from "./run-summary.ts";
import type { ClusterView, RunView } from "./run-view.ts";
import { changeWords } from "./run-view.ts";
import { listSnippets, targetIds } from "./snippets.ts";
import type { TaskLeft } from "./task-left.ts";
import { azureWords, formatLength, formatMoment, formatTime, pathWords, sentence, withClockTimes } from "./words.ts";

/** What happened in a run, as Markdown: for a change ticket, a pull request or a job summary. */
export function renderRunMarkdown(plan: MigrationPlan, view: RunView, hash: string, options: MaskOption = {}): string {
  const { plan: shownPlan, view: shown } = sanitizeDeep(maskRun(plan, view, options));
  return [
    `# Migration run ${text(shown.run)}: ${shown.state}`,
    "",
    ...headerLines(shownPlan, shown, hash),
    "",
    ...shownPlan.clusters.flatMap((cluster, index) => clusterLines(shownPlan, cluster, shown, index)),
  ].join("\n");
}

function headerLines({ metadata }: MigrationPlan, view: RunView, hash: string): string[] {
  const rows = [
    ["Azure", text(azureWords(metadata))],
    ["Plan hash", code(hash)],
    ["Tool", text(view.tool ?? metadata.tool)],
    ["Started", view.startedAt ? formatMoment(view.startedAt) : "not yet"],
    ["Ended", view.endedAt ? formatMoment(view.endedAt) : "not yet"],
    ...view.resumes.map((at) => ["Resumed", formatMoment(at)]),
    ...view.approvals.map((approval) => ["Approved", text(approvalWords(approval))]),
    ...view.undoApprovals.map((approval) => ["Undo approved", text(approvalWords(approval))]),
  ];
  return table(["", ""], rows);
}

function clusterLines(plan: MigrationPlan, cluster: ClusterPlan, run: RunView, index: number): string[] {
  const view = run.clusters[index]!;
  return [
    `## ${text(nameOf(cluster.id))}: ${view.state}`,
    "",
    `${code(cluster.id)}, ${pathWords(cluster.path)}.`,
    "",
    text(summarizeCluster(cluster, view, run.run).join(" ")),
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
    ...stepLines(view),
    ...identityLines(cluster, view),
    ...rightLines(cluster, view),
    ...gapLines(view),
    ...nodeLines(view),
    ...writeLines(view),
    ...findingLines("###", view.findings),
    "### What is left to do",
    "",
    ...listTasksLeft(plan, run, index).flatMap(taskLines),
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

function stepLines({ steps, lastEventAt }: ClusterView): string[] {
  const now = new Date(lastEventAt ?? 0);
  const rows = steps.map((step) => [
    step.title,
    step.state,
    step.spans[0] ? formatTime(step.spans[0].from) : "",
    step.spans[0] ? formatLength(timeSpentMs(step, now)) : "",
    text(withClockTimes(step.evidence ?? step.failure?.message ?? step.reason ?? "")),
  ]);
  return ["### Steps", "", ...table(["Step", "State", "Started", "Took", "Evidence"], rows), ""];
}

function identityLines(cluster: ClusterPlan, view: ClusterView): string[] {
  const rows = listIdentities(cluster, view).map(({ user, before, after, afterId }) => [
    user,
    text(before),
    text(after) + (afterId ? `<br>${code(afterId)}` : ""),
  ]);
  return ["### Identities", "", ...table(["", "Before", "After"], rows), ""];
}

function rightLines(cluster: ClusterPlan, view: ClusterView): string[] {
  const rows = listRights(cluster, view).map(({ principal, role, scope, change }) => [
    text(principal),
    text(role),
    `${text(shortId(scope))}<br>${code(scope)}`,
    text(sentence(change.reason)),
    changeWords(change),
  ]);
  return rows.length > 0 ? ["### Rights", "", ...table(["Identity", "Role", "Scope", "Why", "State"], rows), ""] : [];
}

function gapLines(view: ClusterView): string[] {
  const rows = listGaps(view).map((gap) => [
    text(sentence(gap.summary)),
    text(sentence(gap.reason)),
    changeWords(gap),
    gap.appliedAt ? formatTime(gap.appliedAt) : "",
  ]);
  return rows.length > 0 ? ["### Gaps in rights", "", ...table(["Gap", "Why", "State", "Closed"], rows), ""] : [];
}

function nodeLines(view: ClusterView): string[] {
  const rows = listNodes(view).map(({ pool, node, at }) => [text(pool), text(node), formatTime(at)]);
  return rows.length > 0 ? ["### Nodes", "", ...table(["Pool", "Node", "Seen re-imaged"], rows), ""] : [];
}

function writeLines(view: ClusterView): string[] {
  const rows = listWrites(view).map((change) => [
    text(change.summary),
    changeWords(change),
    change.startedAt ? formatTime(change.startedAt) : "",
    change.correlationIds.map(code).join(" "),
  ]);
  return rows.length > 0 ? ["### Writes", "", ...table(["Change", "State", "At", "Correlation id"], rows), ""] : [];
}

function taskLines({ title, text: words, commands }: TaskLeft): string[] {
  const block = commands.length > 0 ? [...markdownBlock("sh", commands.join("\n")), ""] : [];
  return [`**${text(title)}.** ${text(words)}`, "", ...block];
}
