import { foldEvents } from "../report/run-view.ts";
import { renderStatus, statusJson } from "../report/status.ts";
import { isClusterLocked } from "../state/lock.ts";
import { openRun, type RunDirectory, readEvents } from "../state/state-directory.ts";
import { useColor } from "../ui/terminal.ts";
import { type CommonFlags, connectFor } from "./context.ts";

/** Shows where a run stands, also while it goes on. @returns the exit code */
export async function status(
  id: string | undefined,
  flags: CommonFlags & { output: "table" | "json" },
): Promise<number> {
  const run = openRun(flags.stateDir, id);
  const folded = foldEvents(run.plan, readEvents(run));
  // A process that was killed wrote no last word: its lock tells that nobody is at work.
  const abandoned =
    folded.state === "running" && !run.plan.clusters.some((cluster) => isClusterLocked(flags.stateDir, cluster.id));
  const view = { ...folded, run: run.id, state: abandoned ? ("paused" as const) : folded.state };
  if (flags.output === "json") process.stdout.write(`${JSON.stringify(statusJson(view))}\n`);
  else {
    const now = await timeOf(run, flags, view.lastEventAt);
    process.stdout.write(
      renderStatus(view, { now, color: useColor(process.stdout, process.env), width: process.stdout.columns ?? 100 }),
    );
  }
  return 0;
}

/** The run's own time: emulated if its emulator can be asked, else the time of its last event. */
async function timeOf(run: RunDirectory, flags: CommonFlags, lastEventAt: string | undefined): Promise<Date> {
  if (!run.plan.metadata.emulator) return new Date();
  const connection = flags.emulator ? await connectFor(flags).catch(() => undefined) : undefined;
  return connection?.clock.now() ?? new Date(lastEventAt ?? run.plan.metadata.createdAt);
}
