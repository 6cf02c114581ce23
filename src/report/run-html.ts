import type { Place } from "../plan/command-line.ts";
import type { ClusterPlan, MigrationPlan } from "../plan/schema.ts";
import { sanitizeDeep } from "../text/terminal.ts";
import type { Html } from "./html.ts";
import { html, htmlBadge, htmlCode, htmlFacts, htmlPage, htmlSection, htmlTable } from "./html.ts";
import { htmlFindings } from "./html-findings.ts";
import { htmlReportTable } from "./html-table.ts";
import { nameOf } from "./ids.ts";
import { listTasksLeft } from "./left-to-do.ts";
import { maskRun, type RunReportOptions, USUAL_PLACE } from "./mask.ts";
import { notCopiedTable } from "./plan-tables.ts";
import { undoCommand } from "./run-commands.ts";
import { courseOf } from "./run-digest.ts";
import { pauseWords, summarizeCluster } from "./run-summary.ts";
import { gapTable, identityTable, nodeTable, rightTable, stepTable, writeTable } from "./run-tables.ts";
import type { RunView } from "./run-view.ts";
import { listSnippets, targetIds } from "./snippets.ts";
import type { TaskLeft } from "./task-left.ts";
import { drawTimeline } from "./timeline.ts";
import { pathWords, sentence } from "./words.ts";

const NOT_COPIED = "What the service principal holds and the new identities don't";

/** What happened in a run, as one self-contained HTML file. */
export function renderRunHtml(
  plan: MigrationPlan,
  view: RunView,
  hash: string,
  options: RunReportOptions = {},
): string {
  const { plan: shownPlan, view: shown } = sanitizeDeep(maskRun(plan, view, options));
  const { place = USUAL_PLACE } = options;
  const names = shownPlan.clusters.map(({ id }) => nameOf(id)).join(", ");
  return htmlPage(
    `aks-mi run ${shown.run}: ${names}`,
    header(shownPlan, shown, hash, names),
    html`${clusterTable(shown)}${shownPlan.clusters.map((cluster, index) => clusterSections(shownPlan, cluster, shown, index, place))}`,
    html`<p>Made by ${shown.tool ?? shownPlan.metadata.tool} from the run's journal. All times are UTC.</p>`,
  );
}

function header({ metadata }: MigrationPlan, view: RunView, hash: string, names: string): Html {
  return html`<h1>Migration of ${names} to managed identity</h1>
<p>${htmlBadge(view.state)}${metadata.emulator && html` ${htmlBadge("emulated Azure")}`}</p>
${htmlFacts([
  ["Run", view.run],
  ["Azure", `${metadata.cloud}, tenant ${metadata.tenant}`],
  ...courseOf(view),
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

function clusterSections(plan: MigrationPlan, cluster: ClusterPlan, run: RunView, index: number, place: Place): Html {
  const view = run.clusters[index]!;
  const now = new Date(view.lastEventAt ?? 0);
  const id = (name: string) => `${name}-${index + 1}`;
  return html`${run.clusters.length > 1 && html`<h2 id="${id("cluster")}">${nameOf(cluster.id)} ${htmlBadge(view.state)}</h2>`}
<p><code>${cluster.id}</code></p>
<p>${sentence(pathWords(cluster.path))} ${summarizeCluster(cluster, view, undoCommand({ id: run.run, plan }, place)).join(" ")}</p>
${view.failure && html`<div class="alarm"><p><strong>Failed (${view.failure.code}).</strong> ${sentence(view.failure.message)}</p><p><strong>Remedy:</strong> ${sentence(view.failure.remedy)}</p></div>`}
${view.pause && html`<div class="notice"><p><strong>Paused.</strong> ${pauseWords(view.pause)}</p></div>`}
<p><a href="#${id("left")}">What is left to do</a></p>
${htmlSection(id("timeline"), "Timeline", drawTimeline(view, now))}
${htmlSection(id("steps"), "Steps", htmlReportTable(stepTable(view, now)))}
${htmlSection(id("identities"), "Identities before and after", htmlReportTable(identityTable(cluster, view)))}
${htmlSection(id("rights"), "Rights", htmlReportTable(rightTable(cluster, view)))}
${htmlSection(id("not-copied"), "Rights that were not copied", htmlReportTable({ ...notCopiedTable(cluster), caption: NOT_COPIED }))}
${htmlSection(id("gaps"), "Gaps in rights", htmlReportTable(gapTable(view)))}
${htmlSection(id("nodes"), "Nodes", htmlReportTable(nodeTable(view)))}
${htmlSection(id("writes"), "Writes", htmlReportTable(writeTable(view)))}
${htmlSection(id("findings"), "Findings", htmlFindings("What the checks found, the gravest first", view.findings))}
${htmlSection(id("left"), "What is left to do", listTasksLeft(plan, run, index, place).map(taskBlock))}
${htmlSection(
  id("code"),
  "Infrastructure code",
  listSnippets(cluster, targetIds(cluster, view)).map(
    ({ title, note, code }) => html`<h3>${title}</h3><p>${note}</p>${htmlCode(title, code)}`,
  ),
)}`;
}

function taskBlock({ title, text, commands }: TaskLeft): Html {
  return html`<h3>${title}</h3><p>${text}</p>${commands.length > 0 && htmlCode(title, commands.join("\n"))}`;
}
