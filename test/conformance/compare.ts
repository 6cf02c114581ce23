import { type Difference, isGuid } from "./difference.ts";
import { isMasked } from "./recording.ts";

/** An answer taken apart. */
export interface Side {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** The headers that clients of a long-running operation or of an eTag depend on. */
const HEADERS_THAT_MATTER = ["azure-asyncoperation", "location", "retry-after", "etag"];

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?$/;
const ID_IN_TEXT = /[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}|\b[0-9a-f]{32}\b/gi;

/**
 * Ids that Azure made up during a session against those that the emulator made up: they may be others, but the same
 * recorded id has to be the same emulated id wherever it comes up again.
 */
export class MadeUpIds {
  readonly #emulated = new Map<string, string>();
  readonly #given: ReadonlySet<string>;

  /** @param given ids that the client sent or that were put in: they have to come back as they are */
  constructor(given: ReadonlySet<string>) {
    this.#given = given;
  }

  match(recorded: string, emulated: string): boolean {
    const key = recorded.toLowerCase();
    if (this.#given.has(key)) return recorded === emulated;
    const known = this.#emulated.get(key);
    if (known === undefined) this.#emulated.set(key, emulated.toLowerCase());
    return known === undefined || known === emulated.toLowerCase();
  }
}

/** Compares two answers: status, the headers that matter, the keys of the body, and its values. */
export function compareAnswers(recorded: Side, emulated: Side, ids: MadeUpIds): Difference[] {
  const found: Difference[] = [];
  const note = (at: string, left: unknown, right: unknown) => found.push({ at, recorded: left, emulated: right });
  if (recorded.status !== emulated.status) note("status", recorded.status, emulated.status);
  for (const name of HEADERS_THAT_MATTER)
    compareHeader(name, recorded.headers[name], emulated.headers[name], ids, note);
  compareValues("body", emptyToNull(recorded.body), emptyToNull(emulated.body), ids, note);
  return found;
}

type Note = (at: string, recorded: unknown, emulated: unknown) => void;

function emptyToNull(body: unknown): unknown {
  return body === "" || body === undefined ? null : body;
}

function compareHeader(name: string, left: string | undefined, right: string | undefined, ids: MadeUpIds, note: Note) {
  if (left === undefined || right === undefined) {
    if (left !== right) note(`header ${name}`, left, right);
    return;
  }
  if (!/^https:\/\//.test(left)) return compareText(`header ${name}`, left, right, ids, note);
  const [before, after] = [new URL(left), URL.canParse(right) ? new URL(right) : new URL("about:blank")];
  compareText(`header ${name}`, before.origin + before.pathname, after.origin + after.pathname, ids, note);
  const version = (url: URL) => url.searchParams.get("api-version");
  if (version(before) !== version(after)) note(`header ${name} api-version`, version(before), version(after));
  const parameters = (url: URL) => [...url.searchParams.keys()].filter((key) => key !== "api-version").join(" ");
  if (parameters(before) !== parameters(after)) note(`header ${name} query`, parameters(before), parameters(after));
}

function compareValues(at: string, left: unknown, right: unknown, ids: MadeUpIds, note: Note): void {
  if (isMasked(left)) {
    if (typeof right !== "string" || right === "") note(at, left, right);
  } else if (Array.isArray(left) && Array.isArray(right)) {
    const length = Math.max(left.length, right.length);
    for (let index = 0; index < length; index++) compareValues(`${at}[${index}]`, left[index], right[index], ids, note);
  } else if (isObject(left) && isObject(right)) {
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)]))
      compareValues(`${at}.${key}`, left[key], right[key], ids, note);
  } else if (typeof left === "string" && typeof right === "string") {
    compareText(at, left, right, ids, note);
  } else if (left !== right) {
    note(at, left, right);
  }
}

function compareText(at: string, left: string, right: string, ids: MadeUpIds, note: Note): void {
  if (left === right) return;
  if (TIME.test(left) && TIME.test(right)) return;
  if (isGuid(left) && isGuid(right) && ids.match(left, right)) return;
  const [before, after] = [left.match(ID_IN_TEXT) ?? [], right.match(ID_IN_TEXT) ?? []];
  const frame = (text: string) => text.replaceAll(ID_IN_TEXT, "<id>");
  const isAlike = frame(left) === frame(right) && before.every((id, index) => matchInText(id, after[index]!, ids));
  if (!isAlike) note(at, left, right);
}

/** Ids in texts are masked nowhere, so that one may stand for an id that is masked in its own field. */
function matchInText(recorded: string, emulated: string, ids: MadeUpIds): boolean {
  return recorded.toLowerCase() === emulated.toLowerCase() || ids.match(recorded, emulated);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
