import type { ApplyEvent, Finding, Risk, StepId } from "./step.ts";

/** The version of the event vocabulary; the first line of every stream and journal. */
export const EVENTS_VERSION = "1";

/** Who approved something, and how. */
export interface ApprovedBy {
  /** The user of the machine. */
  readonly by: string;
  /** The account that Azure knew: its name, or its object id. */
  readonly account?: string | undefined;
  readonly how: "prompt" | "yes" | "hash";
}

/** What the engine itself tells. */
export type EngineEvent =
  | ApplyEvent
  | { readonly type: "run:started"; readonly planHash: string; readonly tool: string; readonly resumed: boolean }
  | (ApprovedBy & {
      readonly type: "run:approved";
      readonly planHash: string;
      /** The step before which the approval ends; absent when it is for the whole plan. */
      readonly stopsBefore?: StepId | undefined;
      /** When it was given, where that was for the whole run before this cluster began: ISO 8601. */
      readonly givenAt?: string | undefined;
    })
  /** Another run's lock on the cluster was broken, because the user said so. */
  | {
      readonly type: "lock:broken";
      /** The run that held it, where its process was, and since when: wall time. */
      readonly holder: string;
      readonly host: string;
      readonly pid: number;
      readonly since: string;
      readonly by: string;
    }
  | { readonly type: "step:started"; readonly title: string }
  | {
      readonly type: "change:started";
      readonly key: string;
      readonly summary: string;
      readonly risk: Risk;
      readonly again?: true;
    }
  | { readonly type: "change:applied"; readonly key: string }
  /** `undo` was approved: what was made is taken back. It approves nothing of the plan. */
  | (ApprovedBy & { readonly type: "undo:approved"; readonly planHash: string })
  /** Taken back by `undo`, before the switch. */
  | { readonly type: "change:undone"; readonly key: string; readonly resourceId: string }
  | { readonly type: "change:failed"; readonly key: string; readonly code: string; readonly message: string }
  | { readonly type: "step:settling"; readonly keys: readonly string[]; readonly atMost: string }
  | {
      readonly type: "step:waiting";
      readonly reason: string;
      readonly until?: string | undefined;
      /** True when it could go on, and other clusters have all the places. */
      readonly queued?: true;
    }
  | ({ readonly type: "check:found" } & Finding)
  | { readonly type: "step:failed"; readonly code: string; readonly message: string; readonly remedy: string }
  | { readonly type: "step:done"; readonly evidence: string }
  | { readonly type: "run:paused"; readonly reason: string; readonly retryAt?: string | undefined }
  | { readonly type: "run:done"; readonly changed: boolean };

/** An event as it stands in a journal and in `-o jsonl`: one JSON object a line. */
export type Event = EngineEvent & {
  readonly run: string;
  /** Counts per journal, from 1. */
  readonly seq: number;
  /** ISO 8601, UTC; emulated time against an emulator. */
  readonly at: string;
  readonly cluster?: string | undefined;
  readonly step?: StepId | undefined;
};

/** An engine event with the step it belongs to, before the journal numbers and dates it. */
export type StampedEvent = EngineEvent & { readonly step?: StepId | undefined };
