import type { Event } from "../../src/engine/events.ts";
import { daysWork, failedPulls } from "./days-work.ts";
import { heldSince, type Needed, principalOf } from "./needs.ts";
import type { Subject } from "./site.ts";

/** A run of one cluster that has ended done. */
export interface Ending {
  readonly subject: Subject;
  readonly journal: readonly Event[];
  /** The changes that Azure began for it. */
  readonly begun: readonly string[];
  readonly needs: readonly Needed[];
  /** How many requests ago a right that the cluster needs was taken away by someone; infinite when that never was. */
  readonly requestsSinceLoss: number;
  /** When Azure accepted the last update of the cluster. */
  readonly identityChangedAt: Date | undefined;
}

/** How many requests there may be at most between the last look at every right and the end, attempts included. */
const LAST_REQUESTS = 60;

/** What is wrong when a run has ended done: journal and Azure must agree, and the cluster must work. */
export async function wrongAtTheEnd(ending: Ending): Promise<string[]> {
  const { subject, journal, needs, requestsSinceLoss, identityChangedAt } = ending;
  const wrong = [...disagreements(ending)];
  const [cluster] = (await subject.site.makePlan(subject.site.emulator, [subject.clusterId])).clusters;
  if (cluster!.path !== "none") wrong.push(`the run is done, and a new plan would be ${cluster!.path}`);
  if (requestsSinceLoss > LAST_REQUESTS * subject.site.plan.clusters.length)
    for (const needed of needs) wrong.push(...(await missing(subject, needed)));
  // What was lost for a while may have failed for a while, and what was given back may not work yet.
  if (requestsSinceLoss !== Number.POSITIVE_INFINITY) return wrong;
  wrong.push(...(await vanished(subject, journal)));
  wrong.push(...(await failedPulls(subject, journal)));
  wrong.push(...(await daysWork(subject, identityChangedAt)));
  return wrong;
}

function* disagreements({ subject, journal, begun }: Ending): Generator<string> {
  const applied = new Set(journal.flatMap((event) => (event.type === "change:applied" ? [event.key] : [])));
  for (const key of begun) if (!applied.has(key)) yield `Azure did ${key}, and the journal says nothing`;
  for (const key of applied)
    if (!subject.approvedKeys.includes(key)) yield `the journal has ${key}, which nobody approved`;
}

async function missing(subject: Subject, needed: Needed): Promise<string[]> {
  if ((await heldSince(subject, needed)) !== undefined) return [];
  // While somebody updates the cluster, it does not show the identities of its add-ons.
  if (needed.who.startsWith("addon:") && (await principalOf(subject, needed.who)) === undefined) return [];
  return [`the run is done, and the ${needed.who} does not hold ${needed.role} on ${needed.scope}`];
}

/** What the journal says that Azure made or had for a change, and that is not there. */
async function vanished(subject: Subject, journal: readonly Event[]): Promise<string[]> {
  const bound = new Map<string, string>();
  for (const event of journal) if (event.type === "change:bound") bound.set(event.key, event.resourceId);
  const wrong: string[] = [];
  for (const [key, id] of bound)
    if ((await subject.site.ask("GET", id)).status !== 200)
      wrong.push(`${key} is ${id} in the journal, which is not there`);
  return wrong;
}
