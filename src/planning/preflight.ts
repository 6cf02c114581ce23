import type { Azure } from "../azure/azure.ts";
import type { ManagedCluster } from "../azure/managed-cluster.ts";
import { MINUTE_MS, parseDuration } from "../engine/clock.ts";
import type { Finding } from "../engine/step.ts";
import { checkLocks } from "../migration/locks.ts";
import type { Migration } from "../migration/migration.ts";
import { checkOperator } from "../migration/operator-check.ts";
import { checkPolicies } from "../migration/policy.ts";
import { checkReadiness } from "../migration/preflight.ts";
import { checkCredentialsOutlast } from "../migration/principal.ts";
import type { ClusterPlan, MigrationPlan } from "../plan/schema.ts";
import { checkRoll } from "./check-nodes.ts";

/** One look at a cluster before it is written to. */
export interface Look {
  readonly azure: Azure;
  readonly cluster: ManagedCluster;
  readonly migration: Migration;
  readonly settings: MigrationPlan["settings"];
  /** The cluster's plan with the changes that are still to be made. */
  readonly plan: ClusterPlan;
  /** When the credentials of the old service principal end, latest first, where that is known. */
  readonly credentialEnds: readonly Date[] | undefined;
  /** The waits of the plan that are still to come. */
  readonly waits: readonly string[];
  /** Actions that the caller has just carried out: nobody has to be asked whether they are allowed. */
  readonly proven?: ReadonlySet<string>;
  readonly now: Date;
}

/**
 * The checks whose answer changes with time: asked when a plan is made, and again right before the point of no return. What
 * else speaks against a plan is in its facts, and a change of those makes it stale.
 */
export async function preflight(look: Look): Promise<Finding[]> {
  const { azure, cluster, migration, settings, plan, credentialEnds, proven, now } = look;
  const keys = plan.steps.flatMap(({ changes }) => changes.map(({ key }) => key));
  return [
    ...checkReadiness(cluster),
    ...(await checkLocks(azure, cluster, plan, keys)),
    ...(await checkPolicies(azure, plan.id, cluster)),
    ...checkCredentialsOutlast(credentialEnds, now, expectedEnd(look)),
    ...(await checkRoll(azure, cluster, migration, plan.path, settings.requireNodeImage === true)),
    ...(await checkOperator(azure, { settings, clusters: [plan] }, proven)),
  ];
}

/** Nodes are re-imaged in 5 to 10 minutes each, by users' reports; the longer figure counts here. */
const NODE_MS = 10 * MINUTE_MS;

/** When the plan's last wait is over if it goes on now and nodes are re-imaged one after the other. */
function expectedEnd({ waits, plan, now }: Look): Date {
  const waitsMs = waits.map((wait) => parseDuration(wait)!).reduce((sum, wait) => sum + wait, 0);
  return new Date(now.getTime() + waitsMs + rollTime(plan.from));
}

/** How long it takes to re-image all nodes, one after the other. */
export function rollTime(from: ClusterPlan["from"]): number {
  return from.pools.reduce((sum, pool) => sum + pool.nodes, 0) * NODE_MS;
}
