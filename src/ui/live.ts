import { DefaultRenderer, Listr, ListrLogger, Spinner } from "listr2";
import type { Event } from "../engine/events.ts";
import type { MigrationPlan } from "../plan/schema.ts";
import { foldEvents } from "../report/fold-events.ts";
import type { RunView } from "../report/run-view.ts";
import { breakCommand, createPalette, sanitize, sanitizeDeep, wrapText } from "../text/terminal.ts";
import { drawFrame } from "./frame.ts";
import { describeEnd, type Output, REPORT_LABEL, type RunObserver, type RunOutcome } from "./observer.ts";
import { swallowKeys } from "./quiet-keys.ts";
import { Screen } from "./screen.ts";

/** What the live view needs. */
export interface LiveOptions {
  readonly plan: MigrationPlan;
  /** The terminal: standard error. */
  readonly output: Output;
  /** Its keyboard, whose keys would otherwise tear the picture, and go to the shell in the end. */
  readonly input: NodeJS.ReadableStream;
  /** The other stream of the process; what is written to either while the view is up appears below it at the end. */
  readonly other: Output;
  readonly color: boolean;
  /** The run's own time; emulated against an emulator. */
  readonly now: () => Date;
  /** What Ctrl-C does. */
  readonly keys: string;
}

/** The view of a run on a terminal: drawn anew from its events, so a step that starts again is simply drawn as it is. */
export function observeLive(options: LiveOptions): RunObserver {
  return new LiveObserver(options);
}

/**
 * listr2 runs tasks and draws them; here the engine runs, so the whole run is one task that ends with `end`, and
 * listr2's default renderer does what it is good at (one writer on the screen, the cursor, the clock) with our picture.
 */
class LiveObserver implements RunObserver {
  readonly #options: LiveOptions;
  readonly #events: Event[] = [];
  readonly #spinner = new UnreferencedSpinner();
  readonly #screen: Screen;
  readonly #drawn: Promise<unknown>;
  readonly #giveBackKeys: () => void;
  readonly #release = (): void => {
    this.#giveBackKeys();
    this.#screen.release();
  };
  #view: RunView | undefined;
  #outcome: RunOutcome | undefined;
  #finish: () => void = () => {};

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#screen = new Screen(options.output, options.other);
    this.#giveBackKeys = swallowKeys(options.input);
    this.#drawn = this.#run();
    // What was written meanwhile must not be lost when the process ends without `end`.
    process.once("exit", this.#release);
  }

  event(event: Event): void {
    this.#events.push(sanitizeDeep(event));
    this.#view = undefined;
  }

  async end(outcome: RunOutcome): Promise<void> {
    this.#outcome = outcome;
    this.#finish();
    await this.#drawn;
    this.#giveBackKeys();
    process.off("exit", this.#release);
    const { next } = outcome;
    const command = next ? breakCommand(`Next: ${sanitize(next)}`, this.#screen.columns - 1) : [];
    // A path that is broken is none: what is too long for the screen is the terminal's to fold.
    const fold = (line: string) => (line.startsWith(REPORT_LABEL) ? [line] : wrapText(line, this.#screen.columns - 1));
    const lines = describeEnd(outcome).flatMap(fold);
    for (const line of [...lines, ...command]) this.#options.output.write(`${line}\n`);
  }

  #run(): Promise<unknown> {
    const draw = () => this.#draw();
    const screen = this.#screen;
    class FrameRenderer extends DefaultRenderer {
      static override nonTTY = true;
      override create(): string {
        const frame = draw();
        screen.drew(frame);
        return frame;
      }
      override update(): void {
        screen.eraseWrapped();
        super.update();
      }
      override end(): void {
        screen.eraseWrapped();
        super.end();
      }
    }
    const finished = new Promise<void>((resolve) => {
      this.#finish = resolve;
    });
    const logger = new ListrLogger({ useIcons: true, toStderr: [], processOutput: this.#screen });
    return new Listr([{ task: () => finished }], {
      renderer: FrameRenderer,
      rendererOptions: { logger, spinner: this.#spinner },
      // Signals are the command line's: it saves the checkpoint first.
      registerSignalListeners: false,
    }).run();
  }

  #draw(): string {
    const { plan, color, now, keys } = this.#options;
    this.#view ??= foldEvents(sanitizeDeep(plan), this.#events);
    return drawFrame(this.#view, {
      now: now(),
      width: this.#screen.columns,
      height: this.#screen.rows,
      paint: createPalette(color),
      spinner: this.#spinner.fetch(),
      emulated: plan.metadata.emulator,
      final: this.#outcome !== undefined,
      keys,
    });
  }
}

/** A spinner whose timer doesn't keep the process alive: the view must never be the reason that a run does not end. */
class UnreferencedSpinner extends Spinner {
  #timer: NodeJS.Timeout | undefined;

  override start(callback?: () => void, intervalMs = 100): void {
    this.#timer = setInterval(() => {
      this.spin();
      callback?.();
    }, intervalMs).unref();
  }

  override stop(): void {
    clearInterval(this.#timer);
  }

  override isRunning(): boolean {
    return this.#timer !== undefined;
  }
}
