import type { Event } from "../engine/events.ts";

/** A time in which a run stood still until it was resumed. */
export interface Pause {
  /** Since the run began. */
  readonly atMs: number;
  /** Undefined for a pause without end: nobody resumed it. */
  readonly lastsMs: number | undefined;
  readonly reason: string;
}

/** The pauses of one cluster; one that ends in another for the same reason goes on in it. */
export function listPauses(events: readonly Event[], start: Date): Pause[] {
  const since = (at: string) => Date.parse(at) - start.getTime();
  const pauses: Pause[] = [];
  events.forEach((event, index) => {
    if (event.type !== "run:paused") return;
    const atMs = since(event.at);
    const resumed = events.slice(index + 1).find(({ type }) => type === "run:started");
    const lastsMs = resumed && since(resumed.at) - atMs;
    const before = pauses.at(-1);
    if (before?.lastsMs === undefined || before.reason !== event.reason || before.atMs + before.lastsMs !== atMs)
      pauses.push({ atMs, lastsMs, reason: event.reason });
    else pauses.splice(-1, 1, { ...before, lastsMs: lastsMs && before.lastsMs + lastsMs });
  });
  return pauses;
}

/**
 * The events of a cluster's run as if it had not been interrupted by its pauses: a run that is resumed begins with each step
 * again, most of which are done at once.
 * @param isTold whether an event is worth telling: then the step in which it happened is told again too
 */
export function withoutRepeats(events: readonly Event[], isTold: (event: Event) => boolean): Event[] {
  const told: Event[] = [];
  const done = new Set<Event["step"]>();
  let pausedIn: Event["step"];
  let isResuming = false;
  let held: Event | undefined;
  for (const event of events) {
    if (event.type === "run:paused") pausedIn = event.step;
    if (event.type === "run:started") isResuming = event.resumed;
    else if (isResuming && event.type === "step:started" && done.has(event.step)) {
      held = event;
      continue;
    } else if (isResuming && event.type === "step:started") {
      isResuming = false;
      if (event.step === pausedIn) continue;
    } else if (held && event.type === "step:done") {
      held = undefined;
      continue;
    } else if (held && isTold(event)) {
      told.push(held);
      held = undefined;
      isResuming = false;
    }
    if (event.type === "step:done") done.add(event.step);
    told.push(event);
  }
  return told;
}
