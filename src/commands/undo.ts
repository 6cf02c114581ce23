import type { Connection } from "../azure/connection.ts";
import { openJournal } from "../engine/journal.ts";
import { ensureSamePlan, lockBroken } from "../execute/execute-cluster.ts";
import { type Doubtful, type Left, type Made, whatRunMade } from "../execute/made-by-run.ts";
import { ensureNotTooLate, takeBack } from "../execute/take-back.ts";
import { planHash } from "../plan/canonical.ts";
import { resumeCommand } from "../report/run-commands.ts";
import { count } from "../report/words.ts";
import { lockCluster } from "../state/lock.ts";
import { journalFile, openRun, type RunDirectory, readEvents, readEventsOf } from "../state/state-directory.ts";
import { sanitize } from "../text/terminal.ts";
import { obtainApproval, UNDOING } from "./approval.ts";
import { type ApprovalFlags, breakLockOf, type CommonFlags, connectForPlan, ensureSamePlace } from "./context.ts";
import { foldFor } from "./fold-for.ts";
import { planCommand } from "./next-command.ts";

/**
 * Removes what a run created before its switch: role assignments first, then identities. What may be somebody else's stays, and
 * is named.
 * @returns the exit code
 * @throws AksMiError when a cluster of the run has been switched: then nothing of it is removed
 */
export async function undo(
  id: string | undefined,
  flags: CommonFlags & ApprovalFlags & { readonly breakLock?: string; readonly output: "table" | "json" },
): Promise<number> {
  const run = openRun(flags.stateDir, id);
  const { plan } = run;
  ensureSamePlace(plan, flags, "USAGE");
  const hash = planHash(plan);
  ensureSamePlan(hash, readEvents(run));
  let connected: Promise<Connection> | undefined;
  const connect = () => {
    connected ??= connectForPlan(plan, flags, "USAGE");
    return connected;
  };
  const resume = resumeCommand(run, flags);
  for (const [index, cluster] of plan.clusters.entries())
    ensureNotTooLate({ cluster, events: readEventsOf(run, index), resume });
  const perCluster: Left[] = [];
  for (const [index, cluster] of plan.clusters.entries())
    perCluster.push(await whatRunMade(async () => (await connect()).azure(), plan, cluster, readEventsOf(run, index)));
  const made = perCluster.flatMap((left) => left.made);
  const doubtful = perCluster.flatMap((left) => left.doubtful);
  process.stdout.write(
    flags.output === "json" ? asJson(run, made, doubtful) : foldFor(process.stdout, describe(run, made, doubtful)),
  );
  if (made.length === 0) return 0;
  const approval = await obtainApproval(plan, flags, () => {}, UNDOING);
  const connection = await connect();
  const approved = { type: "undo:approved", planHash: hash, ...approval, account: await connection.caller() } as const;
  const breakLock = breakLockOf(flags);
  let removed = 0;
  for (const [index, cluster] of plan.clusters.entries()) {
    const shown = perCluster[index]!.made;
    if (shown.length === 0) continue;
    const lock = lockCluster({ stateDir: flags.stateDir, clusterId: cluster.id, run: run.id, plan: hash, breakLock });
    try {
      const journal = openJournal(journalFile(run, index), {
        run: run.id,
        cluster: cluster.id,
        now: () => connection.clock.now(),
      });
      try {
        // It may have gone on since it was shown.
        connection.lookAfresh();
        const azure = connection.azure({ beforeWrite: () => lock.ensureHeld() });
        const events = [...journal.events];
        ensureNotTooLate({ cluster, events, resume });
        if (lock.broken) journal.append(lockBroken(lock.broken));
        journal.append(approved);
        const emit: Parameters<typeof takeBack>[1]["emit"] = (event) => void journal.append(event);
        removed += (await takeBack(azure, { plan, cluster, shown, events, emit, resume })).length;
      } finally {
        journal.close();
      }
    } finally {
      lock.release();
    }
  }
  const next = planCommand(plan, flags, "plan.yaml");
  process.stderr.write(`Removed ${removed} of ${made.length}.\nNext, for a new start: ${sanitize(next)}\n`);
  return 0;
}

/** What is removed once that is approved, and what is not, as data. */
function asJson(run: RunDirectory, made: readonly Made[], doubtful: readonly Doubtful[]): string {
  const removes = made.map(({ resourceId }) => resourceId);
  const keeps = doubtful.map(({ resourceId, reason }) => ({ resourceId, reason }));
  return `${JSON.stringify({ run: run.id, removes, keeps })}\n`;
}

function describe(run: RunDirectory, made: readonly Made[], doubtful: readonly Doubtful[]): string {
  const things = made.flatMap(({ summary, resourceId }) => [`  - ${summary}`, `    ${resourceId}`]);
  const others = doubtful.flatMap(({ summary, resourceId, reason }) => [
    `  - ${summary}`,
    `    ${resourceId}`,
    `    ${reason}`,
  ]);
  return [
    ...(made.length === 0
      ? [`Run ${run.id} has created nothing that could be removed.`]
      : [`Run ${run.id} made ${count(made.length, "change")}, taken back by removing:`, ...things]),
    ...(others.length === 0
      ? []
      : ["Left alone; remove it yourself if it was made for this run and nothing else uses it:", ...others]),
  ]
    .map((line) => `${sanitize(line)}\n`)
    .join("");
}
