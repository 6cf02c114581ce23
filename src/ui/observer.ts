import type { Event } from "../engine/events.ts";
import { sanitize } from "../text/terminal.ts";

/** How a run ended, in the words that its user gets. */
export interface RunOutcome {
  readonly exitCode: number;
  /** One sentence that names the thing. */
  readonly message?: string | undefined;
  readonly remedy?: string | undefined;
  /** The file that tells what happened. */
  readonly report?: string | undefined;
  /** The exact next command. */
  readonly next?: string | undefined;
}

/** What the line that names the report begins with. */
export const REPORT_LABEL = "Report: ";

/** How a run ended, line by line; without the next command, which some break at its flags. */
export function describeEnd({ message, remedy, report }: RunOutcome): string[] {
  const lines = [message, remedy && `Remedy: ${remedy}`, report && `${REPORT_LABEL}${report}`];
  return lines.filter((line) => line !== undefined && line !== "").map((line) => sanitize(line!));
}

/** Someone who watches a run. Gets every event once, in order, after it is on disk; a resumed run's earlier events come first. */
export interface RunObserver {
  event(event: Event): void;
  /** Called once, also after a failure or a signal; nothing is written after it resolves. */
  end(outcome: RunOutcome): Promise<void> | void;
}

/** What is written to: the parts of a stream that a view needs. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}
