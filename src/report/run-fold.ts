import type { Event } from "../engine/events.ts";
import type { ChangeView, ClusterView, Draft, RetryView, SpanView, StepView } from "./run-view.ts";

type ClusterDraft = Draft<ClusterView>;
type StepDraft = Draft<StepView>;

/** Takes one event into a cluster's state. Types it does not know change nothing. */
export function applyClusterEvent(cluster: ClusterDraft, event: Event): void {
  const before = cluster.lastEventAt;
  cluster.lastEventAt = event.at;
  applyRunEvent(cluster, event, before ?? event.at);
  const step = cluster.steps.find(({ id }) => id === event.step);
  if (step) applyStepEvent(cluster, step, event);
  cluster.nextWakeUp = cluster.pause
    ? cluster.pause.retryAt
    : cluster.steps.find(({ state, until }) => state === "waiting" && until)?.until;
}

function applyRunEvent(cluster: ClusterDraft, event: Event, before: string): void {
  if (event.step) cluster.retry = undefined;
  switch (event.type) {
    case "run:started":
      cluster.startedAt ??= event.at;
      cluster.state = "running";
      cluster.failure = cluster.pause = cluster.endedAt = undefined;
      // A killed process wrote no end: what it was at has been idle since its last event.
      for (const step of cluster.steps) interruptStep(step, before);
      break;
    case "change:undone":
      takeBack(cluster, event.key, event.at);
      break;
    case "request:retried":
      if (!event.step) cluster.retry = retryOf(event);
      break;
    case "run:paused":
      cluster.state = "paused";
      cluster.pause = { at: event.at, reason: event.reason, retryAt: event.retryAt };
      for (const step of cluster.steps) closeSpan(step, event.at);
      break;
    case "run:done":
      cluster.state = "done";
      cluster.endedAt = event.at;
      cluster.changed = event.changed;
      break;
    case "check:found": {
      const { check, severity, seen, remedy, link, at, step } = event;
      cluster.findings.push({ check, severity, seen, remedy, link, at, step });
      break;
    }
    case "step:failed":
      cluster.state = "failed";
      cluster.endedAt = event.at;
      cluster.failure = {
        at: event.at,
        code: event.code,
        message: event.message,
        remedy: event.remedy,
        step: event.step,
      };
      break;
  }
}

/** Whoever takes a change back belongs to no step; what its step and those after it showed is no longer so. */
function takeBack(cluster: ClusterDraft, key: string, at: string): void {
  const first = cluster.steps.findIndex(({ changes }) => changes.some((change) => change.key === key));
  for (const [index, step] of cluster.steps.entries()) {
    for (const change of step.changes) if (change.key === key) change.state = "undone";
    if (first < 0 || index < first) continue;
    closeSpan(step, at);
    step.state = "pending";
    step.doneAt = step.evidence = step.until = step.reason = step.failure = undefined;
  }
  cluster.state = "paused";
  cluster.failure = cluster.endedAt = undefined;
  cluster.pause = { at, reason: "what the run had made was taken back by aks-mi undo" };
}

function applyStepEvent(cluster: ClusterDraft, step: StepDraft, event: Event): void {
  switch (event.type) {
    case "step:started":
      for (const other of cluster.steps) if (other !== step) interruptStep(other, event.at);
      step.startedAt = event.at;
      step.doneAt = step.evidence = step.failure = undefined;
      for (const change of step.changes) if (change.state === "not-needed") change.state = "pending";
      setState(step, "running", event.at);
      break;
    case "step:settling":
      setState(step, "waiting", event.at);
      step.reason = "Azure does not show the change yet";
      step.until = step.queued = undefined;
      break;
    case "step:waiting":
      // Without a known end it is Azure that is at work.
      setState(step, "waiting", event.at, event.until || event.queued ? "wait" : "work");
      step.reason = event.reason;
      step.until = event.until;
      step.queued = event.queued;
      break;
    case "step:failed":
      setState(step, "failed", event.at);
      step.failure = { at: event.at, code: event.code, message: event.message, remedy: event.remedy };
      break;
    case "step:done":
      setState(step, "done", event.at);
      step.doneAt = event.at;
      step.evidence = event.evidence;
      for (const change of step.changes) settleChange(change, event.at);
      break;
    case "request:retried":
      step.retries.push(retryOf(event));
      break;
    case "principal:use": {
      const { at, use, seen, lastUseAt, knownAt, otherUses } = event;
      step.principalUse = { at, use, seen, lastUseAt, knownAt, otherUses: otherUses && [...otherUses] };
      break;
    }
    case "node:progress":
      applyNodeProgress(cluster, step, event);
      break;
    default:
      applyChangeEvent(step, event);
  }
}

function retryOf({ at, request, reason, delayMs }: Event & { readonly type: "request:retried" }): RetryView {
  return { at, request, reason, delayMs };
}

function applyChangeEvent(step: StepDraft, event: Event): void {
  switch (event.type) {
    case "change:started": {
      const change = findChange(step, event.key, { summary: event.summary, risk: event.risk });
      change.state = "started";
      change.startedAt = event.at;
      setState(step, "running", event.at);
      break;
    }
    case "operation:started":
      addCorrelation(findChange(step, event.key), event.correlationId);
      break;
    case "change:bound": {
      const change = findChange(step, event.key);
      change.resourceId = event.resourceId;
      change.adopted = event.adopted;
      addCorrelation(change, event.correlationId);
      break;
    }
    case "change:applied": {
      const change = findChange(step, event.key);
      change.state = "applied";
      change.appliedAt = event.at;
      break;
    }
    case "change:failed":
      findChange(step, event.key).state = "failed";
      break;
  }
}

/** The plan's change of this key; one that the plan doesn't have is shown all the same. */
function findChange(step: StepDraft, key: string, made?: Pick<ChangeView, "summary" | "risk">): Draft<ChangeView> {
  const found = step.changes.find((change) => change.key === key);
  if (found) return found;
  const added = {
    key,
    summary: key,
    reason: "",
    risk: "additive",
    state: "pending",
    correlationIds: [],
    ...made,
  } as const;
  return step.changes[step.changes.push({ ...added, correlationIds: [] }) - 1]!;
}

function addCorrelation(change: Draft<ChangeView>, id: string | undefined): void {
  if (id && !change.correlationIds.includes(id)) change.correlationIds.push(id);
}

function settleChange(change: Draft<ChangeView>, at: string): void {
  if (change.state === "started" || change.state === "failed") change.state = "applied";
  else if (change.state === "pending" || change.state === "undone") change.state = "not-needed";
  if (change.state === "applied") change.appliedAt ??= at;
}

function applyNodeProgress(
  cluster: ClusterDraft,
  step: StepDraft,
  event: Event & { readonly type: "node:progress" },
): void {
  const { pool, reimaged, nodes, at, names = [] } = event;
  let found = step.pools.find((other) => other.pool === pool);
  if (!found) {
    found = { pool, reimaged, nodes, ...reimagedBefore(cluster, step, event), startedAt: at, at, names: [] };
    step.pools.push(found);
  }
  Object.assign(found, { reimaged, nodes, at });
  const known = new Set([...found.namesBefore, ...found.names.map(({ name }) => name)]);
  found.names.push(...names.filter((name) => !known.has(name)).map((name) => ({ name, at })));
}

/** The nodes of a pool that were re-imaged already when a step began to look at it. */
function reimagedBefore(
  cluster: ClusterDraft,
  step: StepDraft,
  { pool, reimaged, names = [] }: Event & { readonly type: "node:progress" },
): { before: number; namesBefore: string[] } {
  if (!hasBegunToDrain(cluster, pool)) return { before: reimaged, namesBefore: [...names] };
  const seen = cluster.steps.flatMap((other) =>
    other === step ? [] : other.pools.filter((each) => each.pool === pool),
  );
  const most = Math.max(0, ...seen.map((other) => other.reimaged));
  // Fewer than before: the pool is drained once more, and each of its nodes counts again.
  if (reimaged < most) return { before: 0, namesBefore: [] };
  return {
    before: most,
    namesBefore: seen.flatMap((other) => [...other.namesBefore, ...other.names.map(({ name }) => name)]),
  };
}

/** False where whatever re-imaged the pool's nodes was not of this run. */
function hasBegunToDrain(cluster: ClusterDraft, pool: string): boolean {
  const begun = cluster.steps.flatMap(({ changes }) => changes).filter(({ startedAt }) => startedAt !== undefined);
  return begun.some(({ risk, drains }) => risk === "irreversible" || drains?.includes(pool));
}

/** Sets the state and keeps the stretches of work and waiting apart. */
function setState(step: StepDraft, state: StepView["state"], at: string, waits: SpanView["kind"] = "wait"): void {
  const kind = state === "running" ? "work" : state === "waiting" ? waits : undefined;
  const open = step.spans.at(-1);
  if (open && !open.to && open.kind !== kind) open.to = at;
  if (kind && (!open || open.to)) step.spans.push({ kind, from: at });
  step.state = state;
  if (state !== "waiting") step.until = step.queued = step.reason = undefined;
}

function closeSpan(step: StepDraft, at: string): void {
  const open = step.spans.at(-1);
  if (open && !open.to) open.to = at;
}

/** A step that was at work and is so no longer: the engine has gone back, or a new process has taken over. */
function interruptStep(step: StepDraft, at: string): void {
  closeSpan(step, at);
  if (step.state === "done" || step.state === "pending") return;
  step.state = "pending";
  step.until = step.queued = step.reason = step.failure = undefined;
}
