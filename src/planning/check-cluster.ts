import type { Azure } from "../azure/azure.ts";
import type { ManagedCluster } from "../azure/clusters.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, parseDuration } from "../engine/clock.ts";
import type { Finding } from "../engine/step.ts";
import type { Migration } from "../migration/migration.ts";
import { checkPolicies } from "../migration/policy.ts";
import { checkLocks, checkOldKinds, checkReadiness, checkRegion, checkSystemAssigned } from "../migration/preflight.ts";
import { checkCredentialsOutlast } from "../migration/principal.ts";
import { readWiderRegistries, type WidePull } from "../migration/read-registries.ts";
import type { ClusterPlan, MigrationPlan, PathId } from "../plan/schema.ts";
import { checkInside } from "./check-inside.ts";
import { checkNodes } from "./check-nodes.ts";
import type { Origin } from "./origin.ts";

type Settings = MigrationPlan["settings"];

/** What the checks before a plan are given. */
export interface ClusterCheckOptions {
  readonly path: PathId;
  readonly settings: Settings;
  readonly origin: Origin;
  readonly widePulls: readonly WidePull[];
  /** A pool without a newer node image blocks the plan. */
  readonly requireNodeImage: boolean;
  /** Start a short-lived pod in the cluster, and look at what is in it. */
  readonly inCluster: boolean;
  readonly now: Date;
}

/** Everything that speaks against a plan for a cluster, or that its reader has to know; reads only. */
export async function checkCluster(
  azure: Azure,
  cluster: ManagedCluster,
  migration: Migration,
  { path, settings, origin, widePulls, requireNodeImage, inCluster, now }: ClusterCheckOptions,
): Promise<Finding[]> {
  const { clusterId, facts, from, target } = migration;
  return [
    ...checkReadiness(cluster),
    ...checkSystemAssigned(cluster, facts, target),
    ...checkRegion(from.location, target),
    ...checkOldKinds(cluster),
    ...(await checkLocks(azure, clusterId, facts)),
    ...(await checkPolicies(azure, clusterId, cluster)),
    ...origin.findings,
    ...checkCredentialsOutlast(origin.credentialEnds, now, expectedEnd(settings, from, now)),
    ...(await checkWiderRegistries(azure, facts, widePulls)),
    ...checkWaits(settings),
    ...checkRegistriesKnown(migration),
    ...(await checkNodes(azure, cluster, migration, { path, requireNodeImage, rollMs: rollTime(from), now })),
    ...(inCluster ? await checkInside(azure, cluster, migration, path) : []),
  ];
}

/** Nodes are re-imaged in 5 to 10 minutes each, by users' reports; the longer figure counts here. */
const NODE_MS = 10 * MINUTE_MS;

/** When the plan's last wait is over if it begins now and nodes are re-imaged one after the other. */
function expectedEnd(settings: Settings, from: ClusterPlan["from"], now: Date): Date {
  const waitsMs = [settings.rolePropagation.wait, settings.tokenSwitchover.wait].map(parseDuration);
  return new Date(now.getTime() + waitsMs[0]! + waitsMs[1]! + rollTime(from));
}

function rollTime(from: ClusterPlan["from"]): number {
  return from.pools.reduce((sum, pool) => sum + pool.nodes, 0) * NODE_MS;
}

/** Waits that are shorter than what Azure documents are the user's choice, and recorded as such. */
function checkWaits(settings: Settings): Finding[] {
  const findings: Finding[] = [];
  if (parseDuration(settings.rolePropagation.wait)! < HOUR_MS) {
    findings.push({
      check: "WAIT-ROLES",
      severity: "high",
      seen: `roles are given ${settings.rolePropagation.wait} to work, and Azure documents up to 60 minutes`,
      remedy: "Plan with --role-propagation 60m unless you know that they work sooner.",
    });
  }
  if (parseDuration(settings.tokenSwitchover.wait)! < DAY_MS) {
    findings.push({
      check: "WAIT-TOKENS",
      severity: "medium",
      seen: `the old identity is kept for ${settings.tokenSwitchover.wait} after the switch, and tokens of managed identities are cached for around 24 hours`,
      remedy: "Keep the old identity valid for 24 hours all the same.",
    });
  }
  return findings;
}

/** Registries that only a role on a whole subscription reaches: the plan gives no role on them. */
async function checkWiderRegistries(
  azure: Azure,
  facts: ClusterPlan["facts"],
  widePulls: readonly WidePull[],
): Promise<Finding[]> {
  return (await readWiderRegistries(azure, facts.registries, widePulls)).map((registry) => ({
    check: "RB011",
    severity: "high",
    seen: `the old identity reaches registry ${registry.id.split("/").at(-1)} only through ${registry.role} on ${registry.scope}: the kubelet identity gets no role on it`,
    remedy: `If the cluster uses its images, plan again with --registry ${registry.id}.`,
  }));
}

/** Nodes of an own kubelet identity without a role on any registry cannot pull: nobody should find that out afterwards. */
function checkRegistriesKnown({ facts, target }: Migration): Finding[] {
  if (facts.heldRoles !== undefined || facts.registries.length > 0 || !target.kubelet) return [];
  return [
    {
      check: "RB011",
      severity: "blocker",
      seen: "nobody knows which registries the nodes pull from: the roles of the old identity cannot be read, and none is named",
      remedy: "Name each with --registry, or plan with --ignore-preflight RB011 if the cluster pulls from none.",
    },
  ];
}
