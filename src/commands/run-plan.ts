import { join, relative } from "node:path";
import type { Connection } from "../azure/connection.ts";
import { formatInstant, parseDuration } from "../engine/clock.ts";
import { AksMiError, isAksMiError } from "../engine/errors.ts";
import type { Event } from "../engine/events.ts";
import { STEP_IDS, type StepId } from "../engine/step.ts";
import { type ClusterResult, execute, soleError } from "../execute/execute.ts";
import type { Approval } from "../execute/execute-cluster.ts";
import { EXIT, exitCodeOf } from "../exit-codes.ts";
import { planHash } from "../plan/canonical.ts";
import type { Place } from "../plan/command-line.ts";
import type { MigrationPlan } from "../plan/schema.ts";
import { foldEvents } from "../report/fold-events.ts";
import { resumeCommand, verifyCommand } from "../report/run-commands.ts";
import { renderRunMarkdown } from "../report/run-markdown.ts";
import { statusJson } from "../report/status.ts";
import { createRun, discardUnlessBegun, type RunDirectory, writeReport } from "../state/state-directory.ts";
import { useColor } from "../text/terminal.ts";
import { observeAsJsonl } from "../ui/jsonl.ts";
import { observeAsLines } from "../ui/lines.ts";
import { observeLive } from "../ui/live.ts";
import type { RunObserver, RunOutcome } from "../ui/observer.ts";
import { VERSION } from "../version.ts";
import { breakLockOf, mayPrompt } from "./context.ts";
import { Interrupted, interruptible } from "./interrupt.ts";

/** How a run is to be shown and bounded. */
export interface RunFlags extends Place {
  readonly prompt: boolean;
  readonly until?: string;
  /** When the time box of `--max-duration` closes. */
  readonly pauseAt?: Date | undefined;
  readonly breakLock?: string;
  readonly output: "table" | "json" | "jsonl";
}

/** Runs a plan in a new directory, which is left behind only when the run began: someone may hold its clusters. */
export async function runNewPlan(
  connection: Connection,
  plan: MigrationPlan,
  approval: Approval,
  flags: RunFlags,
): Promise<number> {
  const run = createRun(flags.stateDir, plan, connection.clock.now());
  try {
    return await runPlan(connection, run, approval, flags);
  } finally {
    discardUnlessBegun(run);
  }
}

/** Runs a plan in its directory, shows it, writes its reports, and says how it ended. @returns the exit code */
export async function runPlan(
  connection: Connection,
  run: RunDirectory,
  approval: Approval,
  flags: RunFlags,
): Promise<number> {
  const signed = approval.givenAt ? approval : { ...approval, account: await connection.caller() };
  // An emulator in this process ends with it: no later command can reach what the run did.
  const isEmbedded = connection.emulator && flags.emulator === undefined;
  const keys = isEmbedded
    ? "Ctrl-C stops; the emulated Azure ends with it."
    : "Ctrl-C saves and stops, and says how to go on.";
  const observer = chooseObserver(run, flags, keys, () => connection.clock.now());
  const events: Event[] = [];
  const onEvent = (event: Event) => {
    events.push(event);
    observer.event(event);
  };
  const ending = await workOn(connection, run, signed, flags, events, onEvent).catch(async (error: unknown) => {
    await observer.end({ exitCode: exitCodeOf(error) });
    throw error;
  });
  const outcome = await reportOn(run, events, flags, ending);
  await observer.end({ ...outcome, ...(isEmbedded ? { next: undefined } : {}) });
  if (flags.output === "json") {
    const view = foldEvents(run.plan, events);
    // This process was at work on it, and is no more.
    const state = view.state === "running" ? (ending.isStopped ? "paused" : "failed") : view.state;
    process.stdout.write(`${JSON.stringify(statusJson({ ...view, state }))}\n`);
  }
  return outcome.exitCode;
}

/** How this process's work on a run ended. */
interface Ending {
  readonly outcome: RunOutcome;
  /** Another run has taken over a cluster of it. */
  readonly isTakenOver: boolean;
  /** A signal has stopped it. */
  readonly isStopped: boolean;
}

/** Runs a plan's clusters until they end or a signal stops them. @param events those that `onEvent` was given so far */
async function workOn(
  connection: Connection,
  run: RunDirectory,
  approval: Approval,
  flags: RunFlags,
  events: readonly Event[],
  onEvent: (event: Event) => void,
): Promise<Ending> {
  try {
    const results = await interruptible((signal) =>
      execute({
        connection,
        stateDir: flags.stateDir,
        run,
        tool: VERSION,
        signal,
        onEvent,
        approval,
        until: checkedStep(flags.until),
        pauseAt: flags.pauseAt,
        breakLock: breakLockOf(flags),
      }),
    );
    const isTakenOver = results.some((result) => hasLostItsLock(result, events));
    return { outcome: conclude(run, results, flags, events), isTakenOver, isStopped: false };
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    const message = `Stopped by ${error.signal}; the checkpoint is saved.`;
    const outcome = { exitCode: error.exitCode, message, next: resumeCommand(run, flags) };
    return { outcome, isTakenOver: false, isStopped: true };
  }
}

/** Writes the reports of a run that this process had a part in. @returns how it ended, with the report or why there is none */
async function reportOn(
  run: RunDirectory,
  events: readonly Event[],
  flags: RunFlags,
  { outcome, isTakenOver }: Ending,
): Promise<RunOutcome> {
  // Without an event this process had no part in the run, and without its lock no more: its report is someone else's.
  if (events.length === 0 || isTakenOver) return outcome;
  try {
    return { ...outcome, report: await writeReports(run, events, flags) };
  } catch (error) {
    if (!isAksMiError(error, "STATE_UNWRITABLE")) throw error;
    // The run has ended as it has: the journal tells all that a report would.
    return { ...outcome, message: `${outcome.message ?? ""} Its report is missing: ${error.message}`.trimStart() };
  }
}

function chooseObserver(run: RunDirectory, flags: RunFlags, keys: string, now: () => Date): RunObserver {
  if (flags.output === "jsonl") return observeAsJsonl({ output: process.stdout, messages: process.stderr });
  const common = { plan: run.plan, output: process.stderr, now, color: useColor(process.stderr, process.env) };
  if (mayPrompt(flags)) return observeLive({ ...common, input: process.stdin, other: process.stdout, keys });
  return observeAsLines({
    ...common,
    planHash: planHash(run.plan),
    place: flags,
    env: process.env,
    reportFile: join(run.path, "report.md"),
  });
}

/** When a time box that opens now is closed again. */
export function timeBoxEnd(
  { clock }: Connection,
  { maxDuration }: { readonly maxDuration?: string },
): Date | undefined {
  return maxDuration ? new Date(clock.now().getTime() + parseDuration(maxDuration)!) : undefined;
}

/** The step that --until names. @throws AksMiError `USAGE` when there is none of that name */
export function checkedStep(text: string | undefined): StepId | undefined {
  if (text === undefined) return undefined;
  const step = STEP_IDS.find((id) => id === text);
  if (step) return step;
  throw new AksMiError(
    "USAGE",
    `--until names "${text}", which is not a step.`,
    `The steps are ${STEP_IDS.join(", ")}.`,
  );
}

/** What all clusters came to, in one sentence and one exit code. */
function conclude(
  run: RunDirectory,
  results: readonly ClusterResult[],
  flags: RunFlags,
  events: readonly Event[],
): RunOutcome {
  const kinds = new Set(results.map(({ outcome }) => outcome.kind));
  if (kinds.size === 1 && kinds.has("done")) {
    return {
      exitCode: 0,
      message: "The migration is complete.",
      next: verifyCommand(run.plan, flags),
    };
  }
  const paused = results.find(({ outcome }) => outcome.kind === "paused")?.outcome;
  if (kinds.size === 1 && paused?.kind === "paused") {
    const when = paused.retryAt ? ` Resume it at ${formatInstant(paused.retryAt)} or later.` : "";
    return { exitCode: EXIT.paused, message: `Paused: ${paused.reason}${when}`, next: resumeCommand(run, flags) };
  }
  const error = soleError(results);
  if (error !== undefined) return failure(error, run, flags, events);
  const ended = results.map(({ clusterId, outcome }) => `${clusterId.split("/").at(-1)} ${outcome.kind}`).join(", ");
  return { exitCode: EXIT.mixed, message: `Not all clusters ended alike: ${ended}.`, next: resumeCommand(run, flags) };
}

/** True when another run took a cluster over while this one was at work on it. */
function hasLostItsLock({ clusterId, outcome }: ClusterResult, events: readonly Event[]): boolean {
  return (
    outcome.kind === "failed" &&
    isAksMiError(outcome.error, "LOCKED") &&
    events.some(({ cluster }) => cluster === clusterId)
  );
}

function failure(error: unknown, run: RunDirectory, flags: RunFlags, events: readonly Event[]): RunOutcome {
  if (!(error instanceof AksMiError)) throw error;
  const written = events.some((event) => event.type === "change:applied");
  const exitCode =
    written && (error.code === "AZURE_REFUSED" || error.code === "NOT_SIGNED_IN") ? 1 : exitCodeOf(error);
  // What does not begin leaves no run, and a plan that no longer fits is not resumed.
  const mayGoOn = events.length > 0 && error.code !== "PLAN_STALE" && error.code !== "PLAN_CHANGED";
  return {
    exitCode,
    message: error.message,
    remedy: error.remedy,
    ...(mayGoOn ? { next: resumeCommand(run, flags) } : {}),
  };
}

/** @returns the report for a browser, from where the command runs */
async function writeReports(run: RunDirectory, events: readonly Event[], place: Place): Promise<string> {
  const view = foldEvents(run.plan, events);
  const hash = planHash(run.plan);
  writeReport(run, "report.md", renderRunMarkdown(run.plan, view, hash, { place }));
  const { renderRunHtml } = await import("../report/run-html.ts");
  writeReport(run, "report.html", renderRunHtml(run.plan, view, hash, { place }));
  const file = join(run.path, "report.html");
  const fromHere = relative("", file);
  return fromHere.startsWith("..") ? file : fromHere;
}
