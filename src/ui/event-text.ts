import type { Event } from "../engine/events.ts";
import { isGap } from "../engine/step.ts";
import { nameOf } from "../report/ids.ts";
import { count, formatLength, formatTime } from "../report/words.ts";
import { sanitize } from "../text/terminal.ts";

/** What an event says, as one printable line without its time and place; undefined for what its step tells too, and for types that are not known. */
export function describeEvent(event: Event): string | undefined {
  const text = eventText(event);
  return text === undefined ? undefined : sanitize(text);
}

function eventText(event: Event): string | undefined {
  switch (event.type) {
    case "run:started":
      return `${event.resumed ? "run resumed" : "run started"} by ${event.tool}, plan ${event.planHash}`;
    case "run:approved":
      return `plan ${event.planHash} approved by ${event.account ?? event.by}${event.stopsBefore ? `, up to ${event.stopsBefore}` : ""}`;
    case "lock:broken":
      return `lock of run ${event.holder} on ${event.host} (process ${event.pid}, since ${formatTime(event.since)}) broken by ${event.by}`;
    case "step:started":
      return event.title;
    case "change:started":
      if (isGap(event)) return `gap in rights: ${event.summary}`;
      return `${event.again ? "again: " : ""}${event.summary} (${event.risk})`;
    case "change:applied":
      return `${isGap(event) ? "closed" : "applied"} ${briefKey(event.key)}`;
    case "change:bound":
      return `${briefKey(event.key)} is ${event.resourceId}${event.adopted ? ", which was there already" : ""}${correlation(event)}`;
    case "undo:approved":
      return `taking back what was made is approved by ${event.account ?? event.by}`;
    case "change:undone":
      return `taken back ${briefKey(event.key)}: ${event.resourceId} is removed`;
    case "operation:started":
      return `Azure accepted ${briefKey(event.key)} as operation ${event.operation}${correlation(event)}`;
    case "step:settling":
      return `Azure does not show ${count(event.keys.length, "change")} yet, waiting until ${formatTime(event.atMost)} at most`;
    case "step:waiting":
      return `waiting: ${clause(event.reason)}${event.until ? `, until ${formatTime(event.until)}` : ""}`;
    case "node:progress":
      return `pool ${event.pool}: ${event.reimaged} of ${count(event.nodes, "node")} re-imaged${nameList(event.names)}`;
    case "request:retried":
      return `${event.request} is sent again in ${formatLength(event.delayMs)}: ${event.reason}`;
    case "check:found":
      return `${event.severity} ${event.check}: ${clause(event.seen)}; remedy: ${event.remedy}`;
    case "step:failed":
      return `failed (${event.code}): ${clause(event.message)}; remedy: ${event.remedy}`;
    case "step:done":
      return `done: ${event.evidence}`;
    case "run:paused":
      return `paused: ${clause(event.reason)}${event.retryAt ? `, try again from ${formatTime(event.retryAt)}` : ""}`;
    case "run:done":
      return event.changed ? "run done" : "run done: there was nothing to do";
    default:
      return undefined;
  }
}

/** A key with the names in place of the resource ids, which a journal and `-o jsonl` have in full. */
function briefKey(key: string): string {
  return key.replace(/\/subscriptions\/[^→]*\//g, "");
}

/** A sentence as part of a longer one. */
function clause(text: string): string {
  return text.trim().replace(/\.$/, "");
}

function correlation({ correlationId }: { readonly correlationId?: string | undefined }): string {
  return correlationId ? ` (correlation id ${correlationId})` : "";
}

function nameList(names: readonly string[] | undefined): string {
  return names && names.length > 0 ? ` (${names.join(", ")})` : "";
}

/** Where an event belongs: cluster and step. */
export function describePlace({ cluster, step }: Pick<Event, "cluster" | "step">): string {
  return sanitize([cluster ? nameOf(cluster) : undefined, step].filter(Boolean).join(" "));
}
