import type { Connection } from "../azure/connection.ts";
import { isTerminal, unsettledStates } from "../azure/managed-cluster.ts";
import { AksMiError } from "../engine/errors.ts";
import { History } from "../engine/history.ts";
import { MemoryOperationStore } from "../engine/operations.ts";
import { ensureNotStale } from "../execute/staleness-check.ts";
import { readCluster } from "../migration/held-grants.ts";
import { migrationOf } from "../migration/migration.ts";
import type { MigrationPlan } from "../plan/schema.ts";
import type { DurationRange } from "../report/durations.ts";
import { type Assumption, atPace, listAssumptions } from "./assumptions.ts";
import type { LiveCluster } from "./live-cluster.ts";
import { readTwin } from "./read-twin.ts";
import { type Rehearsal, type RehearsalSettings, rehearseOnce } from "./rehearse-once.ts";
import { makeTrouble, NO_TROUBLE } from "./trouble.ts";
import type { Twin } from "./twin.ts";

/** How a plan is to be rehearsed. */
export interface RehearseOptions {
  readonly tool: string;
  /** Every combination of answers to the open questions, instead of one other answer at a time. */
  readonly thorough: boolean;
  /** What the trouble is made from; undefined: no trouble. */
  readonly faultSeed: number | undefined;
  /** Told when everything has been read, and nothing more is asked of Azure. */
  readonly onTwin?: (twin: Twin) => void;
}

/** How long a plan takes. */
export interface RehearsedRange {
  readonly total: DurationRange;
  /** Until every cluster is proven to be migrated; undefined for a plan with nothing to prove. */
  readonly proof: DurationRange | undefined;
}

/** A plan, rehearsed. */
export interface RehearsedPlan {
  readonly plan: MigrationPlan;
  readonly twin: Twin;
  /** One per assumption, the expected one first; then, with trouble, all of them again. */
  readonly rehearsals: readonly Rehearsal[];
  /** How long it takes, from Azure's quickest to its slowest; undefined when no assumption got through. */
  readonly range: RehearsedRange | undefined;
  /** True when every rehearsal got through. */
  readonly through: boolean;
}

/**
 * Reads what the plan touches, makes a twin of it and runs the plan there under every assumption.
 * @throws AksMiError `PLAN_STALE` when the clusters are not as the plan has them, `BLOCKED` when one is at work
 */
export async function rehearsePlan(
  connection: Connection,
  plan: MigrationPlan,
  options: RehearseOptions,
): Promise<RehearsedPlan> {
  const azure = connection.azure();
  const start = connection.clock.now();
  const clusters: LiveCluster[] = [];
  for (const clusterPlan of plan.clusters) {
    const cluster = await readCluster(azure, migrationOf(plan, clusterPlan, new History(), new MemoryOperationStore()));
    await ensureNotStale(azure, clusterPlan, cluster);
    const live = { plan: clusterPlan, cluster };
    ensureSettled(live);
    clusters.push(live);
  }
  const twin = await readTwin(azure, clusters, start);
  options.onTwin?.(twin);
  return rehearseOn({ plan, twin, start, tool: options.tool }, options);
}

/** Runs the plan on a twin under every assumption. Virtual time only: nothing is read or written elsewhere. */
export async function rehearseOn(settings: RehearsalSettings, options: RehearseOptions): Promise<RehearsedPlan> {
  const { plan, twin } = settings;
  const deadPrincipal = plan.clusters.some(({ from }) => from.servicePrincipal?.dead !== undefined);
  const assumptions = listAssumptions({ thorough: options.thorough, deadPrincipal });
  const rehearsals: Rehearsal[] = [];
  for (const assumption of assumptions) rehearsals.push(await rehearseOnce(settings, assumption, NO_TROUBLE));
  const range = await rehearseRange(settings, assumptions, rehearsals);
  if (options.faultSeed !== undefined) {
    for (const assumption of assumptions)
      rehearsals.push(await rehearseOnce(settings, assumption, makeTrouble(options.faultSeed, assumption)));
  }
  return { plan, twin, rehearsals, range, through: rehearsals.every(({ through }) => through) };
}

/** The shortest of the rehearsals at Azure's quickest, and the longest at its slowest. */
async function rehearseRange(
  settings: RehearsalSettings,
  assumptions: readonly Assumption[],
  rehearsals: readonly Rehearsal[],
): Promise<RehearsedRange | undefined> {
  const done = assumptions
    .map((assumption, index) => ({ assumption, rehearsal: rehearsals[index]! }))
    .filter(({ rehearsal }) => rehearsal.through)
    .sort((a, b) => lengthOf(a.rehearsal) - lengthOf(b.rehearsal));
  const [shortest, longest] = [done[0], done.at(-1)];
  if (!shortest || !longest) return undefined;
  const quick = await rehearseOnce(settings, atPace(shortest.assumption, "minMs"), NO_TROUBLE);
  const slow = await rehearseOnce(settings, atPace(longest.assumption, "maxMs"), NO_TROUBLE);
  const proof =
    quick.provenAfterMs === undefined || slow.provenAfterMs === undefined
      ? undefined
      : { minMs: quick.provenAfterMs, maxMs: slow.provenAfterMs };
  return { total: { minMs: quick.durationMs, maxMs: slow.durationMs }, proof };
}

/** The token switchover hides how long the nodes took: the proof tells first. */
function lengthOf({ provenAfterMs, durationMs }: Rehearsal): number {
  return provenAfterMs ?? durationMs;
}

/** What is under way in Azure cannot be copied: a twin would wait for it for ever. */
function ensureSettled({ plan, cluster }: LiveCluster): void {
  const busy = unsettledStates(cluster).filter(({ state }) => !isTerminal(state));
  if (busy.length === 0) return;
  throw new AksMiError(
    "BLOCKED",
    `${plan.id.split("/").at(-1)} is at work, which no twin can show: ${busy.map(({ what, state }) => `${what} is ${state}`).join(", ")}.`,
    "Wait until the operation has ended, then rehearse.",
  );
}
