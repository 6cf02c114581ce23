import type { Azure } from "../src/azure/azure.ts";
import { formatDuration, formatInstant, MINUTE_MS } from "../src/engine/clock.ts";
import type { Change, Step } from "../src/engine/step.ts";
import { readCluster } from "../src/migration/held-grants.ts";
import type { Migration } from "../src/migration/migration.ts";
import { readSwitchEnd } from "../src/migration/switch-time.ts";

/**
 * Waits until nothing can be using a token of the old identity any more: control plane components keep theirs until it
 * expires, which takes hours (AKS documentation). Until then the old principal must stay valid.
 */
export function awaitTokenSwitchover(migration: Migration, azure: Azure): Step<Date | undefined, Change> {
  return {
    id: "await-token-switchover",
    async detect() {
      return readSwitchEnd(azure, migration, await readCluster(azure, migration));
    },
    decide(switchedAt, now) {
      const hours = formatDuration(migration.tokenSwitchoverMs);
      if (!switchedAt) return { kind: "wait", reason: "The cluster has not been switched yet.", pollMs: MINUTE_MS };
      const until = new Date(switchedAt.getTime() + migration.tokenSwitchoverMs);
      if (now >= until)
        return { kind: "done", evidence: `The switch of ${formatInstant(switchedAt)} is more than ${hours} ago.` };
      const reason = `Components keep the old identity's token for up to ${hours}; the service principal must stay valid until then.`;
      return { kind: "wait", reason, until, pollMs: MINUTE_MS };
    },
    async apply() {},
  };
}
