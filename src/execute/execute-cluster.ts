import { PATH_STEPS } from "../../plans/paths.ts";
import type { Azure } from "../azure/azure.ts";
import type { Connection } from "../azure/connection.ts";
import { AksMiError, TimeBoxOver } from "../engine/errors.ts";
import type { ApprovedBy, Event, StampedEvent } from "../engine/events.ts";
import { History } from "../engine/history.ts";
import type { OperationStore } from "../engine/operations.ts";
import { type Outcome, run, type WorkPlace } from "../engine/run.ts";
import { type AnyStep, STEP_IDS, type StepId } from "../engine/step.ts";
import { readCluster } from "../migration/held-grants.ts";
import { migrationOf } from "../migration/migration.ts";
import { operationsUnderWay } from "../migration/preflight.ts";
import { planHash } from "../plan/canonical.ts";
import type { ClusterPlan, MigrationPlan } from "../plan/schema.ts";
import type { BrokenLock } from "../state/lock.ts";
import { lookBeforeSwitch } from "./look-before-switch.ts";
import type { ClusterRecord, OpenRecord } from "./records.ts";
import { ensureNotStale } from "./staleness-check.ts";

/** Who approved a plan, how, and how far. */
export interface Approval extends ApprovedBy {
  /** The step before which it ends; absent when it is for the whole plan. */
  readonly stopsBefore?: StepId | undefined;
  /** When it was given, where another cluster's journal has it already; ISO 8601. */
  readonly givenAt?: string | undefined;
}

/**
 * The newest approval of the plan with this hash that journals have, and that reaches as far as a run is to go; undefined
 * where there is none, or where something was taken back since.
 * @param events of one cluster of a run, or of all
 */
export function findApproval(events: readonly Event[], hash: string, until: StepId | undefined): Approval | undefined {
  const approvals = events
    .filter((event) => event.type === "run:approved")
    .filter(({ planHash, stopsBefore }) => {
      if (planHash !== hash || stopsBefore === undefined) return planHash === hash;
      return until !== undefined && STEP_IDS.indexOf(until) <= STEP_IDS.indexOf(stopsBefore);
    });
  const isTakenBack = ({ cluster, seq }: Event) =>
    !approvals.some((approval) => approval.cluster === cluster && approval.seq > seq);
  if (events.some((event) => event.type === "undo:approved" && isTakenBack(event))) return undefined;
  const newest = approvals.sort((a, b) => a.at.localeCompare(b.at)).at(-1);
  if (!newest) return undefined;
  const { by, account, how, stopsBefore, givenAt = newest.at } = newest;
  return { by, account, how, stopsBefore, givenAt };
}

/** How a run is to go, wherever it is kept. */
export interface RunSettings {
  readonly connection: Connection;
  readonly plan: MigrationPlan;
  readonly tool: string;
  readonly signal: AbortSignal;
  /** Told each event once it is in the record. */
  readonly onEvent: (event: Event) => void;
  /** Goes into the journal of each cluster that has none yet that reaches as far; absent when each has. */
  readonly approval: Approval | undefined;
  readonly until?: StepId | undefined;
  readonly pauseAt?: Date | undefined;
}

/**
 * Runs one cluster of a plan from where its record and Azure say it stands.
 * @param place held by the caller, who also gives it up at the end
 */
export async function executeCluster(
  settings: RunSettings,
  index: number,
  openRecord: OpenRecord,
  place: WorkPlace,
): Promise<Outcome> {
  const record = openRecord(index, () => settings.connection.clock.now());
  try {
    return await follow(settings, index, record, place);
  } finally {
    record.close();
  }
}

async function follow(settings: RunSettings, index: number, record: ClusterRecord, place: WorkPlace): Promise<Outcome> {
  const { connection, signal, plan } = settings;
  const { journal, operations } = record;
  const clusterPlan = plan.clusters[index]!;
  const history = new History(journal.events);
  const emit = (event: StampedEvent) => settings.onEvent(journal.append(event));
  for (const earlier of journal.events) settings.onEvent(earlier);
  const resumed = journal.events.length > 0;
  const hash = planHash(plan);
  ensureSamePlan(hash, journal.events);
  emit({ type: "run:started", planHash: hash, tool: `aks-mi ${settings.tool}`, resumed });
  if (settings.approval && !findApproval(journal.events, hash, settings.until)) {
    emit({ type: "run:approved", planHash: hash, ...settings.approval });
  }
  if (record.brokenLock) emit(lockBroken(record.brokenLock));
  // Requests are repeated below the engine, which therefore does not say for which step.
  let step: StepId | undefined;
  const azure = connection.azure({
    signal,
    onRetry: (retry) => emit({ type: "request:retried", ...retry, step }),
    pauseAt: settings.pauseAt,
    beforeWrite: () => record.ensureHeld(),
  });
  const migration = migrationOf(plan, clusterPlan, history, operations);
  const events = run({
    steps: stepsOf(plan, clusterPlan, history, operations, azure),
    approved: new Map(clusterPlan.steps.map((step) => [step.id, step.changes])),
    clock: connection.clock,
    signal,
    history,
    operations,
    place,
    lookAfresh: () => connection.lookAfresh(),
    underWay: async () => operationsUnderWay(await readCluster(azure, migration)),
    guard: () => lookBeforeSwitch(azure, migration, { ...plan, clusters: [clusterPlan] }, connection.clock.now()),
    until: settings.until,
    pauseAt: settings.pauseAt,
  });
  try {
    await ensureNotStale(azure, clusterPlan, await readCluster(azure, migration));
    for (;;) {
      const next = await events.next();
      if (next.done) return next.value;
      step = next.value.step;
      emit(next.value);
    }
  } catch (error) {
    if (!(error instanceof TimeBoxOver)) throw error;
    emit({ type: "run:paused", step, reason: error.message });
    return { kind: "paused", reason: error.message, retryAt: undefined };
  }
}

/** The event that says whose lock was broken, and by whom. */
export function lockBroken({ holder: { run: holder, host, pid, since }, by }: BrokenLock): StampedEvent {
  return { type: "lock:broken", holder, host, pid, since, by };
}

/**
 * An edited plan is a new plan: the approval in the journals is not for it, nor for a cluster that has not begun.
 * @param events of one cluster of a run, or of all
 * @throws AksMiError `PLAN_CHANGED` when a run was begun, or approved, with a plan of another hash
 */
export function ensureSamePlan(hash: string, events: readonly Event[]): void {
  const isOther = (event: Event) =>
    (event.type === "run:started" || event.type === "run:approved") && event.planHash !== hash;
  if (!events.some(isOther)) return;
  throw new AksMiError(
    "PLAN_CHANGED",
    "The plan in the run's directory is not the one that was approved: its hash is another one.",
    "Put the approved plan back, or apply the edited one as a plan of its own.",
  );
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
