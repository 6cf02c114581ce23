import { foldEvents } from "../report/fold-events.ts";
import { isClusterLocked } from "../state/lock.ts";
import { type RunDirectory, readEvents } from "../state/state-directory.ts";
import { type CommonFlags, connectFor } from "./context.ts";

/** The flags of `status`. */
export interface StatusFlags extends CommonFlags {
  readonly output: "table" | "json";
  readonly watch?: boolean;
}

/** A run as its journals tell it at this moment. */
export function readView(run: RunDirectory, stateDir: string) {
  // The lock first: a run that ends in between has then written its last word.
  const locked = run.plan.clusters.some((cluster) => isClusterLocked(stateDir, cluster.id));
  const events = readEvents(run);
  const folded = foldEvents(run.plan, events);
  if (folded.state !== "running" || locked) return { ...folded, run: run.id, events };
  // A process that was killed wrote no last word: its lock tells that nobody is at work.
  const paused = "paused" as const;
  const clusters = folded.clusters.map((cluster) =>
    cluster.state === "running" ? { ...cluster, state: paused } : cluster,
  );
  return { ...folded, run: run.id, state: paused, clusters, events };
}

/** Tells the run's own time, given that of its last event. */
export type RunClock = (lastEventAt: string | undefined) => Date;

/** The clock of a run: emulated if the run's emulator can be asked, else the time of its last event. */
export async function clockOf(run: RunDirectory, flags: CommonFlags): Promise<RunClock> {
  if (!run.plan.metadata.emulator) return () => new Date();
  const connection = flags.emulator ? await connectFor(flags).catch(() => undefined) : undefined;
  return (lastEventAt) => connection?.clock.now() ?? new Date(lastEventAt ?? run.plan.metadata.createdAt);
}
