import { ACTIVITY_LOG_DAYS, ACTIVITY_LOG_DELAY_MS, type Activity } from "../azure/activity-log.ts";
import type { Azure } from "../azure/azure.ts";
import { parseResourceGroupId, resourceGroupOf, sameId } from "../azure/ids.ts";
import { reasonFor } from "../azure/refusals.ts";
import { formatDuration, formatInstant, MINUTE_MS } from "../engine/clock.ts";
import { type Known, known, unknown } from "../engine/known.ts";
import type { Outcome } from "../engine/outcome.ts";
import type { ClusterFacts } from "../plan/schema.ts";
import { clusterSubnets, nodeResourceGroupId } from "./grants.ts";
import type { Migration } from "./migration.ts";

/** Whom a cluster acted as before its switch. At least one of the ids is there. */
export interface OldPrincipal {
  /** The application id; known of service principals. */
  readonly clientId: string | undefined;
  readonly objectId: string | undefined;
}

/** Whom the control plane acts as before the switch; undefined when it keeps its identity, or nobody knows it any more. */
export function oldPrincipalOf({ from, target }: Pick<Migration, "from" | "target">): OldPrincipal | undefined {
  const { servicePrincipal, controlPlane } = from;
  if (servicePrincipal) return { clientId: servicePrincipal.clientId, objectId: servicePrincipal.objectId };
  if (!controlPlane || !target.controlPlane || sameId(controlPlane.resourceId, target.controlPlane.id))
    return undefined;
  return { clientId: undefined, objectId: controlPlane.objectId };
}

/** A principal in a sentence. */
export function describePrincipal({ clientId, objectId }: OldPrincipal): string {
  return clientId ? `service principal ${clientId}` : `the old identity (${objectId})`;
}

/** The resource groups in which the control plane writes: that of the nodes first, then those of the networks and addresses. */
export function touchedGroups(clusterId: string, facts: ClusterFacts): string[] {
  const { routeTables, securityGroups, publicIps } = facts.network;
  const zone = facts.privateDnsZone ? [facts.privateDnsZone] : [];
  const touched = [...clusterSubnets(facts), ...routeTables, ...securityGroups, ...publicIps, ...zone].map(
    (id) => resourceGroupOf(id)!,
  );
  const groups = [nodeResourceGroupId(clusterId, facts), ...touched];
  return groups.filter((id, index) => groups.findIndex((other) => sameId(other, id)) === index);
}

/** Something that a principal did: a write in Azure, or a sign-in. */
export interface Use {
  readonly at: Date;
  /** `Microsoft.Network/loadBalancers/write`, or what it signed in to. */
  readonly what: string;
  /** The resource that it wrote. */
  readonly resourceId?: string | undefined;
  readonly correlationId?: string | undefined;
}

/** What the activity log tells of a principal. */
export interface UseReading {
  /** From when on it was read. */
  readonly from: Date;
  /** When it was read. */
  readonly to: Date;
  /** Names of the resource groups that were looked at. */
  readonly groups: readonly string[];
  readonly lastUse: Use | undefined;
}

/** Reads when a principal last wrote in some resource groups since the switch. Never throws for what may not be read. */
export async function readUse(
  azure: Azure,
  principal: OldPrincipal,
  resourceGroupIds: readonly string[],
  switchedAt: Date,
): Promise<Known<UseReading>> {
  const groups = resourceGroupIds.map((id) => parseResourceGroupId(id)!);
  const uses: Use[] = [];
  let [from, to] = [switchedAt, switchedAt];
  for (const { subscription, name } of groups) {
    try {
      const reading = await azure.activityLog.read(subscription, name, switchedAt);
      if (!reading.activities) return unknown(`the activity log of ${name} is too long to be read`);
      // What is said of all groups is said of the stretch in which each was read.
      from = reading.from > from ? reading.from : from;
      to = to === switchedAt || reading.to < to ? reading.to : to;
      uses.push(...reading.activities.filter((activity) => isBy(activity, principal)).map(useOf));
    } catch (error) {
      return unknown(reasonFor(error, `the activity log of ${name}`));
    }
  }
  return known({ from, to, groups: groups.map(({ name }) => name), lastUse: latest(uses) });
}

/** Azure tells service principals by either of their ids, so each place where one may stand is looked at. */
function isBy({ caller, appId, objectId }: Activity, principal: OldPrincipal): boolean {
  const own = [principal.clientId, principal.objectId].flatMap((id) => id?.toLowerCase() ?? []);
  return [caller, appId, objectId].some((id) => id !== undefined && own.includes(id.toLowerCase()));
}

function useOf({ at, operation, resourceId, correlationId }: Activity): Use {
  return { at, what: operation, resourceId, correlationId };
}

/** The last of some uses. */
export function latest(uses: readonly (Use | undefined)[]): Use | undefined {
  return uses.reduce((last, use) => (use && (!last || use.at > last.at) ? use : last), undefined);
}

/** What can be said of a principal's use since the switch. */
export type PrincipalUse = {
  /** In one sentence, without a full stop. */
  readonly seen: string;
} & (
  | { readonly kind: "none"; readonly lastUse: Use | undefined }
  /** It has been used, and not long enough ago; `expected` while tokens of before the switch may be valid. */
  | { readonly kind: "recent"; readonly lastUse: Use; readonly expected: boolean; readonly knownAt: Date }
  | { readonly kind: "too-early"; readonly knownAt: Date }
  | { readonly kind: "not-assessed" }
);

/**
 * Judges what the log tells. Nothing has used a principal only if the log tells of none for as long as its tokens last,
 * and of that only what must have arrived in the log by now counts.
 * @param quietMs how long tokens of before the switch may be used: the plan's token switchover
 */
export function judgeUse(
  principal: OldPrincipal,
  switchedAt: Date,
  quietMs: number,
  reading: Known<UseReading>,
): PrincipalUse {
  const who = describePrincipal(principal);
  if (!reading.known) {
    return { kind: "not-assessed", seen: `whether ${who} is still used is not known: ${reading.reason}` };
  }
  const { from, to, groups, lastUse } = reading.value;
  const where = groups.join(", ");
  const span = formatDuration(quietMs);
  const knownAt = new Date((lastUse?.at ?? from).getTime() + quietMs + ACTIVITY_LOG_DELAY_MS);
  const isQuiet = to >= knownAt;
  if (lastUse) {
    const ago = formatDuration(Math.max(0, to.getTime() - lastUse.at.getTime()));
    const seen = `${who} was last used on ${formatInstant(lastUse.at)} (${lastUse.what}), ${ago} ago`;
    if (isQuiet)
      return { kind: "none", seen: `${seen}, and not since, as far as the activity log of ${where} tells`, lastUse };
    const expected = lastUse.at.getTime() <= switchedAt.getTime() + quietMs;
    const why = expected
      ? `tokens of before the switch may be used for ${span}`
      : `that is more than ${span} after the switch, so something still signs in with it`;
    return { kind: "recent", seen: `${seen}: ${why}`, lastUse, expected, knownAt };
  }
  const since =
    from > switchedAt
      ? `in the last ${ACTIVITY_LOG_DAYS} days, as far as the log goes back`
      : `since the switch of ${formatInstant(switchedAt)}`;
  const seen = `${who} has written nothing in ${where} ${since}`;
  if (isQuiet) return { kind: "none", seen, lastUse: undefined };
  const late = `entries are up to ${ACTIVITY_LOG_DELAY_MS / MINUTE_MS} minutes late`;
  return {
    kind: "too-early",
    seen: `${seen}; ${span} of that are known on ${formatInstant(knownAt)} (${late})`,
    knownAt,
  };
}

/** PM005: what `verify` says about it; nothing when the principal is not used any more. */
export function checkPrincipalUse(use: PrincipalUse): Outcome[] {
  switch (use.kind) {
    case "none":
      return [];
    case "recent":
      return [
        {
          check: "PM005",
          severity: use.expected ? "info" : "high",
          seen: use.seen,
          remedy: use.expected
            ? `Keep it valid, and look again after ${formatInstant(use.knownAt)}.`
            : "Find what signs in with it (its sign-in log, secrets and config maps with `aks-mi verify --in-cluster`) and give that an identity of its own; keep it valid until then.",
          link: "https://learn.microsoft.com/azure/azure-monitor/platform/activity-log",
        },
      ];
    default:
      return [{ check: "PM005", reason: use.seen }];
  }
}
