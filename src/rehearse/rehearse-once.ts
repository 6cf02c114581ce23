import { connect } from "../azure/connection.ts";
import type { JsonObject } from "../azure/json.ts";
import { DAY_MS, parseDuration } from "../engine/clock.ts";
import { isAksMiError } from "../engine/errors.ts";
import type { Event } from "../engine/events.ts";
import type { StepId } from "../engine/step.ts";
import type { ClusterResult } from "../execute/execute.ts";
import { CLUSTERS_AT_ONCE } from "../plan/pace.ts";
import type { MigrationPlan } from "../plan/schema.ts";
import { foldEvents } from "../report/fold-events.ts";
import type { ClusterView } from "../report/run-view.ts";
import type { Assumption } from "./assumptions.ts";
import { type BrokenWork, listBrokenWork, listNodeRolls, type NodeRoll } from "./cluster-life.ts";
import { type EndState, readEndState } from "./end-state.ts";
import { listPauses, type Pause } from "./pauses.ts";
import { type RequestCount, RequestCounter } from "./request-counter.ts";
import { runThrough } from "./run-through.ts";
import { type TimelineEntry, tellTimeline } from "./timeline.ts";
import type { Trouble } from "./trouble.ts";
import type { Twin } from "./twin.ts";
import { startTwin } from "./twin-emulator.ts";

/** How a cluster's run ended in a rehearsal. */
export type RehearsedOutcome =
  | { readonly kind: "done"; readonly changed: boolean }
  /** For good: no moment comes at which it would go on. */
  | { readonly kind: "paused"; readonly reason: string }
  | { readonly kind: "failed"; readonly code: string; readonly message: string; readonly remedy: string };

/** One cluster's run on the twin. */
export interface RehearsedCluster {
  readonly id: string;
  readonly outcome: RehearsedOutcome;
  readonly view: ClusterView;
  readonly timeline: readonly TimelineEntry[];
  readonly pauses: readonly Pause[];
  readonly rolls: readonly NodeRoll[];
  readonly broken: readonly BrokenWork[];
  readonly end: EndState;
}

/** One run of the whole plan on the twin, under one assumption. */
export interface Rehearsal {
  readonly assumption: string;
  readonly troubled: boolean;
  /** True when every cluster was done. */
  readonly through: boolean;
  readonly start: string;
  readonly durationMs: number;
  /** Until every cluster was proven to be migrated; undefined when one was not. */
  readonly provenAfterMs: number | undefined;
  readonly clusters: readonly RehearsedCluster[];
  readonly requests: { readonly reads: number; readonly writes: number };
  /** Undefined for a plan of several clusters, whose requests mingle. */
  readonly requestsOf: Readonly<Partial<Record<StepId, RequestCount>>> | undefined;
  /** Requests that changed something, as they were sent. */
  readonly writes: readonly JsonObject[];
  /** How often a request was sent again. */
  readonly retries: number;
}

/** What every rehearsal of a plan has in common. */
export interface RehearsalSettings {
  readonly plan: MigrationPlan;
  readonly twin: Twin;
  readonly start: Date;
  readonly tool: string;
}

/** Runs the plan once on a twin of its own, and resumes it where it pauses for a time. Nothing outside this process is asked or changed. */
export async function rehearseOnce(
  { plan, twin, start, tool }: RehearsalSettings,
  assumption: Assumption,
  trouble: Trouble,
): Promise<Rehearsal> {
  const emulator = await startTwin({ twin, behaviour: assumption.behaviour, trouble, start, limitMs: limitMs(plan) });
  const counter = new RequestCounter(emulator.door, plan.clusters.length === 1);
  const connection = await connect({ cloud: plan.metadata.cloud, emulator: counter.door });
  const before = await emulator.resources();
  const events: Event[] = [];
  const results = await runThrough(
    {
      connection,
      plan,
      tool,
      // It holds nothing that would have to be put away: whoever stops it ends the process.
      signal: new AbortController().signal,
      approval: { by: "rehearsal", how: "yes" },
      onEvent(event) {
        events.push(event);
        if (event.type === "step:started") counter.step = event.step;
      },
    },
    emulator.clock,
  );
  const durationMs = emulator.clock.now().getTime() - start.getTime();
  const writes = (await emulator.requests()).filter(({ method }) => method !== "GET");
  const { total, ofSteps } = counter.take();
  const [life, after] = [await emulator.events(), await emulator.resources()];
  const azure = connection.azure();
  const { clusters: views } = foldEvents(plan, events);
  const clusters = await Promise.all(
    results.map(async (result, index): Promise<RehearsedCluster> => {
      const end = await readEndState(azure, result.clusterId, before, after);
      return { ...tellCourse(result, events, life, start), view: views[index]!, end };
    }),
  );
  return {
    assumption: assumption.name,
    troubled: trouble.faults.length > 0,
    through: clusters.every(({ outcome }) => outcome.kind === "done"),
    start: start.toISOString(),
    durationMs,
    provenAfterMs: provenAfterMs(clusters, start),
    clusters,
    requests: total,
    requestsOf: ofSteps,
    writes,
    retries: events.filter(({ type }) => type === "request:retried").length,
  };
}

/** What happened to one cluster. @param life what the twin tells of its nodes and of what works in it */
function tellCourse(
  result: ClusterResult,
  events: readonly Event[],
  life: readonly JsonObject[],
  start: Date,
): Omit<RehearsedCluster, "view" | "end"> {
  const id = result.clusterId;
  const rolls = listNodeRolls(life, id);
  const broken = listBrokenWork(life, id);
  const own = events.filter(({ cluster }) => cluster === id);
  const timeline = tellTimeline(own, rolls, broken, start);
  return { id, outcome: outcomeOf(result), timeline, pauses: listPauses(own, start), rolls, broken };
}

function provenAfterMs(clusters: readonly RehearsedCluster[], start: Date): number | undefined {
  const proofs = clusters.map(({ view }) => view.steps.find(({ id }) => id === "verify-migration")?.doneAt);
  if (proofs.some((proof) => proof === undefined)) return undefined;
  return Math.max(...proofs.map((proof) => Date.parse(proof!) - start.getTime()));
}

/** Beyond their own waits, clusters that are worked on for this long are not going to end. */
const MARGIN_MS = 7 * DAY_MS;

function limitMs({ settings, clusters }: MigrationPlan): number {
  const turns = Math.ceil(clusters.length / CLUSTERS_AT_ONCE);
  const waits = [settings.rolePropagation.wait, settings.rolePropagation.wait, settings.tokenSwitchover.wait];
  return waits.reduce((sum, wait) => sum + parseDuration(wait)!, turns * MARGIN_MS);
}

function outcomeOf({ outcome }: ClusterResult): RehearsedOutcome {
  if (outcome.kind === "done") return outcome;
  if (outcome.kind === "paused") return { kind: "paused", reason: outcome.reason };
  const { error } = outcome;
  if (isAksMiError(error)) return { kind: "failed", code: error.code, message: error.message, remedy: error.remedy };
  return {
    kind: "failed",
    code: "DEFECT",
    message: error instanceof Error ? error.message : String(error),
    remedy: "Report this as a defect of aks-mi, with the twin (--save FILE --mask).",
  };
}
