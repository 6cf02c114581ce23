import { CASES, type MigrationCase } from "./cases.ts";
import { describeEnd } from "./crash.ts";
import { Disk, type Ended, type Hooks, runProcess } from "./process.ts";
import type { Site } from "./site.ts";

/** The case of a name. */
export function caseOf(name: string): MigrationCase {
  return CASES.find((migration) => migration.name === name)!;
}

/** Runs until it is done, with someone meddling on the way. */
export async function runUntilDone(
  site: Site,
  hooks: Hooks = { point() {} },
  starts = 5,
): Promise<{ ended: Ended[]; disk: Disk }> {
  const disk = new Disk();
  const ended: Ended[] = [];
  while (ended.length < starts && ended.at(-1)?.kind !== "done") ended.push(await runProcess(site, disk, hooks));
  return { ended, disk };
}

/** How processes ended, each in one line. */
export function kinds(ended: readonly Ended[]): (string | undefined)[] {
  return ended.map((end) => (end.kind === "failed" ? describeEnd(end).split("\n")[0] : end.kind));
}
