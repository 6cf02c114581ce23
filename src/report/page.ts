import type { Palette } from "../text/terminal.ts";
import { breakCommand, padColumns, truncate, visibleLength, wrapText } from "../text/terminal.ts";
import { parseId, shortId } from "./ids.ts";

/** Wider lines are hard to read. */
const MAX_COLUMNS = 110;
const LABEL_COLUMNS = 11;

/** A page of terminal text: everything is wrapped to its width, and ids are named short with the full ones at the end. */
export class Page {
  readonly paint: Palette;
  readonly width: number;
  readonly #lines: string[] = [];
  readonly #ids: string[] = [];

  constructor(paint: Palette, width: number) {
    this.paint = paint;
    this.width = Math.max(40, Math.min(width, MAX_COLUMNS));
  }

  /** The page as it is printed, with a line break at the end. */
  text(): string {
    return `${this.#lines.map((line) => line.trimEnd()).join("\n")}\n`;
  }

  line(text: string): void {
    this.#lines.push(text);
  }

  /** One empty line, never two. */
  blank(): void {
    if (this.#lines.length > 0 && this.#lines.at(-1) !== "") this.#lines.push("");
  }

  title(text: string, note: string): void {
    const gap = Math.max(1, this.width - visibleLength(text) - visibleLength(note));
    this.line(`${this.paint.bold(text)}${" ".repeat(gap)}${this.paint.yellow(note)}`);
    this.line(this.paint.dim("─".repeat(this.width)));
  }

  heading(text: string): void {
    this.blank();
    this.line(this.paint.bold(text));
  }

  /** A rule across the page with words in it, in the colour of danger. */
  banner(text: string): void {
    const rest = Math.max(4, this.width - visibleLength(text) - 2);
    const left = Math.floor(rest / 2);
    this.line(this.paint.bold(this.paint.red(`${"━".repeat(left)} ${text} ${"━".repeat(rest - left)}`)));
  }

  field(label: string, value: string): void {
    const [first = "", ...more] = wrapText(value, this.width - LABEL_COLUMNS);
    this.line(`${this.paint.dim(padColumns(label, LABEL_COLUMNS))}${first}`);
    for (const line of more) this.line(`${" ".repeat(LABEL_COLUMNS)}${line}`);
  }

  /** Wrapped text, indented. */
  wrapped(text: string, indent: number, style: (text: string) => string = (plain) => plain): void {
    for (const line of wrapText(text, this.width - indent)) this.line(" ".repeat(indent) + style(line));
  }

  /** Wrapped text behind a mark, further lines below its beginning. */
  bullet(mark: string, text: string, indent = 2): void {
    const inner = indent + visibleLength(mark) + 1;
    const [first = "", ...more] = wrapText(text, this.width - inner);
    this.line(`${" ".repeat(indent)}${mark} ${first}`);
    for (const line of more) this.line(" ".repeat(inner) + line);
  }

  /** Two texts at the ends of a line, or the right one below where both don't fit. */
  spread(left: string, right: string): void {
    const gap = this.width - visibleLength(left) - visibleLength(right);
    if (gap >= 2) this.line(`${left}${" ".repeat(gap)}${right}`);
    else for (const line of [left, " ".repeat(Math.max(0, this.width - visibleLength(right))) + right]) this.line(line);
  }

  /** The short name of an id, with the number under which `legend` has it in full. */
  name(id: string, home: string): string {
    const known = this.#ids.findIndex((other) => other.toLowerCase() === id.toLowerCase());
    const number = known < 0 ? this.#ids.push(id) : known + 1;
    return `${shortId(id, parseId(home).subscription)} [${number}]`;
  }

  /** The ids that were named, in full. */
  legend(): void {
    if (this.#ids.length === 0) return;
    this.heading("Ids in full");
    for (const [index, id] of this.#ids.entries()) this.bullet(this.paint.dim(`[${index + 1}]`), id);
  }

  /** Rows under a header, the first column cut where a row is longer than the page. */
  table(header: readonly string[], rows: readonly (readonly string[])[]): void {
    const widths = header.map((_, column) =>
      Math.max(...[header, ...rows].map((row) => visibleLength(row[column] ?? ""))),
    );
    const rest = widths.slice(1).reduce((sum, width) => sum + width + 2, 0);
    const [first = 0, ...others] = widths;
    const kept = [Math.max(12, Math.min(first, this.width - rest)), ...others];
    for (const [index, row] of [header, ...rows].entries()) {
      const cells = row.map((cell, column) => padColumns(truncate(cell, kept[column]!), kept[column]!));
      this.line(index === 0 ? this.paint.dim(cells.join("  ")) : cells.join("  "));
    }
  }

  /** A command to copy: never wrapped in a way that a shell would not understand. */
  command(text: string): void {
    let indent = "  ";
    for (const line of breakCommand(text, this.width - indent.length)) {
      this.line(indent + this.paint.cyan(line));
      // A space before the rest of a broken word would make two words of it.
      indent = /[^ ]\\$/.test(line) ? "" : "  ";
    }
  }
}
