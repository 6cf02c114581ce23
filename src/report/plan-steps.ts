import type { Change, Risk } from "../engine/step.ts";
import type { Palette } from "../text/terminal.ts";
import type { Page } from "./page.ts";
import type { ClusterDigest, PrincipalRights, StepDigest } from "./plan-digest.ts";
import { drainWords } from "./plan-digest.ts";
import { count, formatRange, sentence } from "./words.ts";

/** One step of the dry-run report: what changes, why, how long it takes, and what it costs. */
export function printStep(page: Page, digest: ClusterDigest, step: StepDigest, number: number): void {
  const { paint } = page;
  const label = `${String(number).padStart(2)}  ${step.title}`;
  if (step.idle) {
    page.spread(paint.dim(label), paint.dim(idleWords(step)));
    return;
  }
  page.blank();
  if (step.pointOfNoReturn) page.banner("POINT OF NO RETURN");
  page.spread(paint.bold(label), stepNote(paint, step));
  page.wrapped(step.reason, 4, paint.dim);
  for (const change of step.changes) printChange(page, change);
  for (const principal of step.principals) printRights(page, digest, principal);
  for (const gap of step.gaps) page.bullet(paint.yellow("gap"), gap.summary, 4);
  if (step.drains.length > 0) page.bullet(paint.yellow("drains"), drainWords(step.drains), 4);
  if (step.estimate.waits) page.wrapped(waitWords(step), 4);
  if (step.pointOfNoReturn) page.banner("from here on it only goes forward");
}

function stepNote(paint: Palette, { risk, estimate }: StepDigest): string {
  const duration = estimate.maxMs > 0 ? formatRange(estimate) : "";
  return [risk ? paintRisk(paint, risk) : "", duration].filter(Boolean).join(", ");
}

/** A risk in the colour of its weight. */
function paintRisk(paint: Palette, risk: Risk): string {
  if (risk === "additive") return paint.green(risk);
  return risk === "disruptive" ? paint.yellow(risk) : paint.bold(paint.red(risk.toUpperCase()));
}

function printChange(page: Page, { summary, reason, risk, onlyIf }: Change): void {
  const mark = {
    additive: page.paint.green("+"),
    disruptive: page.paint.yellow("~"),
    irreversible: page.paint.red("!"),
  };
  page.bullet(mark[risk], summary, 4);
  page.wrapped(`Why: ${sentence(reason)}`, 6, page.paint.dim);
  if (onlyIf) page.wrapped(`Only if: ${sentence(onlyIf)}`, 6, page.paint.yellow);
}

function printRights(
  page: Page,
  { cluster }: ClusterDigest,
  { principal, rights, count: amount }: PrincipalRights,
): void {
  const { paint } = page;
  page.bullet(paint.green("+"), `${principal} gets ${count(amount, "role")}:`, 4);
  for (const { role, reason, scopes, onlyIf } of rights) {
    if (scopes.length === 1) page.bullet("·", `${role} on ${page.name(scopes[0]!, cluster.id)}`, 6);
    else page.bullet("·", `${role} on:`, 6);
    if (scopes.length > 1) for (const scope of scopes) page.wrapped(page.name(scope, cluster.id), 10);
    page.wrapped(`Why: ${sentence(reason)}`, 8, paint.dim);
    if (onlyIf) page.wrapped(`Only if: ${sentence(onlyIf)}`, 8, paint.yellow);
  }
}

/** Why a step is passed over. */
export function idleWords({ estimate }: StepDigest): string {
  return estimate.waits ? "nothing to wait for" : "nothing to change";
}

/** What a waiting step waits for, and how long. */
export function waitWords({ id, estimate }: StepDigest): string {
  const since =
    id === "await-token-switchover"
      ? "from the switch; the migration is complete by then, and nothing is changed any more"
      : "from the latest role assignment; a resumed run does not start it again";
  return `Waits ${formatRange(estimate)} ${since}.`;
}
