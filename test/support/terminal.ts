import { type IPty, spawn } from "@lydell/node-pty";
import xterm from "@xterm/headless";
import { CLI } from "./cli.ts";

/** How long a screen is waited for, in wall time: on a busy machine much is slow. */
const PATIENCE_MS = 60_000;

/** What keys send. */
export const KEYS = { enter: "\r", down: "\u001b[B", up: "\u001b[A", escape: "\u001b", interrupt: "\u0003" };

/** How a terminal is opened. */
export interface TerminalOptions {
  readonly columns: number;
  readonly rows: number;
  readonly cwd: string;
  readonly env?: Record<string, string>;
  /** Called with every screen that comes up. */
  readonly onScreen?: (screen: string) => void;
}

/** A command in a terminal of its own, as its user sees it: what is on the screen, and keys that are pressed. */
export class TerminalSession {
  readonly ended: Promise<number>;
  readonly #pty: IPty;
  readonly #terminal: xterm.Terminal;
  readonly #onScreen: (screen: string) => void;
  readonly #listeners = new Set<() => void>();
  /** Screens since the last one that was waited for. */
  #screens: string[] = [];
  /** Rows that went on in the next one: what the program thought to be a line was longer than the screen. */
  readonly wrapped = new Set<string>();
  /** Everything as it was written, controls included. */
  raw = "";

  constructor(args: readonly string[], { columns, rows, cwd, env, onScreen = () => {} }: TerminalOptions) {
    this.#onScreen = onScreen;
    this.#terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 5000 });
    this.#pty = spawn(process.execPath, [CLI, ...args], {
      cols: columns,
      rows,
      cwd,
      name: "xterm-256color",
      env: { PATH: process.env["PATH"] ?? "", HOME: cwd, TERM: "xterm-256color", ...env },
    });
    this.#pty.onData((data) => {
      this.raw += data;
      this.#terminal.write(data, () => this.#look());
    });
    this.ended = new Promise((done) =>
      this.#pty.onExit(({ exitCode }) => this.#terminal.write("", () => done(exitCode))),
    );
  }

  /** What is on the screen now. */
  get screen(): string {
    const { active } = this.#terminal.buffer;
    return this.#rows(active.baseY, active.baseY + this.#terminal.rows);
  }

  /** What is on the screen and above it. */
  get history(): string {
    return this.#rows(0, this.#terminal.buffer.active.length);
  }

  /** Waits for a screen that shows all of these, and returns it. Screens before it don't count any more. */
  async see(...texts: readonly (string | RegExp)[]): Promise<string> {
    const shows = (screen: string) =>
      texts.every((text) => (typeof text === "string" ? screen.includes(text) : text.test(screen)));
    let isOver = false;
    const giveUp = new Promise<void>((done) => setTimeout(done, PATIENCE_MS).unref());
    const over = Promise.race([this.ended, giveUp]).then(() => {
      isOver = true;
    });
    for (;;) {
      const found = this.#screens.findIndex(shows);
      if (found >= 0) {
        const screen = this.#screens[found]!;
        this.#screens = this.#screens.slice(found);
        return screen;
      }
      if (isOver) throw new Error(`${texts.join(" and ")} never came up; there is:\n${this.history}`);
      await Promise.race([new Promise<void>((done) => this.#listeners.add(done)), over]);
    }
  }

  /** Presses keys, or types a text. What was on the screen before they took effect no longer counts. */
  press(...keys: readonly string[]): void {
    this.#screens = [];
    for (const key of keys) this.#pty.write(key);
  }

  resize(columns: number, rows: number): void {
    this.#screens = [];
    this.#terminal.resize(columns, rows);
    this.#pty.resize(columns, rows);
  }

  /** Closes the terminal, as someone does who closes its window. */
  close(): void {
    this.#pty.kill("SIGHUP");
  }

  #look(): void {
    this.#onScreen(this.screen);
    this.#screens.push(this.screen);
    const { active } = this.#terminal.buffer;
    for (let row = 1; row < active.length; row += 1)
      if (active.getLine(row)!.isWrapped) this.wrapped.add(active.getLine(row - 1)!.translateToString(true));
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  }

  #rows(from: number, to: number): string {
    const lines: string[] = [];
    for (let row = from; row < to; row += 1)
      lines.push(this.#terminal.buffer.active.getLine(row)?.translateToString(true) ?? "");
    return lines.join("\n").trimEnd();
  }
}
