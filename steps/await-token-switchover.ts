import type { Azure } from "../src/azure/azure.ts";
import { formatDuration, formatInstant, MINUTE_MS } from "../src/engine/clock.ts";
import type { ApplyEvent, Change, Step } from "../src/engine/step.ts";
import { nodeResourceGroupId } from "../src/migration/grants.ts";
import { readCluster } from "../src/migration/held-grants.ts";
import type { Migration } from "../src/migration/migration.ts";
import { readOtherUses } from "../src/migration/other-uses.ts";
import { judgeUse, oldPrincipalOf, type PrincipalUse, readUse } from "../src/migration/principal-use.ts";
import { readSwitchEnd } from "../src/migration/switch-time.ts";

interface Facts {
  readonly switchedAt: Date | undefined;
  /** Undefined before the switch, and where nobody knows whom the cluster has left. */
  readonly use: PrincipalUse | undefined;
  /** What else speaks against removing the old principal; looked for only when the activity log does not. */
  readonly otherUses: readonly string[] | undefined;
}

/**
 * Waits until nothing can be using a token of the old identity any more: control plane components keep theirs until it
 * expires, which takes hours (AKS documentation). Until then the old principal must stay valid. The wait ends with its
 * time; what the activity log tells of the old principal's use is its evidence, and never makes it longer.
 * @param gaps what does not work before nothing uses the old principal any more
 */
export function awaitTokenSwitchover(migration: Migration, gaps: readonly Change[], azure: Azure): Step<Facts, Change> {
  const { clusterId, facts, from, tokenSwitchoverMs } = migration;
  return {
    id: "await-token-switchover",
    gaps,
    async detect() {
      const cluster = await readCluster(azure, migration);
      const switchedAt = await readSwitchEnd(azure, migration, cluster);
      const principal = oldPrincipalOf(migration);
      if (!switchedAt || !principal) return { switchedAt, use: undefined, otherUses: undefined };
      const reading = await readUse(azure, principal, [nodeResourceGroupId(clusterId, facts)], switchedAt);
      const use = judgeUse(principal, switchedAt, tokenSwitchoverMs, reading);
      const { clientId, objectId } = principal;
      const isCandidate = use.kind === "none" && clientId !== undefined;
      const otherUses = isCandidate
        ? (await readOtherUses(azure, clusterId, cluster, { clientId, objectId })).against
        : undefined;
      return { switchedAt, use, otherUses };
    },
    decide({ switchedAt, use }, now) {
      const hours = formatDuration(tokenSwitchoverMs);
      if (!switchedAt) return { kind: "wait", reason: "The cluster has not been switched yet.", pollMs: MINUTE_MS };
      const until = new Date(switchedAt.getTime() + tokenSwitchoverMs);
      if (now >= until) {
        const seen = use
          ? sentence(use.seen)
          : "Whom the cluster has left is not known, so nobody looked whether that is still used.";
        return {
          kind: "done",
          evidence: `The switch of ${formatInstant(switchedAt)} is more than ${hours} ago. ${seen}`,
        };
      }
      // Said at the beginning: until the end there is time to ask for the right to read the log.
      const gap = use?.kind === "not-assessed" ? ` ${sentence(use.seen)}` : "";
      const keep = from.servicePrincipal?.dead
        ? "there is no valid service principal left that they could use meanwhile"
        : "the service principal must stay valid until then";
      const reason = `Components keep the old identity's token for up to ${hours}; ${keep}.${gap}`;
      return { kind: "wait", reason, until, pollMs: MINUTE_MS, idle: true };
    },
    progress: ({ use, otherUses }) => (use ? [eventOf(use, otherUses)] : []),
    async apply() {},
  };
}

function eventOf(use: PrincipalUse, otherUses: readonly string[] | undefined): ApplyEvent {
  const lastUse = use.kind === "none" || use.kind === "recent" ? use.lastUse : undefined;
  return {
    type: "principal:use",
    use: use.kind,
    seen: sentence(use.seen),
    ...(lastUse ? { lastUseAt: lastUse.at.toISOString() } : {}),
    ...("knownAt" in use ? { knownAt: use.knownAt.toISOString() } : {}),
    ...(otherUses ? { otherUses } : {}),
  };
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}
