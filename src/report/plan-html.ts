import { parseDuration } from "../engine/clock.ts";
import type { MigrationPlan } from "../plan/schema.ts";
import { sanitizeDeep } from "../text/terminal.ts";
import type { Html } from "./html.ts";
import { html, htmlBadge, htmlCode, htmlFacts, htmlPage, htmlSection } from "./html.ts";
import { htmlFindings } from "./html-findings.ts";
import { htmlReportTable } from "./html-table.ts";
import { nameOf, parseId } from "./ids.ts";
import { maskPlan, type PlanDocumentOptions } from "./mask.ts";
import type { ClusterDigest, StepDigest } from "./plan-digest.ts";
import { digestPlan, drainWords, riskWords } from "./plan-digest.ts";
import { fleetFacts, fleetTable } from "./plan-fleet.ts";
import { idleWords, waitWords } from "./plan-steps.ts";
import { changeTable, gapTable, notCopiedTable, rightTable } from "./plan-tables.ts";
import { listSnippets, targetIds } from "./snippets.ts";
import {
  formatLength,
  formatMoment,
  formatRange,
  keepValidWords,
  noWayBackWords,
  pathWords,
  sentence,
} from "./words.ts";

/** The dry-run report as one self-contained HTML file. */
export function renderPlanHtml(plan: MigrationPlan, { hash, ...options }: PlanDocumentOptions): string {
  const { plan: shown, nextCommand } = sanitizeDeep(maskPlan(plan, options));
  const digests = digestPlan(shown);
  const { metadata } = shown;
  return htmlPage(
    `aks-mi plan: ${metadata.name}`,
    html`<h1>Migration plan: ${metadata.name}</h1>
${metadata.emulator && html`<p>${htmlBadge("emulated Azure")}</p>`}
${htmlFacts([
  ["Azure", `${metadata.cloud}, tenant ${metadata.tenant}`],
  ["Made", `${formatMoment(metadata.createdAt)} by ${metadata.tool}`],
  ["Plan hash", html`<code>${hash}</code>`],
  ...(digests.length > 1 ? fleetFacts(shown, digests) : []),
])}`,
    html`${digests.length > 1 && htmlSection("clusters", "Clusters", htmlReportTable(fleetTable(digests)))}
${digests.map((digest, index) => clusterSections(shown, digest, index))}
${htmlSection("next", "Next", htmlCode("Next command", nextCommand))}`,
    html`<p>Nothing in this report is decided here: it is the plan, rendered. Durations are expectations, not promises.</p>`,
  );
}

function clusterSections(plan: MigrationPlan, digest: ClusterDigest, index: number): Html {
  const { cluster } = digest;
  const id = (name: string) => `${name}-${index + 1}`;
  return html`${cluster.blocked && html`<p class="alarm"><strong>BLOCKED:</strong> this plan cannot be applied until its blockers are gone.</p>`}
${htmlSection(id("cluster"), nameOf(cluster.id), clusterFacts(digest))}
${htmlSection(id("findings"), "Findings", htmlFindings("The gravest first", digest.findings))}
${htmlSection(id("steps"), "Steps", digest.steps.map(stepBlock))}
${htmlSection(id("gaps"), "Gaps in rights", htmlReportTable(gapTable(digest)))}
${htmlSection(id("not-copied"), "Not copied from the old identity", htmlReportTable(notCopiedTable(cluster)))}
${htmlSection(id("undo"), "What cannot be undone", undoBlock(plan, digest))}
${htmlSection(
  id("code"),
  "Infrastructure code, after the run",
  listSnippets(cluster, targetIds(cluster)).map(
    ({ title, note, code }) => html`<h3>${title}</h3><p>${note}</p>${htmlCode(title, code)}`,
  ),
)}`;
}

function clusterFacts({ cluster, estimate, drains, changeCount, riskCounts }: ClusterDigest): Html {
  const { name, resourceGroup } = parseId(cluster.id);
  const { controlPlaneIdentity, kubeletIdentity } = cluster.target;
  return html`<p><code>${cluster.id}</code></p>${htmlFacts([
    ["Cluster", `${name} in ${resourceGroup}, ${cluster.from.location}`],
    ["Change", pathWords(cluster.path)],
    ["Control plane", controlPlaneIdentity?.name ?? "system-assigned identity"],
    ["Nodes", kubeletIdentity?.name ?? "identity made by AKS"],
    ["Changes", changeCount === 0 ? "none" : `${changeCount}: ${riskWords({ riskCounts })}`],
    ...(drains.length > 0 ? [["Drains", drainWords(drains)] as const] : []),
    ...(changeCount > 0 ? [["Expected duration", formatRange(estimate.total)] as const] : []),
    ...(estimate.window ? [["From the switch to the proof", formatRange(estimate.window)] as const] : []),
  ])}`;
}

function stepBlock(step: StepDigest, index: number): Html {
  const title = `${index + 1}. ${step.title}`;
  if (step.idle) return html`<h3>${title}</h3><p class="muted">${sentence(idleWords(step))}</p>`;
  return html`${step.pointOfNoReturn && html`<p class="alarm"><strong>POINT OF NO RETURN:</strong> the next step cannot be undone.</p>`}
<h3>${title} ${step.risk && htmlBadge(step.risk)}</h3>
<p class="muted">${step.estimate.maxMs > 0 && `${formatRange(step.estimate)}. `}${step.reason}</p>
${htmlReportTable(changeTable(step))}${htmlReportTable(rightTable(step))}
${step.drains.length > 0 && html`<p>Drains ${drainWords(step.drains)}.</p>`}
${step.estimate.waits && html`<p>${waitWords(step)}</p>`}`;
}

function undoBlock(
  { settings }: MigrationPlan,
  { cluster, irreversible, steps, changeCount }: ClusterDigest,
): Html | undefined {
  if (changeCount === 0) return undefined;
  const last = steps.find((step) => step.pointOfNoReturn);
  if (!last) return html`<p>Nothing: the plan has no point of no return.</p>`;
  const switchover = formatLength(parseDuration(settings.tokenSwitchover.wait) ?? 0);
  return html`<ul>${irreversible.map(({ summary }) => html`<li>${summary}</li>`)}</ul>
<p>${noWayBackWords(cluster)} Before “${last.title}”, <code>aks-mi undo</code>
removes what the plan has created. ${keepValidWords(cluster, switchover)}</p>`;
}
