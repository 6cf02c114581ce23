import { foldEvents } from "../report/run-view.ts";
import { renderStatus, statusJson } from "../report/status.ts";
import { isClusterLocked } from "../state/lock.ts";
import { openRun, type RunDirectory, readEvents } from "../state/state-directory.ts";
import { useColor } from "../ui/terminal.ts";
import { type CommonFlags, connectFor } from "./context.ts";
import { resumeCommand } from "./run-plan.ts";

/** The flags of `status`. */
export interface StatusFlags extends CommonFlags {
  readonly output: "table" | "json";
  readonly watch?: boolean;
}

/** Shows where a run stands, also while it goes on. @returns the exit code */
export async function status(id: string | undefined, flags: StatusFlags): Promise<number> {
  const run = openRun(flags.stateDir, id);
  const clock = await clockOf(run, flags);
  if (flags.watch) return (await import("./watch.ts")).watch(run, clock, flags);
  const view = readView(run, flags.stateDir);
  if (flags.output === "json") process.stdout.write(`${JSON.stringify(statusJson(view))}\n`);
  else {
    process.stdout.write(
      renderStatus(view, {
        now: clock(view.lastEventAt),
        color: useColor(process.stdout, process.env),
        width: process.stdout.columns ?? 100,
        resume: resumeCommand(run, flags),
      }),
    );
  }
  return 0;
}

/** A run as its journals tell it at this moment. */
export function readView(run: RunDirectory, stateDir: string) {
  // The lock first: a run that ends in between has then written its last word.
  const locked = run.plan.clusters.some((cluster) => isClusterLocked(stateDir, cluster.id));
  const events = readEvents(run);
  const folded = foldEvents(run.plan, events);
  // A process that was killed wrote no last word: its lock tells that nobody is at work.
  const state = folded.state === "running" && !locked ? ("paused" as const) : folded.state;
  return { ...folded, run: run.id, state, events };
}

/** Tells the run's own time, given that of its last event. */
export type RunClock = (lastEventAt: string | undefined) => Date;

/** Emulated if the run's emulator can be asked, else the time of its last event. */
async function clockOf(run: RunDirectory, flags: CommonFlags): Promise<RunClock> {
  if (!run.plan.metadata.emulator) return () => new Date();
  const connection = flags.emulator ? await connectFor(flags).catch(() => undefined) : undefined;
  return (lastEventAt) => connection?.clock.now() ?? new Date(lastEventAt ?? run.plan.metadata.createdAt);
}
