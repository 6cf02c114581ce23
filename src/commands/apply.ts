import pMap from "p-map";
import type { Connection } from "../azure/connection.ts";
import { isOnManagedIdentity } from "../azure/managed-cluster.ts";
import { formatDuration, MINUTE_MS } from "../engine/clock.ts";
import { AksMiError, TimeBoxOver } from "../engine/errors.ts";
import { History } from "../engine/history.ts";
import { MemoryOperationStore } from "../engine/operations.ts";
import { isAllDone } from "../execute/execute.ts";
import { stepsOf } from "../execute/execute-cluster.ts";
import { ensureNotStale } from "../execute/staleness-check.ts";
import { EXIT } from "../exit-codes.ts";
import { planHash } from "../plan/canonical.ts";
import { CLUSTERS_AT_ONCE } from "../plan/pace.ts";
import { readPlanFile } from "../plan/plan-file.ts";
import type { MigrationPlan } from "../plan/schema.ts";
import { planSteps } from "../planning/plan-steps.ts";
import { foldEvents } from "../report/fold-events.ts";
import { renderPlan } from "../report/plan-report.ts";
import { verifyCommand } from "../report/run-commands.ts";
import { allDone, statusJson } from "../report/status.ts";
import { findRunOfPlan, readEvents } from "../state/state-directory.ts";
import { sanitize, useColor } from "../text/terminal.ts";
import { VERSION_LINE } from "../ui/jsonl.ts";
import { obtainApproval } from "./approval.ts";
import { type ApprovalFlags, type CommonFlags, connectForPlan, ensureSamePlace, parseTime } from "./context.ts";
import { nextCommandFor } from "./next-command.ts";
import { checkedStep, type RunFlags, runNewPlan, runPlan, timeBoxEnd } from "./run-plan.ts";

/** The flags of `apply`. */
export interface ApplyFlags extends CommonFlags, ApprovalFlags, RunFlags {
  readonly plan: string;
  readonly dryRun?: boolean;
  readonly notBefore?: string;
  readonly maxDuration?: string;
}

/** Runs a plan file. @returns the exit code */
export async function apply(flags: ApplyFlags): Promise<number> {
  const plan = readPlanFile(flags.plan);
  checkedStep(flags.until);
  const notBefore = parseTime("--not-before", flags.notBefore);
  ensureSamePlace(plan, flags, "PLAN_STALE");
  ensureNotBlocked(plan);
  if (flags.dryRun) return dryRun(plan, flags);
  const approval = await obtainApproval(plan, flags, () => process.stderr.write(report(plan, flags, process.stderr)));
  const connection = await connectForPlan(plan, flags, "PLAN_STALE");
  const pauseAt = timeBoxEnd(connection, flags);
  try {
    if (await nothingToDo(connection, plan, { ...flags, pauseAt })) return endWithoutRun(plan, flags);
  } catch (error) {
    if (error instanceof TimeBoxOver) return endWithoutRun(plan, flags, error.message);
    throw error;
  }
  if (notBefore && pauseAt && notBefore > pauseAt)
    return endWithoutRun(plan, flags, `The time box is over before ${notBefore.toISOString()}.`);
  if (notBefore) await waitUntil(connection, notBefore);
  // A plan is applied once: a run of this very plan is continued.
  const earlier = findRunOfPlan(flags.stateDir, plan);
  const runFlags = { ...flags, output: flags.output ?? "table", pauseAt };
  return earlier ? runPlan(connection, earlier, approval, runFlags) : runNewPlan(connection, plan, approval, runFlags);
}

/**
 * A plan with a blocker is never applied: what blocked it may be over, but that is for a new plan to find.
 * @throws AksMiError `BLOCKED`
 */
export function ensureNotBlocked(plan: MigrationPlan): void {
  const cluster = plan.clusters.find((candidate) => candidate.blocked);
  if (!cluster) return;
  const finding = cluster.findings.find((candidate) => candidate.severity === "blocker");
  throw new AksMiError(
    "BLOCKED",
    `The plan for ${cluster.id.split("/").at(-1)} is blocked by ${finding?.check ?? "a check"}: ${finding?.seen ?? "see its findings"}.`,
    `${finding?.remedy ?? "Put it right."} Then make a new plan.`,
  );
}

/**
 * Ends a command that has nothing to run, or no time for it: on stdout stands what stands there at the end of a run.
 * @param paused why it does not go on now; absent: there is nothing to do
 * @returns the exit code
 */
function endWithoutRun(plan: MigrationPlan, flags: ApplyFlags, paused?: string): number {
  const { output, stateDir } = flags;
  const message = paused
    ? `Paused: ${paused} Next: the same command.`
    : "There is nothing to do: Azure already shows everything that the plan wants.";
  const next = paused ? "" : `Next: ${sanitize(verifyCommand(plan, flags))}\n`;
  process.stderr.write(`${message}\n${next}`);
  if (output === "jsonl") process.stdout.write(VERSION_LINE);
  if (output === "json") {
    const earlier = findRunOfPlan(stateDir, plan);
    const status = statusJson(foldEvents(plan, earlier ? readEvents(earlier) : []));
    process.stdout.write(`${JSON.stringify(paused ? { ...status, state: "paused" } : allDone(status))}\n`);
  }
  return paused ? EXIT.paused : 0;
}

async function nothingToDo(
  connection: Connection,
  plan: MigrationPlan,
  { stateDir, pauseAt }: Pick<RunFlags, "stateDir" | "pauseAt">,
): Promise<boolean> {
  const azure = connection.azure({ pauseAt });
  const hasProgress = async (cluster: MigrationPlan["clusters"][number]) => {
    const live = await azure.clusters.get(cluster.id);
    // A cluster that is still on its service principal has everything before it; the run looks whether the plan is stale.
    return !!live && isOnManagedIdentity(live) && (await ensureNotStale(azure, cluster, live)).length > 0;
  };
  const progress = await pMap(plan.clusters, hasProgress, { concurrency: CLUSTERS_AT_ONCE });
  const earlier = findRunOfPlan(stateDir, plan);
  const isBegun = progress.includes(true) || plan.clusters.every(({ path }) => path === "none");
  return isBegun && isAllDone(azure, plan, earlier ? readEvents(earlier) : [], connection.clock.now());
}

async function dryRun(plan: MigrationPlan, flags: ApplyFlags): Promise<number> {
  if (flags.output === "jsonl")
    throw new AksMiError("USAGE", "A dry run has no events to print.", "Have it printed with -o json, or as a table.");
  const connection = await connectForPlan(plan, flags, "PLAN_STALE");
  const azure = connection.azure();
  const clusters: MigrationPlan["clusters"] = [];
  for (const cluster of plan.clusters) {
    const live = await azure.clusters.get(cluster.id);
    if (live) await ensureNotStale(azure, cluster, live);
    const steps = stepsOf(plan, cluster, new History(), new MemoryOperationStore(), azure);
    clusters.push({ ...cluster, steps: await planSteps(steps, connection.clock.now()) });
  }
  const now = { ...plan, clusters };
  process.stdout.write(
    flags.output === "json"
      ? `${JSON.stringify(now, undefined, 2)}\n`
      : report(now, flags, process.stdout, planHash(plan)),
  );
  return 0;
}

function report(plan: MigrationPlan, flags: ApplyFlags, stream: NodeJS.WriteStream, hash = planHash(plan)): string {
  return renderPlan(plan, {
    color: useColor(stream, process.env),
    width: stream.columns || 100,
    hash,
    planFile: flags.plan,
    nextCommand: nextCommandFor(plan, hash, flags.plan, flags),
  });
}

async function waitUntil({ clock }: Connection, time: Date): Promise<void> {
  const leftMs = time.getTime() - clock.now().getTime();
  if (leftMs <= 0) return;
  process.stderr.write(`Waiting until ${time.toISOString()} (${formatDuration(Math.max(leftMs, MINUTE_MS))}).\n`);
  await clock.sleep(leftMs);
}
