import type { ClusterPlan, MigrationPlan } from "../plan/schema.ts";
import { sanitizeDeep } from "../text/terminal.ts";
import type { Html } from "./html.ts";
import { html, htmlBadge, htmlCode, htmlFacts, htmlPage, htmlSection, htmlTable, htmlTime } from "./html.ts";
import { htmlFindings } from "./html-findings.ts";
import { nameOf, shortId } from "./ids.ts";
import { listTasksLeft } from "./left-to-do.ts";
import { type MaskOption, maskRun } from "./mask.ts";
import { timeSpentMs } from "./remaining.ts";
import { approvalWords, listGaps, listIdentities, listNodes, listRights, listWrites } from "./run-digest.ts";
import { pauseWords, summarizeCluster } from "./run-summary.ts";
import type { ClusterView, RunView } from "./run-view.ts";
import { changeWords } from "./run-view.ts";
import { listSnippets, targetIds } from "./snippets.ts";
import type { TaskLeft } from "./task-left.ts";
import { drawTimeline } from "./timeline.ts";
import {
  formatLength,
  formatMoment,
  formatTime,
  notCopiedRights,
  pathWords,
  sentence,
  withClockTimes,
} from "./words.ts";

/** What happened in a run, as one self-contained HTML file. */
export function renderRunHtml(plan: MigrationPlan, view: RunView, hash: string, options: MaskOption = {}): string {
  const { plan: shownPlan, view: shown } = sanitizeDeep(maskRun(plan, view, options));
  const names = shownPlan.clusters.map(({ id }) => nameOf(id)).join(", ");
  return htmlPage(
    `aks-mi run ${shown.run}: ${names}`,
    header(shownPlan, shown, hash, names),
    html`${clusterTable(shown)}${shownPlan.clusters.map((cluster, index) => clusterSections(shownPlan, cluster, shown, index))}`,
    html`<p>Made by ${shown.tool ?? shownPlan.metadata.tool} from the run's journal. All times are UTC.</p>`,
  );
}

function header({ metadata }: MigrationPlan, view: RunView, hash: string, names: string): Html {
  return html`<h1>Migration of ${names} to managed identity</h1>
<p>${htmlBadge(view.state)}${metadata.emulator && html` ${htmlBadge("emulated Azure")}`}</p>
${htmlFacts([
  ["Run", view.run],
  ["Azure", `${metadata.cloud}, tenant ${metadata.tenant}`],
  ["Started", view.startedAt ? formatMoment(view.startedAt) : "not yet"],
  ["Ended", view.endedAt ? formatMoment(view.endedAt) : "not yet"],
  ...view.resumes.map((at) => ["Resumed", formatMoment(at)] as const),
  ...view.approvals.map((approval) => ["Approved", approvalWords(approval)] as const),
  ...view.undoApprovals.map((approval) => ["Undo approved", approvalWords(approval)] as const),
  ["Plan hash", html`<code>${hash}</code>`],
])}`;
}

/** All clusters at a glance, where there are several. */
function clusterTable({ clusters }: RunView): Html | undefined {
  const rows = clusters.map((cluster, index) => [
    html`<a href="#cluster-${index + 1}">${nameOf(cluster.id)}</a>`,
    htmlBadge(cluster.state),
    `${cluster.steps.filter(({ state }) => state === "done").length} of ${cluster.steps.length}`,
    sentence(cluster.failure?.message ?? cluster.pause?.reason ?? ""),
  ]);
  if (rows.length < 2) return undefined;
  return htmlSection("clusters", "Clusters", htmlTable("How each ended", ["Cluster", "State", "Steps", "Why"], rows));
}

function clusterSections(plan: MigrationPlan, cluster: ClusterPlan, run: RunView, index: number): Html {
  const view = run.clusters[index]!;
  const now = new Date(view.lastEventAt ?? 0);
  const id = (name: string) => `${name}-${index + 1}`;
  return html`${run.clusters.length > 1 && html`<h2 id="${id("cluster")}">${nameOf(cluster.id)} ${htmlBadge(view.state)}</h2>`}
<p><code>${cluster.id}</code></p>
<p>${sentence(pathWords(cluster.path))} ${summarizeCluster(cluster, view, run.run).join(" ")}</p>
${view.failure && html`<div class="alarm"><p><strong>Failed (${view.failure.code}).</strong> ${sentence(view.failure.message)}</p><p><strong>Remedy:</strong> ${sentence(view.failure.remedy)}</p></div>`}
${view.pause && html`<div class="notice"><p><strong>Paused.</strong> ${pauseWords(view.pause)}</p></div>`}
<p><a href="#${id("left")}">What is left to do</a></p>
${htmlSection(id("timeline"), "Timeline", drawTimeline(view, now))}
${htmlSection(id("steps"), "Steps", stepTable(view, now))}
${htmlSection(id("identities"), "Identities before and after", identityTable(cluster, view))}
${htmlSection(id("rights"), "Rights", rightTable(cluster, view))}
${htmlSection(id("not-copied"), "Rights that were not copied", notCopiedTable(cluster))}
${htmlSection(id("gaps"), "Gaps in rights", gapTable(view))}
${htmlSection(id("nodes"), "Nodes", nodeTable(view))}
${htmlSection(id("writes"), "Writes", writeTable(view))}
${htmlSection(id("findings"), "Findings", htmlFindings("What the checks found, the gravest first", view.findings))}
${htmlSection(id("left"), "What is left to do", listTasksLeft(plan, run, index).map(taskBlock))}
${htmlSection(
  id("code"),
  "Infrastructure code",
  listSnippets(cluster, targetIds(cluster, view)).map(
    ({ title, note, code }) => html`<h3>${title}</h3><p>${note}</p>${htmlCode(title, code)}`,
  ),
)}`;
}

function stepTable({ steps }: ClusterView, now: Date): Html | undefined {
  const rows = steps.map((step) => [
    step.title,
    htmlBadge(step.state),
    step.spans[0] && htmlTime(formatTime(step.spans[0].from)),
    step.spans[0] && htmlTime(formatLength(timeSpentMs(step, now))),
    [withClockTimes(step.evidence ?? step.failure?.message ?? step.reason ?? ""), retryNote(step.retries.length)],
  ]);
  return htmlTable("Each step with its evidence", ["Step", "State", "Started", "Took", "Evidence"], rows);
}

function retryNote(retries: number): Html | undefined {
  return retries > 0
    ? html` <span class="muted">(${retries} ${retries === 1 ? "retry" : "retries"})</span>`
    : undefined;
}

function identityTable(cluster: ClusterPlan, view: ClusterView): Html | undefined {
  const rows = listIdentities(cluster, view).map(({ user, before, after, afterId }) => [
    user,
    before,
    [after, afterId && html`<br><code>${afterId}</code>`],
  ]);
  return htmlTable("Who acts in Azure for this cluster", ["For", "Before", "After"], rows);
}

function rightTable(cluster: ClusterPlan, view: ClusterView): Html | undefined {
  const rows = listRights(cluster, view).map(({ principal, role, scope, change }) => [
    principal,
    role,
    html`${shortId(scope)}<br><code>${scope}</code>`,
    change.reason && sentence(change.reason),
    htmlBadge(changeWords(change)),
  ]);
  return htmlTable("Each right with its reason", ["Identity", "Role", "Scope", "Why", "State"], rows);
}

function notCopiedTable(cluster: ClusterPlan): Html | undefined {
  const rows = notCopiedRights(cluster).map(({ role, scope, reason, instead }) => [
    role,
    html`<code>${scope}</code>`,
    sentence(reason),
    sentence(instead),
  ]);
  return htmlTable(
    "What the service principal holds and the new identities don't",
    ["Role", "Scope", "Why not", "Instead"],
    rows,
  );
}

function gapTable(view: ClusterView): Html | undefined {
  const rows = listGaps(view).map((gap) => [
    sentence(gap.summary),
    sentence(gap.reason),
    htmlBadge(changeWords(gap)),
    gap.appliedAt && htmlTime(formatTime(gap.appliedAt)),
  ]);
  return htmlTable("What did not work for a while", ["Gap", "Why", "State", "Closed"], rows);
}

function nodeTable(view: ClusterView): Html | undefined {
  const rows = listNodes(view).map(({ pool, node, at }) => [pool, node, htmlTime(formatTime(at))]);
  return htmlTable("When each node was seen drained and re-imaged", ["Pool", "Node", "Re-imaged"], rows);
}

function writeTable(view: ClusterView): Html | undefined {
  const rows = listWrites(view).map((change) => [
    change.summary,
    htmlBadge(changeWords(change)),
    change.startedAt && htmlTime(formatTime(change.startedAt)),
    change.correlationIds.map((correlation) => html`<code>${correlation}</code> `),
  ]);
  return htmlTable(
    "Each write with its correlation ids, for Azure's activity log",
    ["Change", "State", "At", "Correlation id"],
    rows,
  );
}

function taskBlock({ title, text, commands }: TaskLeft): Html {
  return html`<h3>${title}</h3><p>${text}</p>${commands.length > 0 && htmlCode(title, commands.join("\n"))}`;
}
