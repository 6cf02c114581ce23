import type { Event } from "../engine/events.ts";
import { STEP_TITLES } from "../engine/step.ts";
import type { ClusterPlan, MigrationPlan } from "../plan/schema.ts";
import type { StepEstimate } from "./durations.ts";
import { estimate } from "./durations.ts";
import { applyClusterEvent } from "./run-fold.ts";
import type { ApprovalView, ClusterView, Draft, RunState, RunView, StepView } from "./run-view.ts";

/** A run's state from its plan and the events of its journals, each journal's in order. Reads nothing else, the time included. */
export function foldEvents(plan: MigrationPlan, events: readonly Event[]): RunView {
  const estimates = estimate(plan).clusters;
  const clusters = plan.clusters.map((cluster, index) => startCluster(cluster, estimates[index]!.steps));
  const byId = new Map(clusters.map((cluster) => [cluster.id.toLowerCase(), [cluster]]));
  for (const event of events) {
    // An event without a cluster belongs to the whole run.
    const isOfAll = event.cluster === undefined || clusters.length === 1;
    for (const cluster of isOfAll ? clusters : (byId.get(event.cluster.toLowerCase()) ?? []))
      applyClusterEvent(cluster, event);
  }
  const ended = clusters.every(({ endedAt }) => endedAt);
  return {
    run: events[0]?.run ?? "",
    state: stateOfRun(clusters),
    tool: events.find((event) => event.type === "run:started")?.tool,
    clusters,
    approvals: listApprovals(events, "run:approved"),
    undoApprovals: listApprovals(events, "undo:approved"),
    resumes: unique(events.flatMap((event) => (event.type === "run:started" && event.resumed ? [event.at] : []))),
    startedAt: earliest(clusters.map(({ startedAt }) => startedAt)),
    endedAt: ended ? clusters.map(({ endedAt }) => endedAt!).reduce((a, b) => (a > b ? a : b)) : undefined,
    lastEventAt: clusters.map(({ lastEventAt }) => lastEventAt).reduce((a, b) => ((a ?? "") > (b ?? "") ? a : b)),
    nextWakeUp: earliest(clusters.map(({ nextWakeUp }) => nextWakeUp)),
  };
}

function startCluster(cluster: ClusterPlan, estimates: readonly StepEstimate[]): Draft<ClusterView> {
  const steps = cluster.steps.map(({ id, changes }, index) => ({
    id,
    title: STEP_TITLES[id],
    state: "pending" as const,
    estimate: estimates[index]!,
    changes: changes.map((change) => ({ ...change, state: "pending" as const, correlationIds: [] })),
    pools: [],
    retries: [],
    spans: [],
  }));
  return { id: cluster.id, state: "running", steps: steps as Draft<StepView>[], findings: [] };
}

function stateOfRun(clusters: readonly ClusterView[]): RunState {
  const states = clusters.map(({ state }) => state);
  return (["running", "failed", "paused"] as const).find((state) => states.includes(state)) ?? "done";
}

function listApprovals(events: readonly Event[], type: "run:approved" | "undo:approved"): ApprovalView[] {
  const approvals = new Map<string, ApprovalView>();
  const undone = new Map<string | undefined, number>();
  for (const event of events) {
    if (event.type === "undo:approved") undone.set(event.cluster, (undone.get(event.cluster) ?? 0) + 1);
    if (event.type !== type) continue;
    const { planHash, by, account, how } = event;
    const { stopsBefore, givenAt } = event.type === "run:approved" ? event : {};
    const at = givenAt ?? event.at;
    // Each cluster's journal has the approval, and each resume names it again; it was given once, until it was undone.
    const key = JSON.stringify([planHash, by, account, how, stopsBefore, undone.get(event.cluster)]);
    if (!approvals.has(key)) approvals.set(key, { at, planHash, by, account, how, stopsBefore });
  }
  return [...approvals.values()];
}

function earliest(times: readonly (string | undefined)[]): string | undefined {
  return times.filter((time) => time !== undefined).sort()[0];
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}
