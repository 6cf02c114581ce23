import { MINUTE_MS, SECOND_MS } from "../engine/clock.ts";
import type { Event } from "../engine/events.ts";
import { isGap } from "../engine/step.ts";

/** A stretch of time in which a run may have made something. */
export interface Attempt {
  readonly from: Date;
  readonly to: Date;
}

/** What the journal of a cluster tells of something that the run made, or began to make. */
export interface Trace {
  readonly key: string;
  /** The id that Azure gave to it, where the run has heard that it made it. */
  readonly resourceId: string | undefined;
  /** Where it has not: when a request of the run may have made it. */
  readonly attempts: readonly Attempt[];
}

/** How long a request can still come to something after the process that sent it was last heard of: then no answer is waited for any more. */
const UNDER_WAY_MS = 5 * MINUTE_MS;

/** How far the machine's clock and those of Azure's services may be apart, which the engine holds together to seconds. */
const SLACK_MS = 30 * SECOND_MS;

/** The change with which the way back ended: the first that drains nodes or is final. Undefined before. */
export function pointOfNoReturn(events: readonly Event[]): string | undefined {
  return events.flatMap((event) =>
    event.type === "change:started" && event.risk !== "additive" && !isGap(event) ? [event.key] : [],
  )[0];
}

/**
 * What a run made or began to make, and has not taken back. A process that is killed after its request has left no word of
 * what came of it, and the next one finds the thing there, as if it were somebody else's.
 */
export function readTraces(events: readonly Event[]): Trace[] {
  const traces = new Map<string, { resourceId: string | undefined; attempts: Attempt[] }>();
  events.forEach((event, index) => {
    if (event.type === "change:undone") traces.delete(event.key);
    if (event.type === "change:started" && !isGap(event)) {
      const attempt = attemptOf(event.key, events.slice(index));
      const known = traces.get(event.key);
      if (attempt)
        traces.set(event.key, { resourceId: known?.resourceId, attempts: [...(known?.attempts ?? []), attempt] });
    }
    if (event.type !== "change:bound") return;
    const attempts = traces.get(event.key)?.attempts ?? [];
    // It was there before this attempt: that says nothing of the attempts before.
    if (event.adopted) traces.set(event.key, { resourceId: undefined, attempts: attempts.slice(0, -1) });
    else traces.set(event.key, { resourceId: event.resourceId, attempts });
  });
  return [...traces]
    .map(([key, trace]) => ({ key, ...trace }))
    .filter(({ resourceId, attempts }) => resourceId !== undefined || attempts.length > 0);
}

/**
 * The time in which an attempt may have made something.
 * @param events from the one that began it on
 * @returns undefined where Azure has refused its only request
 */
function attemptOf(key: string, [begun, ...later]: readonly Event[]): Attempt | undefined {
  const next = later.findIndex((event) => event.type !== "request:retried" && !isOf(key, event));
  const within = next < 0 ? later : later.slice(0, next);
  const after = later[next];
  if (after?.type === "step:failed" && after.code === "AZURE_REFUSED" && within.length === 0) return undefined;
  // A process that has gone on had its answer, or has given up.
  const hasDied = after === undefined || /^(run:started|lock:broken|undo:approved)$/.test(after.type);
  const lastMs = Date.parse((hasDied ? (within.at(-1) ?? begun!) : after).at);
  return {
    from: new Date(Date.parse(begun!.at) - SLACK_MS),
    to: new Date(lastMs + (hasDied ? UNDER_WAY_MS : 0) + SLACK_MS),
  };
}

function isOf(key: string, event: Event): boolean {
  return event.type === "change:bound" && event.key === key;
}
