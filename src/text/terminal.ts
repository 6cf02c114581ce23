import { stripVTControlCharacters } from "node:util";
import picocolors from "picocolors";
import { redact } from "../engine/secrets.ts";

/** Colour functions; with colour off each returns its text unchanged. */
export type Palette = ReturnType<typeof picocolors.createColors>;

/** The colours for an output that shows them, or none. */
export function createPalette(color: boolean): Palette {
  return picocolors.createColors(color);
}

/** Controls, invisible format characters (bidirectional overrides among them), halves of characters and line separators. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const LINE_BREAKS = /[\r\n\t\u2028\u2029]+/g;

/**
 * One printable line of a text that came from Azure or from a file: it can neither move the cursor nor hide what it says,
 * and tells no secret.
 */
export function sanitize(text: string): string {
  return redact(stripVTControlCharacters(text.replace(LINE_BREAKS, " ")).replace(UNPRINTABLE, ""));
}

/** A copy of plain data with every string in it, keys included, made printable. */
export function sanitizeDeep<T>(value: T): T {
  if (typeof value === "string") return sanitize(value) as T;
  if (Array.isArray(value)) return value.map(sanitizeDeep) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [sanitize(key), sanitizeDeep(item)])) as T;
}

/** True when the stream should get colours: `NO_COLOR` forbids them, `FORCE_COLOR` wants them, else a terminal gets them. */
export function useColor(
  stream: { readonly isTTY?: boolean | undefined },
  env: Record<string, string | undefined>,
): boolean {
  if (env["NO_COLOR"]) return false;
  const force = env["FORCE_COLOR"];
  if (force !== undefined) return force !== "0" && force !== "false";
  return stream.isTTY === true && env["TERM"] !== "dumb";
}

/** How many columns a text takes; colours take none. */
export function visibleLength(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}

/** Pads with spaces on the right up to a number of columns. */
export function padColumns(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - visibleLength(text)));
}

const ESCAPE = "\u001b";
const COLOR_CODE = new RegExp(`(${ESCAPE}\\[[0-9;]*m)`, "u");

/** Cuts a text to a number of columns, with an ellipsis where something is missing; colours end where they would have. */
export function truncate(text: string, columns: number): string {
  if (visibleLength(text) <= columns) return text;
  let left = Math.max(0, columns - 1);
  let result = "";
  for (const part of text.split(COLOR_CODE)) {
    const characters = COLOR_CODE.test(part) ? undefined : [...part];
    if (characters && left > 0 && characters.length >= left) result += `${characters.slice(0, left).join("")}…`;
    else if (!characters || left > 0) result += part;
    left -= characters ? Math.min(left, characters.length) : 0;
  }
  return result;
}

/** Breaks a text without colours into lines; a word longer than a line is broken after a slash, else anywhere. */
export function wrapText(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").flatMap((part) => breakWord(part, Math.max(8, columns)))) {
    if (line === "") line = word.text;
    else if (visibleLength(line) + visibleLength(word.text) + (word.glued ? 0 : 1) <= columns)
      line += (word.glued ? "" : " ") + word.text;
    else {
      lines.push(line);
      line = word.text;
    }
  }
  return line === "" ? lines : [...lines, line];
}

/**
 * A line, broken where it is longer than the terminal; what follows is indented a little more than its beginning. One that is
 * a single word, as an id or a link is, stays whole: broken, it could not be copied.
 */
export function wrapIndented(line: string, columns: number): string[] {
  const text = line.trimStart();
  if (visibleLength(line) <= columns || !text.includes(" ")) return [line];
  const indent = line.length - text.length;
  const [first = "", ...rest] = wrapText(text, columns - indent - 2);
  return [" ".repeat(indent) + first, ...rest.map((part) => " ".repeat(indent + 2) + part)];
}

function breakWord(word: string, columns: number): { text: string; glued: boolean }[] {
  const pieces: { text: string; glued: boolean }[] = [];
  let rest = word;
  while (rest.length > columns) {
    const slash = rest.lastIndexOf("/", columns - 1);
    const end = slash > 0 ? slash + 1 : columns;
    pieces.push({ text: rest.slice(0, end), glued: pieces.length > 0 });
    rest = rest.slice(end);
  }
  return [...pieces, { text: rest, glued: pieces.length > 0 }];
}

/**
 * A command for a shell, broken before its flags and in its long ids where it is longer than a line. It can be copied as
 * it stands: a shell joins what a backslash at the end of a line parts, as long as the next line is not indented.
 */
export function breakCommand(command: string, columns: number): string[] {
  // Within quotes a backslash at the end of a line would become part of the word.
  if (command.length <= columns || /['"]/.test(command)) return [command];
  const parts = command.split(/ (?=--)/).map((part, index) => `${index > 0 ? "  " : ""}${part}`);
  return parts.flatMap((part, index) => breakPart(index < parts.length - 1 ? `${part} \\` : part, columns));
}

function breakPart(part: string, columns: number): string[] {
  const lines: string[] = [];
  let rest = part;
  while (rest.length > columns) {
    const slash = rest.lastIndexOf("/", columns - 2);
    const end = slash > 0 ? slash + 1 : columns - 1;
    lines.push(`${rest.slice(0, end)}\\`);
    rest = rest.slice(end);
  }
  return [...lines, rest];
}
