import { assignmentId } from "../azure/assign-role.ts";
import type { Azure } from "../azure/azure.ts";
import { sameId } from "../azure/ids.ts";
import type { Event } from "../engine/events.ts";
import { History } from "../engine/history.ts";
import { MemoryOperationStore } from "../engine/operations.ts";
import { addonGrants } from "../migration/addon-grants.ts";
import { controlPlaneGrants, grantChange, kubeletGrants } from "../migration/grants.ts";
import { type Migration, migrationOf } from "../migration/migration.ts";
import { readPrincipals } from "../migration/principals.ts";
import { parseRoleKey } from "../plan/change-keys.ts";
import type { ClusterPlan, MigrationPlan } from "../plan/schema.ts";
import { type Attempt, readTraces, type Trace } from "./traces.ts";

/** Something that a run made, and that may be removed again. */
export interface Made {
  readonly key: string;
  readonly resourceId: string;
  /** What was done to make it, in words. */
  readonly summary: string;
}

/** Something that is there, and that the run may have made. */
export interface Doubtful extends Made {
  /** Why it stays, in a sentence. */
  readonly reason: string;
}

/** What a run has left in Azure for one cluster. */
export interface Left {
  /** In the order in which it is to be removed: an assignment whose principal is gone would belong to nobody. */
  readonly made: readonly Made[];
  readonly doubtful: readonly Doubtful[];
}

/**
 * What a run made for a cluster: nothing that was there before, or that somebody else made. Of what the journal does not say
 * who made it, because the process died before the answer came, Azure tells the time.
 * @param azure connected only where the journal does not say
 */
export async function whatRunMade(
  azure: () => Promise<Azure>,
  plan: MigrationPlan,
  cluster: ClusterPlan,
  events: readonly Event[],
): Promise<Left> {
  const migration = migrationOf(plan, cluster, new History(events), new MemoryOperationStore());
  const changes = cluster.steps.flatMap((step) => step.changes);
  const made: Made[] = [];
  const doubtful: Doubtful[] = [];
  for (const trace of readTraces(events)) {
    const { key } = trace;
    const summary = changes.find((change) => change.key === key)?.summary ?? key;
    if (trace.resourceId !== undefined) {
      made.push({ key, resourceId: trace.resourceId, summary });
      continue;
    }
    const found = await findInAzure(await azure(), migration, trace);
    if (!found) continue;
    const { resourceId, createdAt } = found;
    if (createdAt && isWithin(createdAt, trace.attempts)) made.push({ key, resourceId, summary });
    else doubtful.push({ key, resourceId, summary, reason: reasonToKeep(createdAt) });
  }
  const isRole = ({ key }: Made) => Number(parseRoleKey(key) !== undefined);
  return { made: made.sort((a, b) => isRole(b) - isRole(a)), doubtful };
}

/** What has the id now that the run would have given it; undefined when nothing has. */
async function findInAzure(
  azure: Azure,
  migration: Migration,
  { key }: Trace,
): Promise<{ resourceId: string; createdAt: Date | undefined } | undefined> {
  const { clusterId, cloud, facts, target } = migration;
  const identity = { "identity:control-plane": target.controlPlane, "identity:kubelet": target.kubelet }[key];
  if (identity) {
    const { id } = identity;
    return (await azure.identities.get(id)) && { resourceId: id, createdAt: await azure.resources.createdAt(id) };
  }
  const grants = [
    ...controlPlaneGrants(clusterId, facts, target),
    ...kubeletGrants(facts),
    ...addonGrants(clusterId, cloud, facts),
  ];
  const grant = grants.find((candidate) => grantChange(candidate).key === key);
  if (!grant) return undefined;
  const cluster = (await azure.clusters.get(clusterId)) ?? {};
  const principalId = (await readPrincipals(azure, cluster, target, [grant.who])).get(grant.who);
  if (!principalId) return undefined;
  const resourceId = assignmentId(grant.scope, grant.roleGuid, principalId);
  const createdAt = await azure.roles.createdAt(resourceId);
  return createdAt && { resourceId, createdAt: createdAt === "unknown" ? undefined : createdAt };
}

function isWithin(time: Date, attempts: readonly Attempt[]): boolean {
  return attempts.some(({ from, to }) => from <= time && time <= to);
}

function reasonToKeep(createdAt: Date | undefined): string {
  return createdAt
    ? `It was made at ${createdAt.toISOString()}, and this run had no request for it under way then: somebody else has made it.`
    : "Azure does not show when it was made, so it may be somebody else's.";
}

/** What of some things is still as it was. */
export function stillMade(shown: readonly Made[], now: readonly Made[]): Made[] {
  return shown.filter((one) => now.some((other) => other.key === one.key && sameId(other.resourceId, one.resourceId)));
}
