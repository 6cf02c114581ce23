import { type Clock, MINUTE_MS, SECOND_MS } from "./clock.ts";
import { AksMiError, TransientError } from "./errors.ts";
import type { ApplyEvent, StampedEvent } from "./events.ts";
import type { History } from "./history.ts";
import type { OperationStore } from "./operations.ts";
import { relay } from "./relay.ts";
import { type AnyStep, type Change, type Finding, isGap, STEP_TITLES, type StepId, type Verdict } from "./step.ts";

/** How long Azure may take to show a change that it accepted, and how often we look. */
const SETTLE_LIMIT_MS = 10 * MINUTE_MS;
const SETTLE_POLL_MS = 10 * SECOND_MS;

/** How often a change is begun again when nobody knows whether Azure acted. */
const MAX_TRANSIENT_FAILURES = 8;
const TRANSIENT_DELAY_MS = 5 * SECOND_MS;

/** What a run of one cluster needs. */
export interface RunOptions {
  readonly steps: readonly AnyStep[];
  /** The approved changes of each step: nothing else is ever written. */
  readonly approved: ReadonlyMap<StepId, readonly Change[]>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** What the journal says so far; the engine continues it. */
  readonly history: History;
  readonly operations: OperationStore;
  /** Called before everything is looked at again: what was read a moment ago does not count then. */
  lookAfresh?(): void;
  /** Looked at again right before the point of no return: blockers stop the run. */
  guard(signal: AbortSignal): Promise<readonly Finding[]>;
  /** Pause before this step. */
  readonly until?: StepId | undefined;
  /** Pause when nothing more can be done before this moment. */
  readonly pauseAt?: Date | undefined;
}

/** How a run of one cluster ended, when it did not fail. */
export type Outcome =
  | { readonly kind: "done"; readonly changed: boolean }
  | { readonly kind: "paused"; readonly reason: string; readonly retryAt: Date | undefined };

type StepOutcome = Outcome | { readonly kind: "back"; readonly index: number };

/**
 * Takes one cluster through its steps. The consumer puts each event on disk before it asks for the next one, so that
 * the journal is always ahead of what is done.
 * @throws AksMiError when a step fails or is blocked, after the event that says so; the signal's reason when aborted
 */
export async function* run(options: RunOptions): AsyncGenerator<StampedEvent, Outcome> {
  const { steps, history, clock } = options;
  let index = 0;
  while (index < steps.length) {
    const step = steps[index]!;
    if (step.id === options.until) {
      return yield* pause(options, step.id, `The run was to stop before ${step.id}.`, undefined);
    }
    try {
      const outcome: StepOutcome = yield* record(runStep(options, index), history, clock, step.id);
      if (outcome.kind === "paused") return outcome;
      index = outcome.kind === "back" ? outcome.index : index + 1;
    } catch (error) {
      if (options.signal.aborted) throw options.signal.reason;
      if (error instanceof AksMiError) {
        yield { type: "step:failed", step: step.id, code: error.code, message: error.message, remedy: error.remedy };
      }
      throw error;
    }
  }
  yield { type: "run:done", changed: history.changed };
  return { kind: "done", changed: history.changed };
}

/** Stamps the events of a step with its id and keeps the history up to date. */
async function* record<T>(
  events: AsyncGenerator<StampedEvent, T>,
  history: History,
  clock: Clock,
  step: StepId,
): AsyncGenerator<StampedEvent, T> {
  for (;;) {
    const next = await events.next();
    if (next.done) return next.value;
    const event = { ...next.value, step };
    yield event;
    history.record(event, clock.now());
  }
}

async function* runStep(options: RunOptions, index: number): AsyncGenerator<StampedEvent, StepOutcome> {
  const { clock, signal, history } = options;
  const step = options.steps[index]!;
  yield { type: "step:started", title: STEP_TITLES[step.id] };
  const settling: Settling = { since: undefined };
  let announced: string | undefined;
  let failures = 0;
  for (;;) {
    signal.throwIfAborted();
    const facts: unknown = await step.detect(signal);
    const verdict: Verdict = step.decide(facts, clock.now());
    for (const event of step.progress?.(facts) ?? []) if (isNews(event, history)) yield event;
    switch (verdict.kind) {
      case "done":
        yield* finishStep(options, step, verdict.evidence);
        return { kind: "done", changed: history.changed };
      case "pause":
        return yield* pause(options, step.id, verdict.reason, verdict.retryAt);
      case "blocked":
        for (const finding of verdict.findings) yield { type: "check:found", ...finding };
        throw blocked(verdict.findings);
      case "failed":
        if (verdict.key !== undefined) {
          if (history.stateOf(verdict.key) === "failed") {
            options.operations.forget(verdict.key);
            continue;
          }
          yield { type: "change:failed", key: verdict.key, code: verdict.code, message: verdict.message };
        }
        throw new AksMiError("STEP_FAILED", `${verdict.message} (${verdict.code})`, verdict.remedy);
      case "wait": {
        const until = verdict.until?.toISOString();
        const line = until ?? verdict.reason;
        if (line !== announced) yield { type: "step:waiting", reason: verdict.reason, until };
        announced = line;
        const paused = yield* wait(options, step, verdict);
        if (paused) return paused;
        continue;
      }
      case "change": {
        ensureApproved(options, verdict.changes);
        const batch = nextChanges(verdict.changes, history);
        if (batch.length === 0) {
          yield* settle(options, verdict.changes, settling);
          continue;
        }
        settling.since = undefined;
        if (batch[0]!.risk !== "additive") {
          const back = yield* lookAgain(options, index, batch[0]!);
          if (back) return back;
        }
        let next = batch[0]!;
        try {
          for (next of batch) yield* applyChange(options, step, next);
        } catch (error) {
          if (!(error instanceof TransientError) || ++failures > MAX_TRANSIENT_FAILURES) throw gaveUp(error, next);
          const delayMs = error.retryAfterMs ?? TRANSIENT_DELAY_MS * failures;
          yield { type: "request:retried", request: next.summary, reason: error.message, delayMs };
          await clock.sleep(delayMs, signal);
        }
      }
    }
  }
}

/** True unless the journal has it already. */
function isNews(event: ApplyEvent, history: History): boolean {
  return event.type !== "node:progress" || event.reimaged !== history.reimagedNodes(event.pool);
}

async function* finishStep(options: RunOptions, step: AnyStep, evidence: string): AsyncGenerator<StampedEvent> {
  // A run that was killed between Azure's answer and the journal finds here what it had begun.
  for (const key of options.history.keysOf(step.id)) {
    if (options.history.stateOf(key) === "started") yield { type: "change:applied", key };
  }
  for (const gap of openGaps(options, step)) {
    yield { type: "change:started", key: gap.key, summary: gap.summary, risk: gap.risk };
    yield { type: "change:applied", key: gap.key };
  }
  yield { type: "step:done", evidence };
  for (const key of options.history.keysOf(step.id)) options.operations.forget(key);
}

/** The announced gaps that this step closes by being done; one that hung on an answer of Azure that never came was none. */
function openGaps(options: RunOptions, step: AnyStep): Change[] {
  const conditions = new Set(
    [...options.approved.values()]
      .flat()
      .filter((change) => !isGap(change) && options.history.stateOf(change.key))
      .map((change) => change.onlyIf),
  );
  return (options.approved.get(step.id) ?? []).filter(
    (change) =>
      isGap(change) && !options.history.stateOf(change.key) && (!change.onlyIf || conditions.has(change.onlyIf)),
  );
}

/**
 * The changes to be made before Azure is looked at again: one that drains or is final, or all harmless ones up to that.
 * Empty when every change has been accepted and only has to show.
 */
function nextChanges(changes: readonly Change[], history: History): Change[] {
  const open = changes.filter((change) => {
    const state = history.stateOf(change.key);
    return state !== "applied" && !(state === "seen" && change.risk !== "additive");
  });
  const first = open.findIndex((change) => change.risk !== "additive");
  return first === 0 ? open.slice(0, 1) : open.slice(0, first < 0 ? undefined : first);
}

async function* applyChange(options: RunOptions, step: AnyStep, change: Change): AsyncGenerator<StampedEvent> {
  const again = options.history.stateOf(change.key) === "seen" ? { again: true as const } : {};
  yield { type: "change:started", key: change.key, summary: change.summary, risk: change.risk, ...again };
  // The operation of an earlier attempt says nothing about this one, which may die before it knows its own.
  options.operations.forget(change.key);
  yield* relay((report: (event: ApplyEvent) => Promise<void>) => step.apply(change, report, options.signal));
  yield { type: "change:applied", key: change.key };
}

/** When Azure was first found not to show changes that it had accepted. */
interface Settling {
  since: Date | undefined;
}

/**
 * Waits for Azure to show what it has accepted; after a while that is an error. A change that does no harm when it is made
 * twice is then taken for gone, and the next resume makes it again; any other is never repeated.
 */
async function* settle(
  options: RunOptions,
  changes: readonly Change[],
  settling: Settling,
): AsyncGenerator<StampedEvent> {
  const keys = changes.map((change) => change.key);
  const vanished = changes.find((change) => options.history.stateOf(change.key) === "seen");
  if (vanished) {
    throw new AksMiError(
      "STEP_FAILED",
      `What "${vanished.summary}" had changed is gone again, and a change of this risk is never repeated by itself.`,
      "Find out who undid it (activity log), then make a new plan.",
    );
  }
  const now = options.clock.now();
  if (!settling.since) {
    settling.since = now;
    const atMost = new Date(now.getTime() + SETTLE_LIMIT_MS).toISOString();
    yield { type: "step:settling", keys, atMost };
  } else if (now.getTime() - settling.since.getTime() >= SETTLE_LIMIT_MS) {
    const message = `Azure accepted "${changes[0]!.summary}" but does not show it after ${SETTLE_LIMIT_MS / MINUTE_MS} minutes.`;
    const gone = changes.filter((change) => change.risk === "additive");
    for (const { key } of gone) yield { type: "change:failed", key, code: "NotShown", message };
    throw new AksMiError(
      "STEP_FAILED",
      message,
      gone.length === changes.length
        ? "Look at the resource in the portal and at its activity log; `aks-mi resume` makes it again."
        : "Look at the resource in the portal; run `aks-mi resume` when it shows, or make a new plan when it never will.",
    );
  }
  await options.clock.sleep(SETTLE_POLL_MS, options.signal);
}

/** Sleeps until the wait may be over; ends with a pause when the time box closes before. */
async function* wait(
  options: RunOptions,
  step: AnyStep,
  verdict: Extract<Verdict, { kind: "wait" }>,
): AsyncGenerator<StampedEvent, Extract<Outcome, { kind: "paused" }> | undefined> {
  const now = options.clock.now();
  if (verdict.atMost && now >= verdict.atMost) {
    throw new AksMiError(
      "STEP_FAILED",
      `${verdict.reason} It was to be over by ${verdict.atMost.toISOString()}.`,
      "Look at the cluster's activity log, then run `aks-mi resume`.",
    );
  }
  const wake = verdict.until ?? new Date(now.getTime() + verdict.pollMs);
  if (options.pauseAt && wake > options.pauseAt) {
    return yield* pause(options, step.id, `${verdict.reason} The time box is over before that.`, verdict.until);
  }
  await options.clock.sleep(Math.max(1, wake.getTime() - now.getTime()), options.signal);
  return undefined;
}

/**
 * The second look before nodes are drained or there is no way back: what is no longer done goes back to its step. Before
 * the point of no return the preflight is repeated too.
 */
async function* lookAgain(
  options: RunOptions,
  index: number,
  change: Change,
): AsyncGenerator<StampedEvent, StepOutcome | undefined> {
  options.lookAfresh?.();
  if (change.risk === "irreversible") {
    const findings = await options.guard(options.signal);
    for (const finding of findings) yield { type: "check:found", ...finding };
    if (findings.some((finding) => finding.severity === "blocker")) throw blocked(findings);
  }
  for (let earlier = 0; earlier < index; earlier++) {
    const step = options.steps[earlier]!;
    const verdict: Verdict = step.decide(await step.detect(options.signal), options.clock.now());
    if (verdict.kind !== "done") return { kind: "back", index: earlier };
  }
  return undefined;
}

async function* pause(
  options: RunOptions,
  step: StepId,
  reason: string,
  retryAt: Date | undefined,
): AsyncGenerator<StampedEvent, Extract<Outcome, { kind: "paused" }>> {
  options.signal.throwIfAborted();
  yield { type: "run:paused", step, reason, retryAt: retryAt?.toISOString() };
  return { kind: "paused", reason, retryAt };
}

function ensureApproved(options: RunOptions, changes: readonly Change[]): void {
  const approved = new Set([...options.approved.values()].flat().map((change) => change.key));
  const stranger = changes.find((change) => !approved.has(change.key));
  if (!stranger) return;
  throw new AksMiError(
    "PLAN_CHANGED",
    `The run would need "${stranger.key}" (${stranger.summary}), which the approved plan does not contain.`,
    "Make a new plan with `aks-mi plan`, review it, and apply that.",
  );
}

function blocked(findings: readonly Finding[]): AksMiError {
  const first = findings.find((finding) => finding.severity === "blocker") ?? findings[0]!;
  return new AksMiError("BLOCKED", `${first.check}: ${first.seen}`, first.remedy);
}

function gaveUp(error: unknown, change: Change): unknown {
  if (!(error instanceof TransientError)) return error;
  return new AksMiError(
    "AZURE_UNREACHABLE",
    `"${change.summary}" did not get through: ${error.message}`,
    "Check the network and Azure's status, then run `aks-mi resume`.",
    { cause: error },
  );
}
