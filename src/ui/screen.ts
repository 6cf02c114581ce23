import { ProcessOutput } from "listr2";
import { visibleLength } from "../text/terminal.ts";
import type { Output } from "./observer.ts";

/** Also for a terminal that says that it has none: one that nobody has given a window. */
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

const ERASE_LINE_AND_GO_UP = "\u001b[2K\u001b[1A";

/** The terminal as listr2 draws on it: unlike listr2's own, it is as large as the terminal is at the moment. */
export class Screen extends ProcessOutput {
  readonly #output: Output;
  #drawn: readonly string[] = [];
  #drawnColumns = 0;

  constructor(output: Output, other: Output) {
    super(output as NodeJS.WriteStream, other as NodeJS.WriteStream);
    this.#output = output;
  }

  get columns(): number {
    return this.#output.columns || DEFAULT_COLUMNS;
  }

  get rows(): number {
    return this.#output.rows || DEFAULT_ROWS;
  }

  override get stdout(): NodeJS.WriteStream {
    const stream = { ...super.stdout };
    Object.defineProperties(stream, {
      columns: { get: () => this.columns },
      rows: { get: () => this.rows },
    });
    return stream as NodeJS.WriteStream;
  }

  /** Remembers what a frame takes on the screen. */
  drew(frame: string): void {
    this.#drawn = frame.split("\n");
    this.#drawnColumns = this.columns;
  }

  /** Erases the lines that the last frame takes more since the terminal became narrower and wrapped it; listr2 erases the others. */
  eraseWrapped(): void {
    if (this.columns >= this.#drawnColumns) return;
    const linesOf = (line: string) => Math.max(1, Math.ceil(visibleLength(line) / this.columns));
    const wrapped = this.#drawn.reduce((sum, line) => sum + linesOf(line) - 1, 0);
    this.toStdout(ERASE_LINE_AND_GO_UP.repeat(wrapped), false);
    this.#drawnColumns = this.columns;
  }
}
