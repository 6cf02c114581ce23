import { appendFileSync } from "node:fs";
import { MINUTE_MS } from "../engine/clock.ts";
import type { Event } from "../engine/events.ts";
import type { Place } from "../plan/command-line.ts";
import type { MigrationPlan } from "../plan/schema.ts";
import { foldEvents } from "../report/fold-events.ts";
import { nameOf } from "../report/ids.ts";
import { renderRunMarkdown } from "../report/run-markdown.ts";
import type { RunView } from "../report/run-view.ts";
import { formatLength } from "../report/words.ts";
import { sanitize } from "../text/terminal.ts";
import type { CiDialect, Gravity } from "./ci.ts";
import { detectCi } from "./ci.ts";
import { describeEvent, describePlace } from "./event-text.ts";
import { describeEnd, type Output, type RunObserver, type RunOutcome } from "./observer.ts";

/** How often a line says that the run still waits. Wall time: a CI system that hears nothing gives up in wall time. */
const HEARTBEAT_MS = MINUTE_MS;

/** Calls back again and again; the returned function stops it. */
export type Repeat = (delayMs: number, callback: () => void) => () => void;

/** A timer that doesn't keep the process alive. */
const repeatUnreferenced: Repeat = (delayMs, callback) => {
  const timer = setInterval(callback, delayMs).unref();
  return () => clearInterval(timer);
};

/** What progress as lines needs. */
export interface LinesOptions {
  readonly plan: MigrationPlan;
  readonly planHash: string;
  /** Where the commands of a summary find the run. */
  readonly place: Place;
  /** Standard error. */
  readonly output: Output;
  /** The run's own time; emulated against an emulator. */
  readonly now: () => Date;
  readonly env: Record<string, string | undefined>;
  /** A Markdown report that exists when the run ends, for Azure Pipelines' summary. */
  readonly reportFile?: string | undefined;
  readonly repeat?: Repeat;
  readonly appendFile?: (file: string, text: string) => void;
}

/** Progress without a terminal: one timestamped line per event, a heartbeat while it waits, and the CI system's own commands. */
export function observeAsLines(options: LinesOptions): RunObserver {
  return new LinesObserver(options);
}

class LinesObserver implements RunObserver {
  readonly #options: LinesOptions;
  readonly #ci: CiDialect | undefined;
  readonly #events: Event[] = [];
  readonly #stop: () => void;
  #groupOpen = false;

  constructor(options: LinesOptions) {
    this.#options = options;
    this.#ci = detectCi(options.env);
    this.#stop = (options.repeat ?? repeatUnreferenced)(HEARTBEAT_MS, () => this.#beat());
  }

  event(event: Event): void {
    this.#events.push(event);
    const text = describeEvent(event);
    if (text === undefined) return;
    if (event.type === "step:started") this.#openGroup(text);
    this.#line(new Date(event.at), describePlace(event), text);
    this.#annotate(event, text);
    if (event.type === "step:done" || event.type === "step:failed") this.#closeGroup();
  }

  end(outcome: RunOutcome): void {
    this.#stop();
    this.#closeGroup();
    for (const line of describeEnd(outcome)) this.#write(this.#disarm(line));
    if (outcome.next) this.#write(this.#disarm(`Next: ${sanitize(outcome.next)}`));
    this.#summarize();
  }

  #line(at: Date, place: string, text: string): void {
    const time = `${at.toISOString().slice(0, 19)}Z`;
    this.#write(this.#disarm(`${time} ${place ? `${place}: ` : ""}${text}`));
  }

  #disarm(line: string): string {
    return this.#ci ? this.#ci.disarm(line) : line;
  }

  #write(line: string): void {
    this.#options.output.write(`${line}\n`);
  }

  /** Groups cannot nest: with several clusters side by side their lines would end up in each other's. */
  #openGroup(title: string): void {
    if (!this.#ci || this.#options.plan.clusters.length > 1) return;
    this.#closeGroup();
    this.#write(this.#ci.group(title));
    this.#groupOpen = true;
  }

  #closeGroup(): void {
    if (this.#ci && this.#groupOpen) this.#write(this.#ci.endGroup());
    this.#groupOpen = false;
  }

  #annotate(event: Event, text: string): void {
    const gravity = gravityOf(event);
    const line = gravity && this.#ci?.annotate(gravity, `aks-mi ${describePlace(event)}`.trim(), text);
    if (line) this.#write(line);
  }

  #beat(): void {
    const now = this.#options.now();
    for (const { id, state, steps } of this.#view().clusters) {
      const step = steps.find((other) => other.state === "waiting" || other.state === "running");
      if (!step || state !== "running") continue;
      const left = step.until ? `, ${formatLength(Math.max(0, Date.parse(step.until) - now.getTime()))} left` : "";
      this.#line(
        now,
        sanitize(`${nameOf(id)} ${step.id}`),
        sanitize(`${step.reason ? `still waiting: ${step.reason}` : "still at work"}${left}`),
      );
    }
  }

  #view(): RunView {
    return foldEvents(this.#options.plan, this.#events);
  }

  #summarize(): void {
    const { env, plan, planHash, place, reportFile } = this.#options;
    const file = env["GITHUB_STEP_SUMMARY"];
    if (this.#ci?.name === "github" && file)
      (this.#options.appendFile ?? appendFileSync)(file, renderRunMarkdown(plan, this.#view(), planHash, { place }));
    if (this.#ci?.name === "azure-pipelines" && reportFile)
      this.#write(`##vso[task.uploadsummary]${sanitize(reportFile)}`);
  }
}

/** How grave an event is to someone who only reads annotations; undefined for those that are just progress. */
function gravityOf(event: Event): Gravity | undefined {
  if (event.type === "step:failed") return "error";
  if (event.type === "run:paused") return "notice";
  if (event.type !== "check:found" || event.severity === "info" || event.severity === "low") return undefined;
  return event.severity === "blocker" ? "error" : "warning";
}
