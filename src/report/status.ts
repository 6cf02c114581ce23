import type { StepId } from "../engine/step.ts";
import type { Place } from "../plan/command-line.ts";
import type { MigrationPlan } from "../plan/schema.ts";
import type { Palette } from "../text/terminal.ts";
import { createPalette, padColumns, sanitizeDeep } from "../text/terminal.ts";
import { nameOf } from "./ids.ts";
import { listPrincipalTasks } from "./left-to-do.ts";
import { Page } from "./page.ts";
import { estimateRemaining, timeSpentMs } from "./remaining.ts";
import { resumeCommand, verifyCommand } from "./run-commands.ts";
import type { ClusterView, RunView, StepState, StepView } from "./run-view.ts";
import { formatLength, formatRange, formatTime, sentence, withClockTimes } from "./words.ts";

/** `status -o json`, and what `apply` and `resume -o json` print when they end. */
export interface StatusJson {
  /** Null where no run was needed, or none began. */
  readonly run: string | null;
  readonly state: RunView["state"];
  readonly clusters: readonly {
    readonly id: string;
    readonly steps: readonly { readonly id: StepId; readonly state: StepState; readonly until?: string }[];
  }[];
}

/** Where a run stands, as data. */
export function statusJson({ run, state, clusters }: RunView): StatusJson {
  return {
    run: run || null,
    state,
    clusters: clusters.map(({ id, steps }) => ({
      id,
      steps: steps.map((step) => ({ id: step.id, state: step.state, ...(step.until ? { until: step.until } : {}) })),
    })),
  };
}

/** The same where Azure shows everything that was planned, whatever the journals tell. */
export function allDone({ run, clusters }: StatusJson): StatusJson {
  const done = clusters.map(({ id, steps }) => ({
    id,
    steps: steps.map((step) => ({ id: step.id, state: "done" as const })),
  }));
  return { run, state: "done", clusters: done };
}

/** How a status is drawn. */
export interface StatusOptions {
  /** The run's own time; emulated against an emulator. */
  readonly now: Date;
  readonly color: boolean;
  readonly width: number;
  readonly plan: MigrationPlan;
  /** Where the commands that go on find the run. */
  readonly place: Place;
}

/** Where a run stands, for a terminal: steps, waits with the time left, next wake-up, and how to go on. */
export function renderStatus(view: RunView, options: StatusOptions): string {
  const { now, color, width } = options;
  const shown = sanitizeDeep(view);
  const page = new Page(createPalette(color), width);
  page.title(`Run ${shown.run}`, shown.state);
  if (shown.lastEventAt) {
    const ago = formatLength(Math.max(0, now.getTime() - Date.parse(shown.lastEventAt)));
    page.field("Last event", `${formatTime(shown.lastEventAt, now)}, ${ago} ago`);
  }
  if (shown.nextWakeUp)
    page.field("Wakes up", `${formatTime(shown.nextWakeUp, now)}, in ${timeLeft(shown.nextWakeUp, now)}`);
  for (const cluster of shown.clusters) printCluster(page, cluster, now);
  if (shown.state !== "running") printNext(page, shown, { plan: sanitizeDeep(options.plan), place: options.place });
  return page.text();
}

/** How to go on, and how long principals that are left have to stay as they are. */
function printNext(page: Page, view: RunView, { plan, place }: Pick<StatusOptions, "plan" | "place">): void {
  page.heading("Next");
  for (const { title, text } of listPrincipalTasks(plan, view, place)) page.bullet("-", `${title}: ${text}`);
  page.command(view.state === "done" ? verifyCommand(plan, place) : resumeCommand({ id: view.run, plan }, place));
}

function printCluster(page: Page, cluster: ClusterView, now: Date): void {
  const { paint } = page;
  page.heading(`${nameOf(cluster.id)}: ${cluster.state}`);
  for (const step of cluster.steps) {
    const mark = stepMark(paint, step.state);
    page.spread(`  ${mark} ${padColumns(step.title, 34)}`, stepTime(step, now));
    const detail = stepDetail(step, now);
    if (detail) page.wrapped(detail, 4, paint.dim);
    for (const { pool, reimaged, nodes } of step.state === "done" ? [] : step.pools)
      page.wrapped(`pool ${pool}: ${reimaged} of ${nodes} nodes re-imaged`, 4);
  }
  if (cluster.pause) page.bullet(paint.yellow("paused:"), sentence(cluster.pause.reason));
  if (cluster.failure) {
    page.bullet(paint.red("failed:"), `${sentence(cluster.failure.message)} (${cluster.failure.code})`);
    page.wrapped(`Remedy: ${sentence(cluster.failure.remedy)}`, 4);
  }
  if (cluster.state !== "running") return;
  const { proof, all } = estimateRemaining(cluster, now);
  if (proof.maxMs > 0) page.wrapped(`Proven migrated in about ${formatRange(proof)}.`, 2);
  if (all.maxMs > proof.maxMs) page.wrapped(`All steps done in about ${formatRange(all)}.`, 2);
}

/** The sign of a step's state; readable without colour. */
export function stepMark(paint: Palette, state: StepState): string {
  const marks: Record<StepState, string> = {
    pending: paint.dim("·"),
    running: paint.cyan("▸"),
    waiting: paint.yellow("◷"),
    done: paint.green("✔"),
    failed: paint.red("✖"),
  };
  return marks[state];
}

function stepTime(step: StepView, now: Date): string {
  if (step.state === "waiting" && step.until)
    return `until ${formatTime(step.until, now)}, ${timeLeft(step.until, now)} left`;
  if (step.state === "pending") return "";
  return formatLength(timeSpentMs(step, now));
}

function stepDetail(step: StepView, now: Date): string | undefined {
  const detail = step.state === "done" ? step.evidence : step.state === "waiting" ? step.reason : undefined;
  return detail && withClockTimes(detail, now);
}

/** How long it is until a moment; nothing when it has passed. */
export function timeLeft(until: string, now: Date): string {
  return formatLength(Math.max(0, Date.parse(until) - now.getTime()));
}
