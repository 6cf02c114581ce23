import { realSleep } from "../engine/clock.ts";
import type { Event } from "../engine/events.ts";
import { planHash } from "../plan/canonical.ts";
import { reportCommand, resumeCommand } from "../report/run-commands.ts";
import { statusJson } from "../report/status.ts";
import type { RunDirectory } from "../state/state-directory.ts";
import { isInCi } from "../text/in-ci.ts";
import { useColor } from "../text/terminal.ts";
import { observeAsLines } from "../ui/lines.ts";
import { observeLive } from "../ui/live.ts";
import type { RunObserver, RunOutcome } from "../ui/observer.ts";
import { Interrupted, interruptible } from "./interrupt.ts";
import { type RunClock, readView, type StatusFlags } from "./run-status.ts";

/** How often the journals are read again. */
const POLL_MS = 250;

const KEYS = "Ctrl-C stops watching; the run goes on.";

type View = ReturnType<typeof readView>;

/** Shows a run from its journals until it ends: in a terminal as the run's own view, else as lines or as JSON. @returns the exit code */
export async function watch(run: RunDirectory, clock: RunClock, flags: StatusFlags): Promise<number> {
  let view = readView(run, flags.stateDir);
  const observer = chooseObserver(run, () => clock(view.lastEventAt), flags);
  const shown = new Set<string>();
  let printed = "";
  const show = () => {
    const news = view.events.filter((event) => !shown.has(nameOf(event))).sort((a, b) => a.at.localeCompare(b.at));
    for (const event of news) {
      shown.add(nameOf(event));
      observer.event(event);
    }
    const document = `${JSON.stringify(statusJson(view))}\n`;
    // Where its process dies the run's state changes without an event.
    if (flags.output === "json" && (news.length > 0 || document !== printed)) process.stdout.write(document);
    printed = document;
  };
  try {
    show();
    await interruptible(async (signal) => {
      while (view.state === "running") {
        await realSleep(POLL_MS, signal);
        view = readView(run, flags.stateDir);
        show();
      }
    });
    await observer.end({ exitCode: 0, ...lastWords(view, run, flags) });
    return 0;
  } catch (error) {
    const stopped = error instanceof Interrupted;
    await observer.end({ exitCode: 1, ...(stopped ? { message: "Stopped watching; the run goes on." } : {}) });
    if (!stopped) throw error;
    return error.exitCode;
  }
}

function nameOf({ cluster, seq }: Event): string {
  return `${seq} ${cluster}`;
}

function chooseObserver(run: RunDirectory, now: () => Date, flags: StatusFlags): RunObserver {
  if (flags.output === "json") return { event: () => {}, end: () => {} };
  const { stdin, stdout, stderr, env } = process;
  const color = useColor(stdout, env);
  if (stdout.isTTY && !isInCi(env))
    return observeLive({ plan: run.plan, input: stdin, output: stdout, other: stderr, color, now, keys: KEYS });
  // The job summary is the run's own to write.
  const quiet = { ...env, GITHUB_STEP_SUMMARY: undefined };
  return observeAsLines({
    plan: run.plan,
    planHash: planHash(run.plan),
    place: flags,
    output: stdout,
    now,
    env: quiet,
  });
}

function lastWords(view: View, run: RunDirectory, flags: StatusFlags): Omit<RunOutcome, "exitCode"> {
  if (view.state === "done") return { message: "The run is done.", next: reportCommand(run, flags) };
  const next = resumeCommand(run, flags);
  const failure = view.clusters.find((cluster) => cluster.failure)?.failure;
  if (failure) return { message: `The run has failed: ${failure.message}`, remedy: failure.remedy, next };
  return { message: "The run is paused: no process is at work on it.", next };
}
