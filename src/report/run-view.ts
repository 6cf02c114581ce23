import type { ApprovedBy } from "../engine/events.ts";
import type { Change, RecordedFinding, StepId } from "../engine/step.ts";
import { isGap } from "../engine/step.ts";
import type { StepEstimate } from "./durations.ts";

/** A `T` that the fold writes to. */
export type Draft<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer I)[] ? Draft<I>[] : T[K] };

/** Where a run, or a cluster of it, stands. */
export type RunState = "running" | "paused" | "failed" | "done";
/** How far a step is. */
export type StepState = "pending" | "running" | "waiting" | "done" | "failed";
/** What became of a change. */
export type ChangeState = "pending" | "started" | "applied" | "failed" | "undone" | "not-needed";

/** A stretch of time in which a step worked or waited. */
export interface SpanView {
  readonly kind: "work" | "wait";
  readonly from: string;
  /** Undefined while it goes on. */
  readonly to?: string | undefined;
}

/** A change of the plan, and what became of it. */
export interface ChangeView extends Change {
  /**
   * `failed`: Azure accepted it, and it came to nothing. `undone`: taken back by `undo`. `not-needed`: its step is done
   * without it, because Azure showed it already or its condition did not come true.
   */
  readonly state: ChangeState;
  readonly startedAt?: string | undefined;
  readonly appliedAt?: string | undefined;
  /** The id that Azure gave to what it made. */
  readonly resourceId?: string | undefined;
  /** True when it was there already and has been taken over. */
  readonly adopted?: boolean | undefined;
  readonly correlationIds: readonly string[];
}

/** How far the re-imaging of a pool is. */
export interface PoolView {
  readonly pool: string;
  /** How many of its nodes are re-imaged, by this step or before it. */
  readonly reimaged: number;
  readonly nodes: number;
  /** How many of them were so already when this step began to look. */
  readonly before: number;
  /** Their names, as far as they are known. */
  readonly namesBefore: readonly string[];
  readonly startedAt: string;
  readonly at: string;
  /** Nodes that are newly re-imaged, with the time at which that was seen. */
  readonly names: readonly { readonly name: string; readonly at: string }[];
}

/** A request that was sent again, and why. */
export interface RetryView {
  readonly at: string;
  readonly request: string;
  readonly reason: string;
  readonly delayMs: number;
}

/** Why a step failed, and what its user can do. */
export interface FailureView {
  readonly at: string;
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** What was last seen of the use of the principal that the cluster has left. */
export interface PrincipalUseView {
  readonly at: string;
  readonly use: "none" | "recent" | "too-early" | "not-assessed";
  readonly seen: string;
  readonly lastUseAt?: string | undefined;
  readonly knownAt?: string | undefined;
  readonly otherUses?: readonly string[] | undefined;
}

/** A step of a run. */
export interface StepView {
  readonly id: StepId;
  readonly title: string;
  readonly state: StepState;
  readonly estimate: StepEstimate;
  /** When it was last started. */
  readonly startedAt?: string | undefined;
  readonly doneAt?: string | undefined;
  /** When its wait is known to end. */
  readonly until?: string | undefined;
  /** True while it waits for nothing but its turn. */
  readonly queued?: boolean | undefined;
  /** What it waits for. */
  readonly reason?: string | undefined;
  readonly evidence?: string | undefined;
  readonly changes: readonly ChangeView[];
  readonly pools: readonly PoolView[];
  readonly retries: readonly RetryView[];
  readonly spans: readonly SpanView[];
  readonly principalUse?: PrincipalUseView | undefined;
  readonly failure?: FailureView | undefined;
}

/** A cluster of a run. */
export interface ClusterView {
  readonly id: string;
  readonly state: RunState;
  readonly steps: readonly StepView[];
  readonly findings: readonly (RecordedFinding & { readonly at: string; readonly step?: StepId | undefined })[];
  readonly failure?: (FailureView & { readonly step?: StepId | undefined }) | undefined;
  readonly pause?: { readonly at: string; readonly reason: string; readonly retryAt?: string | undefined } | undefined;
  /** The last request that was sent again before any step was at work. */
  readonly retry?: RetryView | undefined;
  readonly startedAt?: string | undefined;
  readonly endedAt?: string | undefined;
  readonly lastEventAt?: string | undefined;
  /** False when it ended without a write. */
  readonly changed?: boolean | undefined;
  /** When the next wait or pause ends. */
  readonly nextWakeUp?: string | undefined;
}

/** Who approved what, when and how. */
export interface ApprovalView extends ApprovedBy {
  readonly at: string;
  readonly planHash: string;
  /** The step before which it ends; absent for the whole plan. */
  readonly stopsBefore?: StepId | undefined;
}

/** A run as its journals tell it. */
export interface RunView {
  readonly run: string;
  readonly state: RunState;
  readonly tool?: string | undefined;
  readonly clusters: readonly ClusterView[];
  readonly approvals: readonly ApprovalView[];
  /** Who approved that what was made is taken back. */
  readonly undoApprovals: readonly ApprovalView[];
  /** When the run was taken up again. */
  readonly resumes: readonly string[];
  readonly startedAt?: string | undefined;
  readonly endedAt?: string | undefined;
  readonly lastEventAt?: string | undefined;
  readonly nextWakeUp?: string | undefined;
}

const GAP_WORDS: Partial<Record<ChangeState, string>> = {
  started: "open",
  applied: "closed",
  "not-needed": "did not occur",
};

/** True once the cluster was seen to use its new identities, nodes included. */
export function isProven({ state, steps }: ClusterView): boolean {
  return state === "done" || steps.some((step) => step.id === "verify-migration" && step.state === "done");
}

/** The state of a change for people; a gap is announced and closed, not written. */
export function changeWords(change: ChangeView): string {
  if (isGap(change)) return GAP_WORDS[change.state] ?? "announced";
  if (change.state === "applied") return change.adopted ? "taken over" : "applied";
  if (change.state === "not-needed") return change.onlyIf ? "not needed" : "in place already";
  if (change.state === "undone") return "taken back";
  return change.state === "started" ? "in progress" : change.state;
}
