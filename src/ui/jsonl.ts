import type { Event } from "../engine/events.ts";
import { EVENTS_VERSION } from "../engine/events.ts";
import { sanitize } from "../text/terminal.ts";
import { describeEnd, type Output, type RunObserver } from "./observer.ts";

/** The first line of every stream of events. */
export const VERSION_LINE = `${JSON.stringify({ type: "version", events: EVENTS_VERSION })}\n`;

/** `-o jsonl`: the version and then events, nothing else, on one stream; how it ended on the other. */
export function observeAsJsonl({
  output,
  messages,
}: {
  readonly output: Output;
  readonly messages: Output;
}): RunObserver {
  output.write(VERSION_LINE);
  return {
    event(event: Event) {
      output.write(`${JSON.stringify(event)}\n`);
    },
    end(outcome) {
      for (const line of describeEnd(outcome)) messages.write(`${line}\n`);
      if (outcome.next) messages.write(`Next: ${sanitize(outcome.next)}\n`);
    },
  };
}
