import type { Event } from "../engine/events.ts";
import { isGap, type StepId } from "../engine/step.ts";
import type { BrokenWork, NodeRoll } from "./cluster-life.ts";
import { brokenWords } from "./cluster-life.ts";
import { listPauses, withoutRepeats } from "./pauses.ts";

/** One line of a timeline. */
export interface TimelineEntry {
  readonly kind: "step" | "change" | "wait" | "pause" | "drain" | "broken" | "end";
  /** Since the run began. */
  readonly atMs: number;
  /** Undefined for what has no length, or had not ended when the run did. */
  readonly lastsMs: number | undefined;
  readonly text: string;
  readonly step?: StepId | undefined;
}

/** What a cluster's run did and what its nodes went through, in the order of time. */
export function tellTimeline(
  events: readonly Event[],
  rolls: readonly NodeRoll[],
  broken: readonly BrokenWork[],
  start: Date,
): TimelineEntry[] {
  const since = (at: string) => Date.parse(at) - start.getTime();
  const once = withoutRepeats(events, (event) => textOf(event) !== undefined);
  const told = once.flatMap((event, index): TimelineEntry[] => {
    const atMs = since(event.at);
    const text = textOf(event);
    if (!text) return [];
    const end = endOf(event, once.slice(index + 1));
    return [{ ...text, atMs, lastsMs: end && since(end.at) - atMs, step: event.step }];
  });
  const pauses = listPauses(events, start).map(
    ({ atMs, lastsMs, reason }): TimelineEntry =>
      lastsMs === undefined
        ? { kind: "end", atMs, lastsMs, text: `paused without end: ${reason}` }
        : { kind: "pause", atMs, lastsMs, text: `paused, then resumed: ${reason}` },
  );
  const nodes = rolls.map(({ pool, node, drainedAt, backAt, replacedBy }): TimelineEntry => {
    const begin = (drainedAt ?? backAt)!;
    const what = drainedAt ? "drain" : "re-image";
    return {
      kind: "drain",
      atMs: since(begin),
      lastsMs: drainedAt && backAt ? since(backAt) - since(drainedAt) : undefined,
      text: `${what} ${node} of pool ${pool}${replacedBy ? `, replaced by ${replacedBy}` : ""}`,
    };
  });
  const failures = broken.map(({ kind, pool, reason, times, from, to }): TimelineEntry => {
    const where = pool ? ` in pool ${pool}` : "";
    return {
      kind: "broken",
      atMs: since(from),
      lastsMs: since(to) - since(from),
      text: `${brokenWords(kind, times)}${where}: ${reason}`,
    };
  });
  return [...told, ...pauses, ...nodes, ...failures].sort((a, b) => a.atMs - b.atMs);
}

function textOf(event: Event): Pick<TimelineEntry, "kind" | "text"> | undefined {
  switch (event.type) {
    case "step:started":
      return { kind: "step", text: event.title };
    case "change:started":
      return isGap(event) ? undefined : { kind: "change", text: event.summary };
    case "step:waiting":
      return { kind: "wait", text: event.reason };
    case "step:failed":
      return { kind: "end", text: `failed: ${event.message}` };
    case "run:done":
      return { kind: "end", text: event.changed ? "done" : "nothing had to be done" };
    default:
      return undefined;
  }
}

/** The event that ends what another began: a step ends with its own end, a wait with whatever comes next but progress. */
function endOf(event: Event, later: readonly Event[]): Event | undefined {
  if (event.type === "step:started")
    return (
      later.find((other) => other.step === event.step && /^step:(done|failed|started)$/.test(other.type)) ??
      later.findLast(({ type }) => type === "run:paused")
    );
  if (event.type === "step:waiting")
    return later.find((other) => other.type !== "node:progress" && other.type !== "request:retried");
  return undefined;
}
