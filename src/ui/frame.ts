import { isGap } from "../engine/step.ts";
import { nameOf } from "../report/ids.ts";
import { estimateAllRemaining, timeSpentMs } from "../report/remaining.ts";
import type { ClusterView, RunView, StepView } from "../report/run-view.ts";
import { stepMark, timeLeft } from "../report/status.ts";
import { formatLength, formatRange, formatTime } from "../report/words.ts";
import { retryLine, stepDetails } from "./frame-details.ts";
import type { FrameLine, FrameOptions } from "./frame-line.ts";
import { fitLine } from "./frame-line.ts";

/** The whole live view: never more lines than the screen has, and none longer. */
export function drawFrame(view: RunView, options: FrameOptions): string {
  const { height, final } = options;
  const footer = drawFooter(view, options);
  const room = Math.max(3, height - 1 - footer.length);
  const full = view.clusters.map((cluster) => drawCluster(cluster, options, room));
  const lines = full.flat().length <= room || final ? full.flat() : drawNarrow(view, options, room);
  return [...lines, ...footer].map((line) => fitLine(line, options.width)).join("\n");
}

/** Clusters that don't fit in full take a line each, those at work first where there are too many, and the one that is furthest back its details. */
function drawNarrow(view: RunView, options: FrameOptions, room: number): FrameLine[] {
  if (view.clusters.length === 1) return drawCluster(view.clusters[0]!, options, room).slice(-room);
  if (view.clusters.length > room) {
    const shown = [...view.clusters].sort((a, b) => Number(isAtWork(b)) - Number(isAtWork(a))).slice(0, room - 1);
    const more = view.clusters.length - shown.length;
    return [...shown.map((cluster) => drawClusterLine(cluster, options)), { left: `… and ${more} more clusters` }];
  }
  const lines = view.clusters.map((cluster) => drawClusterLine(cluster, options));
  const active = view.clusters.filter((cluster) => activeStep(cluster) && cluster.state !== "done");
  const last = (active.some(isAtWork) ? active.filter(isAtWork) : active).reduce<ClusterView | undefined>(
    (a, b) => (a && countDone(a) <= countDone(b) ? a : b),
    undefined,
  );
  if (!last || lines.length === room) return lines;
  const details = stepDetails(activeStep(last)!, options, room - lines.length);
  const index = view.clusters.indexOf(last) + 1;
  return [...lines.slice(0, index), ...details, ...lines.slice(index)];
}

function activeStep({ steps }: ClusterView): StepView | undefined {
  return steps.find(({ state }) => state !== "done" && state !== "pending");
}

function countDone({ steps }: ClusterView): number {
  return steps.filter(({ state }) => state === "done").length;
}

function drawCluster(cluster: ClusterView, options: FrameOptions, room: number): FrameLine[] {
  const { paint, emulated } = options;
  const title: FrameLine = {
    left: nameOf(cluster.id),
    right: emulated ? paint.yellow("EMULATED AZURE") : "",
    style: paint.bold,
  };
  const rows = cluster.steps.map((step) => drawStep(step, options));
  const active = cluster.steps.findIndex(({ state }) => state !== "done" && state !== "pending");
  if (active < 0)
    return cluster.retry && cluster.state === "running"
      ? [title, retryLine(cluster.retry, options), ...rows]
      : [title, ...rows];
  const details = stepDetails(cluster.steps[active]!, options, Math.max(1, room - rows.length - 1));
  return [title, ...rows.slice(0, active + 1), ...details, ...rows.slice(active + 1)];
}

function drawClusterLine(cluster: ClusterView, options: FrameOptions): FrameLine {
  const { paint, spinner } = options;
  const active = activeStep(cluster);
  const mark = isAtWork(cluster) ? paint.cyan(spinner) : stepMark(paint, stepStateOf(cluster));
  const what = active ? active.title : hasNotBegun(cluster) ? "queued" : cluster.state;
  return {
    left: ` ${mark} ${nameOf(cluster.id)}  ${countDone(cluster)} of ${cluster.steps.length}  ${what}`,
    right: active ? stepTime(active, options) : "",
  };
}

function stepStateOf(cluster: ClusterView): StepView["state"] {
  const { state } = cluster;
  if (hasNotBegun(cluster)) return "pending";
  return state === "paused" || (state === "running" && !isAtWork(cluster)) ? "waiting" : state;
}

/** True for a cluster that has never had a place. */
function hasNotBegun({ state, startedAt }: ClusterView): boolean {
  return state === "running" && startedAt === undefined;
}

/** True for a cluster for which something is done in this moment. */
function isAtWork(cluster: ClusterView): boolean {
  const active = activeStep(cluster);
  return cluster.state === "running" && !hasNotBegun(cluster) && (!active || isWork(active));
}

function drawStep(step: StepView, options: FrameOptions): FrameLine {
  const { paint, spinner, final } = options;
  const mark = isWork(step) && !final ? paint.cyan(spinner) : stepMark(paint, step.state);
  return {
    left: ` ${mark} ${step.title}`,
    right: stepTime(step, options),
    ...(step.state === "pending" ? { style: paint.dim } : {}),
  };
}

/** A wait for a clock time, or for a turn, stands still; a wait for Azure is someone's work. */
function isWork({ state, until, queued }: StepView): boolean {
  return state === "running" || (state === "waiting" && !until && !queued);
}

function stepTime(step: StepView, { now, paint }: FrameOptions): string {
  if (step.state === "pending") {
    const final = step.changes.some(({ risk }) => risk === "irreversible") ? paint.red("point of no return  ") : "";
    const needed = step.changes.some((change) => !isGap(change)) || step.estimate.waits;
    return final + paint.dim(needed && step.estimate.maxMs > 0 ? formatRange(step.estimate) : "");
  }
  if (step.state === "waiting" && step.until)
    return paint.yellow(`until ${formatTime(step.until, now)}, ${timeLeft(step.until, now)} left`);
  return paint.dim(isIdle(step) ? "nothing to do" : formatLength(timeSpentMs(step, now)));
}

/** True for a step that is done without having changed or awaited anything. */
function isIdle({ id, state, changes, spans }: StepView): boolean {
  if (state !== "done" || id === "verify-migration") return false;
  const waited = spans.some(({ kind }) => kind === "wait");
  return !waited && changes.every((change) => isGap(change) || change.state === "not-needed");
}

function drawFooter(view: RunView, { now, final, paint, keys }: FrameOptions): FrameLine[] {
  const started = view.startedAt ? Date.parse(view.startedAt) : now.getTime();
  const endedMs = view.endedAt ? Date.parse(view.endedAt) : now.getTime();
  const elapsed = `elapsed ${formatLength(Math.max(0, endedMs - started))}`;
  if (final || view.state !== "running") return [{ left: "" }, { left: ` ${elapsed}` }];
  const { proof, all } = estimateAllRemaining(
    view.clusters.filter(({ state }) => state === "running"),
    now,
  );
  const rest =
    proof.maxMs > 0
      ? `proven in about ${formatRange(proof)}`
      : all.maxMs > 0
        ? `proven; all done in ${formatRange(all)}`
        : "";
  return [{ left: "" }, { left: ` ${elapsed}`, right: rest }, { left: ` ${keys}`, style: paint.dim }];
}
