import { isGap } from "../engine/step.ts";
import { count, formatLength } from "../report/words.ts";
import { type BrokenWork, brokenWords } from "./cluster-life.ts";
import type { EndState } from "./end-state.ts";
import type { Pause } from "./pauses.ts";
import type { Rehearsal, RehearsedCluster } from "./rehearse-once.ts";

/** A difference in duration below this is noise. */
const NOTABLE_MS = 60_000;

/** What went otherwise than in the expected rehearsal, in sentences without a full stop. Empty: nothing did. */
export function describeDifferences(expected: Rehearsal, other: Rehearsal): string[] {
  const several = expected.clusters.length > 1;
  const found = other.clusters.flatMap((cluster, index) =>
    differencesOf(expected.clusters[index]!, cluster, other.start).map((text) =>
      several ? `${cluster.id.split("/").at(-1)}: ${text}` : text,
    ),
  );
  const moreMs = other.durationMs - expected.durationMs;
  const proofMs = (other.provenAfterMs ?? 0) - (expected.provenAfterMs ?? 0);
  if (other.through && Math.abs(proofMs) >= NOTABLE_MS) found.push(`proven ${later(proofMs)}`);
  if (other.through && Math.abs(moreMs) >= NOTABLE_MS) found.push(`all steps done ${later(moreMs)}`);
  return found;
}

function later(ms: number): string {
  return `${formatLength(Math.abs(ms))} ${ms > 0 ? "later" : "earlier"}`;
}

function differencesOf(expected: RehearsedCluster, other: RehearsedCluster, start: string): string[] {
  const texts: string[] = [];
  const [before, now] = [appliedKeys(expected), appliedKeys(other)];
  const keysOnly = (mine: ReadonlyMap<string, string>, theirs: ReadonlyMap<string, string>) =>
    [...mine].filter(([key]) => !theirs.has(key)).map(([, summary]) => summary);
  const ended = other.outcome.kind === "done";
  texts.push(...keysOnly(now, before).map((summary) => `in addition: ${summary}`));
  if (ended) texts.push(...keysOnly(before, now).map((summary) => `not needed: ${summary}`));
  texts.push(...describePauses(expected, other));
  texts.push(...describeDrains(expected, other));
  texts.push(...describeBroken(expected.broken, other.broken, start));
  if (ended) texts.push(...describeEnd(expected.end, other.end));
  return texts;
}

/** What was changed, by key; gaps are announced, not changed. */
function appliedKeys({ view }: RehearsedCluster): Map<string, string> {
  const changes = view.steps.flatMap(({ changes }) => changes);
  return new Map(
    changes.filter((change) => change.state === "applied" && !isGap(change)).map(({ key, summary }) => [key, summary]),
  );
}

function describePauses(expected: RehearsedCluster, other: RehearsedCluster): string[] {
  const isNew = ({ reason }: Pause) => expected.pauses.every((pause) => pause.reason !== reason);
  return other.pauses.flatMap((pause) =>
    pause.lastsMs !== undefined && isNew(pause)
      ? [`it pauses for ${formatLength(pause.lastsMs)}, until it is resumed: ${pause.reason}`]
      : [],
  );
}

function describeDrains(expected: RehearsedCluster, other: RehearsedCluster): string[] {
  const [before, now] = [rollsPerPool(expected), rollsPerPool(other)];
  const texts = [...new Set([...before.keys(), ...now.keys()])].flatMap((pool) => {
    const [was, is] = [before.get(pool) ?? 0, now.get(pool) ?? 0];
    return was === is ? [] : [`pool ${pool}: ${count(is, "drain")} instead of ${was}`];
  });
  const replaced = (cluster: RehearsedCluster) => cluster.rolls.filter(({ replacedBy }) => replacedBy).length;
  if (replaced(other) > replaced(expected))
    texts.push(`${count(replaced(other), "node")} come back under another name`);
  return texts;
}

function rollsPerPool({ rolls }: RehearsedCluster): Map<string, number> {
  const found = new Map<string, number>();
  for (const { pool } of rolls) found.set(pool, (found.get(pool) ?? 0) + 1);
  return found;
}

function describeBroken(expected: readonly BrokenWork[], other: readonly BrokenWork[], start: string): string[] {
  const sum = (works: readonly BrokenWork[], kind: string) =>
    works.filter((work) => work.kind === kind).reduce((total, { times }) => total + times, 0);
  return [...new Set([...expected, ...other].map(({ kind }) => kind))].flatMap((kind) => {
    const [was, is] = [sum(expected, kind), sum(other, kind)];
    if (was === is) return [];
    return [`${brokenWords(kind, is)} instead of ${was}${is > 0 ? `, ${windowOf(other, kind, start)}` : ""}`];
  });
}

/** Between which moments of the run some work failed. */
function windowOf(works: readonly BrokenWork[], kind: string, start: string): string {
  const own = works.filter((work) => work.kind === kind);
  const since = (at: string) => `+${formatLength(Date.parse(at) - Date.parse(start))}`;
  const from = own.map((work) => work.from).sort()[0]!;
  const to = own
    .map((work) => work.to)
    .sort()
    .at(-1)!;
  return `between ${since(from)} and ${since(to)}`;
}

function describeEnd(expected: EndState, other: EndState): string[] {
  const texts: string[] = [];
  if (expected.state !== other.state || expected.complete !== other.complete)
    texts.push(`it ends ${other.complete ? "complete" : "incomplete"} as ${other.state}`);
  if (expected.controlPlane !== other.controlPlane) texts.push(`the control plane ends on ${other.controlPlane}`);
  if (expected.kubeletIdentity !== other.kubeletIdentity)
    texts.push(`the kubelet identity ends as ${other.kubeletIdentity ?? "none"}`);
  for (const made of other.made.filter((item) => !expected.made.includes(item))) texts.push(`it also made ${made}`);
  for (const made of expected.made.filter((item) => !other.made.includes(item))) texts.push(`it did not make ${made}`);
  for (const [image, pools] of otherImages(expected, other))
    texts.push(`${image} is the node image of ${pools.join(", ")} in the end`);
  return texts;
}

/** The pools that end on another image than expected, by that image. */
function otherImages(expected: EndState, other: EndState): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { name, nodeImageVersion } of other.pools) {
    const was = expected.pools.find((pool) => pool.name === name)?.nodeImageVersion;
    if (nodeImageVersion === undefined || was === nodeImageVersion) continue;
    found.set(nodeImageVersion, [...(found.get(nodeImageVersion) ?? []), name]);
  }
  return found;
}
