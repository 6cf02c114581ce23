import { pointOfNoReturn } from "../../src/execute/traces.ts";
import type { MigrationCase } from "./cases.ts";
import { differencesOf, readTrail, type Trail } from "./differences.ts";
import { Crash, Disk, type Ended, runProcess } from "./process.ts";
import { Site } from "./site.ts";
import { changesSince, type Inventory, readInventory, undoRun } from "./take-back.ts";

/** How often a run may be resumed before it counts as one that never ends. */
const MAX_RESUMES = 3;

/** A run that was left alone: what it left behind, and each point at which it could have died. */
export interface Undisturbed {
  readonly migration: MigrationCase;
  readonly site: Site;
  readonly points: readonly string[];
  /** The first point at which it had begun what cannot be taken back. */
  readonly wayBackEnds: number;
  readonly trail: Trail;
}

/** One point at which a process died, and in what the resumed run differs. */
export interface Crashed {
  readonly point: number;
  readonly what: string;
  readonly differences: readonly string[];
}

/** Runs a case once to its end and notes each request and each journal write, before and after. */
export async function runUndisturbed(migration: MigrationCase): Promise<Undisturbed> {
  const site = await Site.open(migration);
  const cluster = site.plan.clusters[0]!;
  if (cluster.path !== migration.path || cluster.blocked) {
    throw new Error(`${migration.name}: ${cluster.path}, ${JSON.stringify(cluster.findings)}`);
  }
  const disk = new Disk();
  const points: string[] = [];
  let wayBackEnds: number | undefined;
  const ended = await runProcess(site, disk, {
    point: (what) => points.push(what),
    onEvent(event) {
      if (pointOfNoReturn([event]) !== undefined) wayBackEnds ??= points.length;
    },
  });
  if (ended.kind !== "done") throw new Error(`${migration.name}: ${describeEnd(ended)}`);
  return { migration, site, points, wayBackEnds: wayBackEnds!, trail: await readTrail(site, disk) };
}

/** Runs the case again, lets its process die at one point, resumes at the same moment, and compares. */
export async function crashAt(undisturbed: Undisturbed, point: number): Promise<Crashed> {
  const { points, trail } = undisturbed;
  const { site, disk, first } = await dieAt(undisturbed, point);
  const what = points[point]!;
  if (first.kind !== "crashed") return { point, what, differences: [`it did not die: ${describeEnd(first)}`] };
  for (let resumes = 0; resumes < MAX_RESUMES; resumes++) {
    const ended = await runProcess(site, disk, { point() {} });
    if (ended.kind === "done") return { point, what, differences: differencesOf(trail, await readTrail(site, disk)) };
    if (resumes === MAX_RESUMES - 1) return { point, what, differences: [`resumed: ${describeEnd(ended)}`] };
  }
  throw new Error("unreachable");
}

/**
 * Runs the case again, lets its process die at one point, takes back what it made, and compares with what was there before.
 * @param point before `wayBackEnds`
 */
export async function undoAt(undisturbed: Undisturbed, point: number): Promise<Crashed> {
  const { site, disk, before } = await dieAt(undisturbed, point);
  const { doubtful } = await undoRun(site, disk);
  const left = changesSince(before, await readInventory(site));
  const kept = doubtful.map(({ resourceId, reason }) => `${resourceId}: ${reason}`);
  return { point, what: `${undisturbed.points[point]!}, then undo`, differences: [...left, ...kept] };
}

async function dieAt(
  { migration, site: planned }: Undisturbed,
  point: number,
): Promise<{ site: Site; disk: Disk; first: Ended; before: Inventory }> {
  const site = await Site.open(migration, { plan: planned.plan });
  const before = await readInventory(site);
  // Both runs are to be as old as each other: making a plan takes no time, but it is a number of requests.
  const disk = new Disk();
  let passed = 0;
  let dead = false;
  const first = await runProcess(site, disk, {
    point() {
      if (dead || passed++ === point) {
        dead = true;
        throw new Crash();
      }
    },
  });
  return { site, disk, first, before };
}

/** How a process ended, in words. */
export function describeEnd(ended: Ended): string {
  if (ended.kind === "failed") return ended.error instanceof Error ? (ended.error.stack ?? "") : String(ended.error);
  return ended.kind === "paused" ? `paused: ${ended.reason}` : ended.kind;
}
