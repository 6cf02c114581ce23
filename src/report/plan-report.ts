import { parseDuration } from "../engine/clock.ts";
import type { MigrationPlan } from "../plan/schema.ts";
import { createPalette, sanitizeDeep } from "../text/terminal.ts";
import { parseId, shortSubscription } from "./ids.ts";
import { Page } from "./page.ts";
import type { ClusterDigest } from "./plan-digest.ts";
import { digestPlan, drainWords, riskWords } from "./plan-digest.ts";
import { fleetFacts, fleetTable } from "./plan-fleet.ts";
import { printStep } from "./plan-steps.ts";
import {
  azureWords,
  formatLength,
  formatRange,
  keepValidWords,
  notCopiedRights,
  noWayBackWords,
  pathWords,
  sentence,
} from "./words.ts";

/** How a plan is drawn on a terminal. */
export interface PlanReportOptions {
  readonly color: boolean;
  /** Columns of the terminal. */
  readonly width: number;
  /** Approval hash of the plan. */
  readonly hash: string;
  readonly planFile?: string | undefined;
  /** The exact command to go on with. */
  readonly nextCommand: string;
}

/** The dry-run report for a terminal: what a reviewer signs. It is the plan, rendered; nothing is decided in it. */
export function renderPlan(plan: MigrationPlan, options: PlanReportOptions): string {
  const shown = sanitizeDeep(plan);
  const page = new Page(createPalette(options.color), options.width);
  const digests = digestPlan(shown);
  if (digests.length > 1) printFleet(page, shown, digests);
  for (const digest of digests) printCluster(page, shown, digest, digests.length > 1);
  printPlan(page, shown, digests, options);
  return page.text();
}

function printFleet(page: Page, plan: MigrationPlan, digests: readonly ClusterDigest[]): void {
  page.title(`Migration plan: ${plan.metadata.name}`, plan.metadata.emulator ? "EMULATED AZURE" : "");
  for (const [term, value] of fleetFacts(plan, digests)) page.field(term, value);
  page.blank();
  const { columns, rows } = fleetTable(digests);
  page.table(columns, rows);
  page.blank();
}

function printCluster(page: Page, plan: MigrationPlan, digest: ClusterDigest, several: boolean): void {
  printHeader(page, plan, digest);
  printFindings(page, digest);
  if (digest.steps.length > 0) page.heading("Steps");
  for (const [index, step] of digest.steps.entries()) {
    if (step.idle && digest.steps[index - 1]?.idle === false) page.blank();
    printStep(page, digest, step, index + 1);
  }
  printGaps(page, digest);
  printNotCopied(page, digest);
  printUndo(page, digest);
  if (several) page.blank();
}

function printHeader(page: Page, plan: MigrationPlan, digest: ClusterDigest): void {
  const { cluster, changeCount } = digest;
  const { name, resourceGroup, subscription } = parseId(cluster.id);
  const { controlPlaneIdentity, kubeletIdentity } = cluster.target;
  const { metadata } = plan;
  page.title(`Migration plan: ${name}`, metadata.emulator ? "EMULATED AZURE" : "");
  page.field(
    "Cluster",
    `${name} in ${resourceGroup}, subscription ${shortSubscription(subscription ?? "")}, ${cluster.from.location}`,
  );
  page.field("Change", pathWords(cluster.path));
  if (cluster.from.servicePrincipal) page.field("From", `service principal ${cluster.from.servicePrincipal.clientId}`);
  page.field(
    "To",
    `control plane: ${controlPlaneIdentity ? placeOf(controlPlaneIdentity) : "system-assigned identity"}`,
  );
  page.field("", `nodes: ${kubeletIdentity ? placeOf(kubeletIdentity) : "identity made by AKS"}`);
  page.field("Azure", azureWords(metadata));
  if (changeCount === 0) page.field("Changes", "none: there is nothing to do");
  else printExpectations(page, digest);
}

function printExpectations(page: Page, digest: ClusterDigest): void {
  const { changeCount, estimate, drains } = digest;
  page.field("Changes", `${changeCount} (${riskWords(digest)})`);
  if (drains.length > 0) page.field("Drains", drainWords(drains));
  const waiting = estimate.waiting.maxMs > 0 ? `, of which ${formatRange(estimate.waiting)} waiting` : "";
  page.field("Duration", `${formatRange(estimate.total)}${waiting}`);
  if (estimate.window) page.field("Window", `${formatRange(estimate.window)} from the switch to the proof`);
}

function placeOf({ name, resourceGroup }: { name: string; resourceGroup: string }): string {
  return `${name} in ${resourceGroup}`;
}

function printFindings(page: Page, { findings, cluster }: ClusterDigest): void {
  const { paint } = page;
  if (cluster.blocked) {
    page.blank();
    page.line(paint.bold(paint.red("BLOCKED: this plan cannot be applied until its blockers are gone.")));
  }
  if (findings.length === 0) return;
  page.heading("Findings");
  for (const { severity, check, seen, remedy, link } of findings) {
    const grave = severity === "blocker" || severity === "critical";
    const label = grave ? paint.bold(paint.red(severity.toUpperCase())) : paint.yellow(severity);
    page.bullet(label, `${check} ${seen}`);
    page.wrapped(`Remedy: ${remedy}`, 4);
    if (link) page.wrapped(link, 4, paint.dim);
  }
}

function printGaps(page: Page, { steps }: ClusterDigest): void {
  const gaps = steps.flatMap((step) => step.gaps.map((gap) => ({ gap, closedBy: step.title })));
  if (gaps.length === 0) return;
  page.heading("Gaps in rights: what will not work for a while");
  for (const { gap, closedBy } of gaps) {
    page.bullet(page.paint.yellow("gap"), gap.summary);
    page.wrapped(`Why: ${sentence(gap.reason)} Closed by: ${closedBy}.`, 4, page.paint.dim);
  }
}

function printNotCopied(page: Page, { cluster }: ClusterDigest): void {
  const notCopied = notCopiedRights(cluster);
  if (notCopied.length === 0) return;
  page.heading("Not copied from the old identity");
  for (const { role, scope, reason, instead } of notCopied) {
    page.bullet("-", `${role} on ${page.name(scope, cluster.id)}`);
    page.wrapped(`Why not: ${sentence(reason)}`, 4, page.paint.dim);
    page.wrapped(`Instead: ${sentence(instead)}`, 4);
  }
}

function printUndo(page: Page, { cluster, irreversible, steps, changeCount }: ClusterDigest): void {
  if (changeCount === 0) return;
  page.heading("What cannot be undone");
  const last = steps.find((step) => step.pointOfNoReturn);
  for (const { summary } of irreversible) page.bullet(page.paint.red("!"), summary);
  if (last) {
    page.wrapped(noWayBackWords(cluster), 2);
    page.wrapped(`Before "${last.title}", aks-mi undo removes what the plan has created.`, 2);
  } else page.wrapped("Nothing: the plan has no point of no return.", 2);
}

function printPlan(page: Page, plan: MigrationPlan, digests: ClusterDigest[], options: PlanReportOptions): void {
  const switchover = formatLength(parseDuration(plan.settings.tokenSwitchover.wait) ?? 0);
  if (digests.some(({ irreversible }) => irreversible.length > 0)) {
    for (const text of new Set(plan.clusters.map((cluster) => keepValidWords(cluster, switchover))))
      page.wrapped(text, 2);
  }
  page.legend();
  page.heading("Next");
  page.field("Plan hash", options.hash);
  if (options.planFile) page.field("Plan file", options.planFile);
  if (digests.length > 1) for (const [term, value] of fleetFacts(plan, digests)) page.field(term, value);
  page.blank();
  page.command(options.nextCommand);
}
