import { renderStatus, statusJson } from "../report/status.ts";
import { openRun } from "../state/state-directory.ts";
import { useColor } from "../text/terminal.ts";
import { clockOf, readView, type StatusFlags } from "./run-status.ts";

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
        width: process.stdout.columns || 100,
        plan: run.plan,
        place: flags,
      }),
    );
  }
  return 0;
}
