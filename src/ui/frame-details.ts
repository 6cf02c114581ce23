import { isGap } from "../engine/step.ts";
import { parseRoleKey } from "../plan/change-keys.ts";
import { kindOf, nameOf } from "../report/ids.ts";
import type { ChangeView, PoolView, RetryView, StepView } from "../report/run-view.ts";
import { changeWords } from "../report/run-view.ts";
import { count, formatLength, formatTime, sentence, withClockTimes } from "../report/words.ts";
import { wrapText } from "../text/terminal.ts";
import type { FrameLine, FrameOptions } from "./frame-line.ts";

const BAR_COLUMNS = 10;

/** What the step at work can show of itself, in at most so many lines. */
export function stepDetails(step: StepView, options: FrameOptions, room: number): FrameLine[] {
  const failure = failureLines(step, options);
  const fixed = [...reasonLines(step, options), ...poolLines(step, options), ...retryLines(step, options)];
  const changes = changeLines(step, options, room - fixed.length - failure.length);
  return [...failure, ...changes, ...fixed].slice(0, room);
}

function failureLines({ failure }: StepView, { paint, width }: FrameOptions): FrameLine[] {
  if (!failure) return [];
  const text = `${sentence(failure.message)} (${failure.code}) ${sentence(failure.remedy)}`;
  return wrapText(text, width - 6).map((line) => ({ left: `     ${line}`, style: paint.red }));
}

function reasonLines({ state, reason }: StepView, { paint, width, now }: FrameOptions): FrameLine[] {
  if (state !== "waiting" || !reason) return [];
  return wrapText(withClockTimes(reason, now), width - 6).map((line) => ({ left: `     ${line}`, style: paint.dim }));
}

/** In the plan's order where all fit; else what failed or is in progress first, then what is to come, and the rest is counted. */
function changeLines({ changes, state }: StepView, options: FrameOptions, room: number): FrameLine[] {
  const shown = changes.filter((change) => !isGap(change) && change.state !== "not-needed");
  if (shown.length === 0 || room < 1) return [];
  if (shown.length <= room || state === "failed") return shown.map((change) => changeLine(change, options));
  const order: ChangeView["state"][] = ["failed", "started", "pending", "undone", "applied"];
  const sorted = [...shown].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
  const applied = shown.filter((change) => change.state === "applied").length;
  const rest: FrameLine = { left: `     … ${applied} of ${shown.length} changes applied`, style: options.paint.dim };
  return [...sorted.slice(0, room - 1).map((change) => changeLine(change, options)), rest];
}

function changeLine(change: ChangeView, { paint }: FrameOptions): FrameLine {
  const words = changeWords(change);
  if (change.state === "applied") return { left: `     ✔ ${shortSummary(change)}`, right: paint.green(words) };
  if (change.state === "failed") return { left: `     ✖ ${shortSummary(change)}`, right: paint.red(words) };
  if (change.state === "started") return { left: `     ▸ ${shortSummary(change)}`, right: paint.cyan(words) };
  return { left: `     · ${shortSummary(change)}`, style: paint.dim };
}

/** The pools whose nodes are known, then those that this step drains too, as soon as it is seen to drain any. */
function poolLines({ pools, estimate }: StepView, options: FrameOptions): FrameLine[] {
  const ahead = estimate.rolls.filter(({ pool }) => !pools.some((seen) => seen.pool === pool));
  const isDraining = pools.some(({ reimaged }) => reimaged > 0);
  const lines = pools.map((pool) => poolLine(pool, options));
  return isDraining ? [...lines, ...ahead.map(({ pool, nodes }) => ({ left: poolWords(pool, 0, nodes) }))] : lines;
}

function poolWords(pool: string, reimaged: number, nodes: number): string {
  const full = nodes === 0 ? BAR_COLUMNS : Math.round((reimaged / nodes) * BAR_COLUMNS);
  const bar = "█".repeat(full) + "░".repeat(BAR_COLUMNS - full);
  return `     ${bar} pool ${pool}: ${reimaged} of ${count(nodes, "node")} re-imaged`;
}

function poolLine({ pool, reimaged, nodes, names, at }: PoolView, { paint, now, width }: FrameOptions): FrameLine {
  const last = names.at(-1);
  const left = poolWords(pool, reimaged, nodes);
  if (reimaged === 0) return { left };
  const time = formatTime(last?.at ?? at, now);
  const note = last ? `${last.name} ${time}` : time;
  // Of the two ends the count matters more than which node it was.
  return { left, right: paint.dim(left.length + note.length + 3 <= width ? note : time) };
}

function retryLines({ retries, state }: StepView, options: FrameOptions): FrameLine[] {
  const last = retries.at(-1);
  if (!last || state === "done") return [];
  const times = retries.length > 1 ? ` (${retries.length} retries)` : "";
  return [retryLine(last, options, times)];
}

/** A request that was sent again, and why. */
export function retryLine(
  { request, delayMs, reason, at }: RetryView,
  { paint, now }: FrameOptions,
  times = "",
): FrameLine {
  const text = `${reason}, again after ${formatLength(delayMs)}${times}: ${request}`;
  return { left: `     ↻ ${text}`, right: paint.dim(formatTime(at, now)), style: paint.yellow };
}

/** A summary that fits on a line: of a role, the names instead of the ids. */
function shortSummary({ key, summary }: ChangeView): string {
  const role = parseRoleKey(key);
  return role ? `${role.role} on ${kindOf(role.scope)} ${nameOf(role.scope)} for ${role.who}` : summary;
}
