import { sameId } from "../../src/azure/ids.ts";
import { HOUR_MS, parseDuration } from "../../src/engine/clock.ts";
import type { Event } from "../../src/engine/events.ts";
import { CLOCK_SLACK_MS } from "../../src/migration/evidence.ts";
import { principalOf } from "./needs.ts";
import type { Subject } from "./site.ts";

/** Something that an emulated cluster did, or failed to do; what recurs is told once, up to its last time. */
interface Happening {
  readonly at: string;
  readonly to?: string;
  readonly cluster: string;
  readonly kind: string;
  readonly node?: string;
  readonly identity?: string;
  readonly ok: boolean;
  readonly reason?: string;
}

/** How long a cluster is watched once its run is done; its rounds are five minutes apart. */
const WATCHED_MS = HOUR_MS;

/**
 * Pulls that failed on nodes which had been re-imaged onto the identity that pulled: they were rolled before that could
 * pull. Those inside the gap that the plan announces are no surprise, and neither are those of an Azure that takes longer
 * over a role than the plan waits.
 */
export async function failedPulls(subject: Subject, journal: readonly Event[]): Promise<string[]> {
  if (await isSlowerThanPlanned(subject)) return [];
  const happenings = await happeningsOf(subject);
  const given = new Set(
    happenings.flatMap(({ kind, identity }) => (kind === "nodeReimaged" && identity ? [identity] : [])),
  );
  const isAnnounced = subject.plan.steps.some((step) => step.changes.some(({ key }) => key === "gap:kubelet"));
  const closed = journal.find((event) => event.type === "change:applied" && event.key === "gap:kubelet");
  return happenings
    .filter(({ kind, ok, identity }) => kind === "imagePull" && !ok && identity !== undefined && given.has(identity))
    .filter(({ at }) => !isAnnounced || (closed !== undefined && at > closed.at))
    .map(({ at, node, reason }) => `${node} was rolled before its kubelet could pull: at ${at} ${reason}`);
}

/**
 * What does not work, or works with another identity than the new ones, in the hour after the run. Nodes that somebody else
 * imaged in the very moment before the update cannot be told from those that it imaged.
 * @param identityChangedAt when Azure accepted the last update of the cluster
 */
export async function daysWork(subject: Subject, identityChangedAt: Date | undefined): Promise<string[]> {
  // Where the plan finds nothing to do from the beginning, nodes are as they were.
  if (subject.plan.path === "none" || (await isSlowerThanPlanned(subject))) return [];
  const { clock } = subject.site;
  const from = clock.now().toISOString();
  clock.advance(WATCHED_MS);
  const expected = new Map([
    ["imagePull", await principalOf(subject, "kubelet")],
    ["diskAttach", await principalOf(subject, "control-plane")],
    ["loadBalancer", await principalOf(subject, "control-plane")],
  ]);
  const found: string[] = [];
  const happenings = await happeningsOf(subject);
  const isAmbiguous = (name: string | undefined) => {
    const imaged = happenings.findLast(({ kind, node }) => kind === "nodeReimaged" && node === name);
    const beforeMs = (identityChangedAt?.getTime() ?? 0) - Date.parse(imaged?.at ?? "");
    return beforeMs >= 0 && beforeMs <= CLOCK_SLACK_MS;
  };
  for (const { at, to, kind, node, identity, ok, reason } of happenings) {
    if ((to ?? at) <= from || !expected.has(kind) || isAmbiguous(node)) continue;
    const who = node === undefined ? kind : `${kind} of ${node}`;
    if (!ok) found.push(`the run is done, and ${who} fails: ${reason}`);
    else if (identity !== expected.get(kind)) found.push(`the run is done, and ${who} still uses ${identity}`);
  }
  return found;
}

async function happeningsOf({ site, clusterId }: Subject): Promise<Happening[]> {
  return (await site.read<Happening[]>("/_emulator/events")).filter(({ cluster }) => sameId(cluster, clusterId));
}

async function isSlowerThanPlanned({ site }: Subject): Promise<boolean> {
  const behaviour = await site.read<{ rolePropagation: string; tokenSwitchover: string }>("/_emulator/behaviour");
  const { rolePropagation, tokenSwitchover } = site.plan.settings;
  return (
    parseDuration(behaviour.rolePropagation)! > parseDuration(rolePropagation.wait)! ||
    parseDuration(behaviour.tokenSwitchover)! > parseDuration(tokenSwitchover.wait)!
  );
}
