import type { Azure } from "../azure/azure.ts";
import { isOnManagedIdentity } from "../azure/managed-cluster.ts";
import { AksMiError } from "../engine/errors.ts";
import { type Journal, openJournal } from "../engine/journal.ts";
import { ensureSamePlan, lockBroken } from "../execute/execute-cluster.ts";
import { resolveTarget } from "../migration/migration.ts";
import { planHash } from "../plan/canonical.ts";
import type { Place } from "../plan/command-line.ts";
import { resumeCommand } from "../report/run-commands.ts";
import { count } from "../report/words.ts";
import { lockCluster } from "../state/lock.ts";
import { journalFile, openRun, type RunDirectory, readEvents, readEventsOf } from "../state/state-directory.ts";
import { sanitize } from "../text/terminal.ts";
import { obtainApproval, UNDOING } from "./approval.ts";
import { type ApprovalFlags, breakLockOf, type CommonFlags, connectForPlan, ensureSamePlace } from "./context.ts";
import { planCommand } from "./next-command.ts";

/** Something that a run made, and that may be removed again. */
interface Made {
  readonly key: string;
  readonly resourceId: string;
}

/** With what was done to make it, in words. */
interface Taken extends Made {
  readonly summary: string;
}

/**
 * Removes what a run created before its switch: role assignments first, then identities.
 * @returns the exit code
 * @throws AksMiError when a cluster of the run has been switched: then nothing of it is removed
 */
export async function undo(
  id: string | undefined,
  flags: CommonFlags & ApprovalFlags & { readonly breakLock?: string; readonly output: "table" | "json" },
): Promise<number> {
  const run = openRun(flags.stateDir, id);
  ensureSamePlace(run.plan, flags, "USAGE");
  const plan = planHash(run.plan);
  ensureSamePlan(plan, readEvents(run));
  const perCluster = run.plan.clusters.map((_, index) => whatWasMade(run, index, flags));
  const all = perCluster.flat();
  if (flags.output === "json")
    process.stdout.write(`${JSON.stringify({ run: run.id, removes: all.map(({ resourceId }) => resourceId) })}\n`);
  else process.stdout.write(describe(run, all));
  if (all.length === 0) return 0;
  const approval = await obtainApproval(run.plan, flags, () => {}, UNDOING);
  const connection = await connectForPlan(run.plan, flags, "USAGE");
  const approved = { type: "undo:approved", planHash: plan, ...approval, account: await connection.caller() } as const;
  const breakLock = breakLockOf(flags);
  for (const [index, cluster] of run.plan.clusters.entries()) {
    if (perCluster[index]!.length === 0) continue;
    const lock = lockCluster({ stateDir: flags.stateDir, clusterId: cluster.id, run: run.id, plan, breakLock });
    try {
      // It may have gone on since it was shown.
      whatWasMade(run, index, flags);
      const azure = connection.azure({ beforeWrite: () => lock.ensureHeld() });
      const live = await azure.clusters.get(cluster.id);
      if (live && isOnManagedIdentity(live)) throw tooLate(run, cluster.id, flags);
      const journal = openJournal(journalFile(run, index), {
        run: run.id,
        cluster: cluster.id,
        now: () => connection.clock.now(),
      });
      try {
        if (lock.broken) journal.append(lockBroken(lock.broken));
        journal.append(approved);
        await remove(azure, perCluster[index]!, journal);
      } finally {
        journal.close();
      }
    } finally {
      lock.release();
    }
  }
  const next = planCommand(run.plan, flags, "plan.yaml");
  process.stderr.write(`Removed ${all.length} of ${all.length}.\nNext, for a new start: ${sanitize(next)}\n`);
  return 0;
}

async function remove(azure: Azure, made: readonly Made[], journal: Journal): Promise<void> {
  for (const { key, resourceId } of made) {
    if (key.startsWith("role:")) await azure.roles.remove(resourceId);
    else await azure.identities.remove(resourceId);
    journal.append({ type: "change:undone", key, resourceId });
  }
}

/** What the journal says the run itself created: nothing that was there before, and nothing after the switch began. */
function whatWasMade(run: RunDirectory, index: number, place: Place): Taken[] {
  const cluster = run.plan.clusters[index]!;
  const events = readEventsOf(run, index);
  if (events.some((event) => event.type === "change:started" && event.key.startsWith("switch:")))
    throw tooLate(run, cluster.id, place);
  const made = new Map<string, Made>();
  for (const event of events) {
    if (event.type === "change:started" && event.key.startsWith("identity:")) {
      // Begun, and then perhaps killed: it was not there before, so what is there now is the run's own.
      const target = resolveTarget(cluster.id, cluster.target);
      const identity = event.key === "identity:kubelet" ? target.kubelet : target.controlPlane;
      if (identity) made.set(event.key, { key: event.key, resourceId: identity.id });
    } else if (event.type === "change:bound" && event.adopted) made.delete(event.key);
    else if (event.type === "change:bound") made.set(event.key, { key: event.key, resourceId: event.resourceId });
    else if (event.type === "change:undone") made.delete(event.key);
  }
  const changes = cluster.steps.flatMap((step) => step.changes);
  return [...made.values()]
    .sort((a, b) => Number(b.key.startsWith("role:")) - Number(a.key.startsWith("role:")))
    .map((one) => ({ ...one, summary: changes.find(({ key }) => key === one.key)?.summary ?? one.key }));
}

function describe(run: RunDirectory, made: readonly Taken[]): string {
  if (made.length === 0) return `Run ${run.id} has created nothing that could be removed.\n`;
  const things = made.flatMap(({ summary, resourceId }) => [`  - ${summary}`, `    ${resourceId}`]);
  return [`Run ${run.id} made ${count(made.length, "change")}, taken back by removing:`, ...things]
    .map((line) => `${sanitize(line)}\n`)
    .join("");
}

function tooLate(run: RunDirectory, clusterId: string, place: Place): AksMiError {
  return new AksMiError(
    "BLOCKED",
    `The switch of ${clusterId.split("/").at(-1)} has begun, and there is no way back from managed identity.`,
    `Go on with \`${resumeCommand(run, place)}\`.`,
  );
}
