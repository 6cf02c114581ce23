import type { Azure } from "../src/azure/azure.ts";
import { clusterState, isTerminal } from "../src/azure/managed-cluster.ts";
import { MINUTE_MS } from "../src/engine/clock.ts";
import type { Change, Step } from "../src/engine/step.ts";
import { readCluster } from "../src/migration/held-grants.ts";
import type { Migration } from "../src/migration/migration.ts";
import { type PoolEvidence, readNodeEvidence } from "../src/migration/nodes.ts";
import { readSwitchStart } from "../src/migration/switch-time.ts";
import { missingFromMigration } from "../src/migration/verification.ts";

interface Facts {
  readonly state: string;
  readonly pools: readonly PoolEvidence[];
  /** What is not as the plan wants it, in sentences. */
  readonly missing: readonly string[];
}

/** Proves that the migration is complete: the cluster as planned, and every pool and node with its evidence. */
export function verifyMigration(migration: Migration, azure: Azure): Step<Facts, Change> {
  return {
    id: "verify-migration",
    async detect() {
      const cluster = await readCluster(azure, migration);
      const pools = await readNodeEvidence(
        azure,
        migration.clusterId,
        cluster,
        await readSwitchStart(azure, migration, cluster),
      );
      return { state: clusterState(cluster), pools, missing: missingFromMigration(cluster, migration.target, pools) };
    },
    decide({ state, pools, missing }) {
      if (!isTerminal(state)) return { kind: "wait", reason: `The cluster is ${state}.`, pollMs: MINUTE_MS };
      const [first] = missing;
      if (first !== undefined) {
        return {
          kind: "failed",
          code: "PM001",
          message: `The migration is not complete: ${missing.join("; ")}.`,
          remedy: "Look at the cluster and its activity log for what someone else changed, then run `aks-mi resume`.",
        };
      }
      const nodes = pools.reduce((sum, pool) => sum + pool.nodes, 0);
      return {
        kind: "done",
        evidence: `The cluster is on the planned identities, and so are its ${nodes} nodes (${describe(pools)}).`,
      };
    },
    async apply() {},
  };
}

function describe(pools: readonly PoolEvidence[]): string {
  return pools.map((pool) => `${pool.pool}: ${pool.seen}`).join("; ");
}
