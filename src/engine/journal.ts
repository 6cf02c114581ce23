import { closeSync, existsSync, fstatSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { AksMiError, fileProblem } from "./errors.ts";
import { hasEventShape } from "./event-shape.ts";
import { EVENTS_VERSION, type Event, type StampedEvent } from "./events.ts";
import { redact, redactByLook, redactDeep } from "./secrets.ts";

/** What numbers and dates an event. */
export interface JournalHead {
  readonly run: string;
  readonly cluster: string;
  readonly now: () => Date;
}

/** Where the events of one cluster's run go. */
export interface Journal {
  /** Every event so far, those of earlier processes included. */
  readonly events: readonly Event[];
  /** Numbers and dates an event and puts it away for good before it returns. */
  append(event: StampedEvent): Event;
  close(): void;
}

/**
 * Opens an append-only journal file, one JSON object a line. A last line without an end was never acknowledged: it is
 * cut off.
 * @throws AksMiError `STATE_UNREADABLE` when it cannot be read, a line in the middle is damaged, the version is not ours
 * or it is another cluster's;
 * `STATE_UNWRITABLE` when it cannot be kept
 */
export function openJournal(file: string, head: JournalHead): Journal {
  const events = existsSync(file) ? readJournal(file, head.cluster) : [];
  const handle = attempt(file, () => openSync(file, "a+", 0o600));
  attempt(file, () => ftruncateSync(handle, events.length === 0 ? 0 : acknowledgedLength(readFileSync(file))));
  const write = (value: object) =>
    attempt(file, () => {
      writeWhole(handle, Buffer.from(`${JSON.stringify(value)}\n`));
      fsyncSync(handle);
      if (fstatSync(handle).nlink === 0) throw new Error("it has been deleted");
    });
  if (events.length === 0) write({ type: "version", events: EVENTS_VERSION });
  return {
    events,
    append(event) {
      const numbered = number(events.length + 1, event, head);
      write(numbered);
      events.push(numbered);
      return numbered;
    },
    close: () => closeSync(handle),
  };
}

/** A journal that leaves nothing behind: dry runs, rehearsals, tests. */
export function memoryJournal(head: JournalHead): Journal {
  const events: Event[] = [];
  return {
    events,
    append(event) {
      const numbered = number(events.length + 1, event, head);
      events.push(numbered);
      return numbered;
    },
    close() {},
  };
}

/**
 * By these fields a resume knows what was done. They come from the plan and from ids, and stay the same whatever word someone
 * has put into a tag or a setting that is called a secret.
 */
const NAMING_FIELDS = new Set(["run", "cluster", "type", "step", "planHash", "key", "keys", "resourceId"]);

function number(seq: number, event: StampedEvent, { run, cluster, now }: JournalHead): Event {
  const whole = { run, seq, at: now().toISOString(), cluster, ...event };
  const fields = Object.entries(whole).map(([name, value]) => [
    name,
    redactDeep(value, NAMING_FIELDS.has(name) ? redactByLook : redact),
  ]);
  return Object.fromEntries(fields) as Event;
}

/**
 * Reads a journal without opening it for writing: also while a run goes on.
 * @param cluster whose journal it is to be; absent: anyone's
 * @throws AksMiError `STATE_UNREADABLE`
 */
export function readJournal(file: string, cluster?: string): Event[] {
  const own = cluster === undefined ? undefined : redactByLook(cluster);
  const data = readWhole(file);
  const lines = data.subarray(0, acknowledgedLength(data)).toString("utf8").split("\n").slice(0, -1);
  const events: Event[] = [];
  lines.forEach((line, index) => {
    const value = parseLine(line);
    if (!value) throw damaged(file, index + 1, "is damaged");
    if (value.type === "version") {
      if (value.events !== EVENTS_VERSION) throw unknownVersion(file, value.events);
    } else if (value.seq !== events.length + 1)
      throw damaged(file, index + 1, `has number ${String(value.seq)} instead of ${events.length + 1}`);
    else if (!hasEventShape(value)) throw damaged(file, index + 1, "is no event");
    else if (own !== undefined && value.cluster !== own) throw damaged(file, index + 1, "is of another cluster");
    else events.push(value as unknown as Event);
  });
  return events;
}

function readWhole(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new AksMiError(
      "STATE_UNREADABLE",
      `The journal ${file} cannot be read: ${fileProblem(error)}`,
      "Run the command as the user who began the run, or give yourself the right to read its directory.",
      { cause: error },
    );
  }
}

/** The length up to which lines are complete: what comes after was being written when the process died. */
function acknowledgedLength(data: Buffer): number {
  let end = data.lastIndexOf(0x0a) + 1;
  const lastStart = data.lastIndexOf(0x0a, end - 2) + 1;
  if (end > 0 && !parseLine(data.subarray(lastStart, end - 1).toString("utf8"))) end = lastStart;
  return end;
}

function parseLine(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** A disk that is nearly full takes part of a line and calls that a success. */
function writeWhole(handle: number, line: Buffer): void {
  for (let written = 0; written < line.length; ) written += writeSync(handle, line, written);
}

function attempt<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new AksMiError(
      "STATE_UNWRITABLE",
      `The journal ${file} cannot be kept: ${(error as Error).message}`,
      "Make room or choose another --state-dir, then run `aks-mi resume`: nothing is done without a journal.",
      { cause: error },
    );
  }
}

/** What a newer version wrote may mean that a change was made: nothing but that version, or one after it, can tell. */
function unknownVersion(file: string, version: unknown): AksMiError {
  return new AksMiError(
    "STATE_UNREADABLE",
    `${file} has version ${String(version)}, which this aks-mi does not know.`,
    "Go on with the version of aks-mi that wrote it, or a newer one.",
  );
}

function damaged(file: string, line: number, what: string): AksMiError {
  return new AksMiError(
    "STATE_UNREADABLE",
    `${file}:${line} ${what}.`,
    "Move the run directory away and apply the same plan again: it goes on from what Azure shows.",
  );
}
