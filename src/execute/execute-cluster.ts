import { PATH_STEPS } from "../../plans/paths.ts";
import type { Azure } from "../azure/azure.ts";
import type { Connection } from "../azure/connection.ts";
import type { Event, StampedEvent } from "../engine/events.ts";
import { History } from "../engine/history.ts";
import { type Journal, openJournal } from "../engine/journal.ts";
import type { OperationStore } from "../engine/operations.ts";
import { type Outcome, run } from "../engine/run.ts";
import type { AnyStep, Finding, StepId } from "../engine/step.ts";
import { readCluster } from "../migration/held-grants.ts";
import { type Migration, migrationOf, switchKey } from "../migration/migration.ts";
import { checkLocks, checkReadiness } from "../migration/preflight.ts";
import { planHash } from "../plan/canonical.ts";
import type { ClusterPlan, MigrationPlan } from "../plan/schema.ts";
import { type ClusterLock, lockCluster } from "../state/lock.ts";
import { fileOperationStore, journalFile, type RunDirectory } from "../state/state-directory.ts";
import { ensureNotStale } from "./staleness-check.ts";

/** Who approved a plan, and how. */
export interface Approval {
  readonly by: string;
  readonly how: "prompt" | "yes" | "hash";
}

/** How a run is to go. */
export interface ExecuteOptions {
  readonly connection: Connection;
  readonly stateDir: string;
  readonly run: RunDirectory;
  readonly tool: string;
  readonly signal: AbortSignal;
  /** Told each event once it is on disk. */
  readonly onEvent: (event: Event) => void;
  /** Absent when the journal has one already. */
  readonly approval: Approval | undefined;
  readonly until?: StepId | undefined;
  readonly pauseAt?: Date | undefined;
}

/** Runs one cluster of a plan from where its journal and Azure say it stands. */
export async function executeCluster(options: ExecuteOptions, index: number): Promise<Outcome> {
  const { connection, run: directory, stateDir } = options;
  const cluster = directory.plan.clusters[index]!;
  const lock = lockCluster(stateDir, cluster.id, directory.id);
  try {
    const journal = openJournal(journalFile(directory, index), {
      run: directory.id,
      cluster: cluster.id,
      now: () => connection.clock.now(),
    });
    try {
      return await follow(options, index, journal, lock);
    } finally {
      journal.close();
    }
  } finally {
    lock.release();
  }
}

async function follow(options: ExecuteOptions, index: number, journal: Journal, lock: ClusterLock): Promise<Outcome> {
  const { connection, signal } = options;
  const { plan } = options.run;
  const clusterPlan = plan.clusters[index]!;
  const history = new History(journal.events);
  const emit = (event: StampedEvent) => options.onEvent(journal.append(event));
  for (const earlier of journal.events) options.onEvent(earlier);
  const resumed = journal.events.length > 0;
  emit({ type: "run:started", planHash: planHash(plan), tool: options.tool, resumed });
  if (options.approval && !journal.events.some((event) => event.type === "run:approved")) {
    emit({ type: "run:approved", planHash: planHash(plan), ...options.approval });
  }
  const azure = connection.azure({ signal, onRetry: (retry) => emit({ type: "request:retried", ...retry }) });
  const operations = fileOperationStore(options.run, index);
  const migration = migrationOf(plan, clusterPlan, history, operations);
  await ensureNotStale(azure, clusterPlan, await readCluster(azure, migration));
  const events = run({
    steps: stepsOf(plan, clusterPlan, history, operations, azure),
    approved: new Map(clusterPlan.steps.map((step) => [step.id, step.changes])),
    clock: connection.clock,
    signal,
    history,
    operations,
    guard: () => lookBeforeSwitch(azure, migration, clusterPlan),
    until: options.until,
    pauseAt: options.pauseAt,
  });
  for (;;) {
    const next = await events.next();
    if (next.done) return next.value;
    if (next.value.type === "change:started") lock.ensureHeld();
    emit(next.value);
  }
}

/** The steps of a cluster's path, ready to run. */
export function stepsOf(
  plan: MigrationPlan,
  cluster: ClusterPlan,
  history: History,
  operations: OperationStore,
  azure: Azure,
): AnyStep[] {
  return PATH_STEPS[cluster.path](migrationOf(plan, cluster, history, operations), azure);
}

/** The preflight right before the point of no return. A state that our own failed attempt left is what the retry cures. */
async function lookBeforeSwitch(azure: Azure, migration: Migration, plan: ClusterPlan): Promise<Finding[]> {
  const cluster = await readCluster(azure, migration);
  await ensureNotStale(azure, plan, cluster);
  const retried = migration.history.stateOf(switchKey(plan.id)) === "failed";
  return [...(retried ? [] : checkReadiness(cluster)), ...(await checkLocks(azure, plan.id, plan.facts))];
}
