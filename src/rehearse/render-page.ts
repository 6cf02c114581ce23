import type { Page } from "../report/page.ts";
import { count, formatLength, formatRange, formatTime, sentence } from "../report/words.ts";
import { describeDifferences } from "./compare.ts";
import type { RehearsedPlan } from "./rehearse.ts";
import type { Rehearsal, RehearsedCluster } from "./rehearse-once.ts";
import type { TimelineEntry } from "./timeline.ts";

const MARKS: Record<TimelineEntry["kind"], string> = {
  step: "▸",
  change: "·",
  wait: "◷",
  pause: "‖",
  drain: "↻",
  broken: "✖",
  end: "■",
};

/** A rehearsed plan for a terminal: the timeline, the end state, and what hangs on Azure's answers. */
export function renderRehearsal(page: Page, rehearsed: RehearsedPlan): string {
  const { plan, twin, rehearsals, range } = rehearsed;
  const [expected] = rehearsals as [Rehearsal];
  page.title(`Rehearsal of ${plan.metadata.name}`, verdict(rehearsed));
  page.field("Twin", `${count(twin.resources.length, "resource")} read from Azure; nothing was written`);
  for (const { what, reason } of twin.gaps) page.field("Not in it", `${what}: ${reason}`);
  for (const text of NOT_REHEARSED) page.field("Not tried", text);
  if (range?.proof) page.field("Proven", `after ${formatRange(range.proof)}`);
  page.field("In all", range ? formatRange(range.total) : "no assumption got through");
  for (const cluster of expected.clusters) printTimeline(page, cluster, expected);
  for (const cluster of expected.clusters) printEnd(page, cluster);
  printAssumptions(page, rehearsals);
  return page.text();
}

/** What a twin cannot know, whatever may be read. */
export const NOT_REHEARSED: readonly string[] = [
  "your own rights, policies and quotas: in the twin you may do everything",
  "what is inside the cluster: disruption budgets and workloads were not read",
];

function verdict({ rehearsals, through }: RehearsedPlan): string {
  if (through) return `all ${count(rehearsals.length, "rehearsal")} got through`;
  const failed = rehearsals.filter((rehearsal) => !rehearsal.through).length;
  return `${failed} of ${count(rehearsals.length, "rehearsal")} did not get through`;
}

function printTimeline(page: Page, { id, timeline }: RehearsedCluster, rehearsal: Rehearsal): void {
  const { paint } = page;
  page.heading(`${id.split("/").at(-1)}, as Azure is expected to answer, from ${formatTime(rehearsal.start)}`);
  for (const entry of timeline) {
    const offset = entry.kind === "change" ? "" : `+${formatLength(entry.atMs)}`;
    const style = entry.kind === "step" ? paint.bold : entry.kind === "broken" ? paint.red : (text: string) => text;
    const requests = entry.kind === "step" && entry.step ? rehearsal.requestsOf?.[entry.step] : undefined;
    const asked = requests ? ` (${count(requests.reads, "read")}, ${count(requests.writes, "write")})` : "";
    const lasts = entry.lastsMs ? `  ${paint.dim(formatLength(entry.lastsMs))}` : "";
    const mark = `${paint.dim(offset.padEnd(11))} ${MARKS[entry.kind]}`;
    page.bullet(mark, `${style(entry.text)}${paint.dim(asked)}${lasts}`);
  }
}

function printEnd(page: Page, cluster: RehearsedCluster): void {
  page.heading(`${cluster.id.split("/").at(-1)} in the end`);
  for (const text of describeEnd(cluster)) page.bullet("·", text);
}

/** How a cluster ends, in sentences. */
export function describeEnd({ end, outcome }: RehearsedCluster): string[] {
  const pools = end.pools.map(({ name, nodes, evidence }) => `${name} (${count(nodes, "node")}: ${evidence})`);
  const texts = [
    `${end.complete ? "The migration is complete" : "The migration is not complete"}: ${end.state}.`,
    `Control plane: ${end.controlPlane}; kubelet identity: ${end.kubeletIdentity ?? "none"}.`,
    `Nodes: ${pools.join(", ")}.`,
    ...(end.made.length > 0 ? [`New in Azure: ${end.made.join("; ")}.`] : []),
  ];
  if (outcome.kind === "failed") texts.unshift(`It failed: ${outcome.message} ${outcome.remedy}`);
  if (outcome.kind === "paused") texts.unshift(sentence(`it paused without end: ${outcome.reason}`));
  return texts;
}

function printAssumptions(page: Page, rehearsals: readonly Rehearsal[]): void {
  const { paint } = page;
  page.heading("What hangs on Azure's answers");
  for (const rehearsal of rehearsals) {
    const mark = rehearsal.through ? paint.green("✔") : paint.red("✖");
    page.bullet(mark, `${paint.bold(nameOf(rehearsal))}: ${summaryOf(rehearsal)}`);
    for (const text of resultsOf(rehearsals, rehearsal)) page.bullet("·", text, 4);
  }
}

/** The assumption, and whether there was trouble. */
export function nameOf({ assumption, troubled }: Rehearsal): string {
  return troubled ? `${assumption}, with trouble` : assumption;
}

/** How long a cluster's run stood still until it was resumed. */
function pausedFor({ pauses }: RehearsedCluster): number {
  return pauses.reduce((sum, { lastsMs }) => sum + (lastsMs ?? 0), 0);
}

/** A rehearsal in figures. */
export function summaryOf({ clusters, requests, provenAfterMs, durationMs, retries }: Rehearsal): string {
  const drains = clusters.reduce((sum, { rolls }) => sum + rolls.length, 0);
  const pausedMs = Math.max(...clusters.map(pausedFor));
  return [
    count(drains, "drain"),
    `${count(requests.reads, "read")}, ${count(requests.writes, "write")}`,
    ...(retries > 0 ? [`sent again ${count(retries, "time")}`] : []),
    ...(pausedMs > 0 ? [`paused for ${formatLength(pausedMs)}`] : []),
    ...(provenAfterMs === undefined ? [] : [`proven after ${formatLength(provenAfterMs)}`]),
    `${formatLength(durationMs)} in all`,
  ].join(", ");
}

/** How a rehearsal ended where it did not get through, and what went otherwise than expected. */
export function resultsOf(rehearsals: readonly Rehearsal[], rehearsal: Rehearsal): string[] {
  const stops = rehearsal.clusters.flatMap(({ id, outcome }) => {
    const name = id.split("/").at(-1);
    if (outcome.kind === "failed") return [`${name} fails: ${outcome.message} ${outcome.remedy}`];
    return outcome.kind === "paused" ? [`${name} pauses without end: ${outcome.reason}`] : [];
  });
  const [expected] = rehearsals as [Rehearsal];
  if (rehearsal === expected) return stops;
  const differences = describeDifferences(expected, rehearsal);
  return [...stops, ...(differences.length === 0 ? ["nothing differs"] : differences)];
}
