import type { Azure } from "../azure/azure.ts";
import type { ManagedCluster } from "../azure/managed-cluster.ts";
import { DAY_MS, HOUR_MS, parseDuration } from "../engine/clock.ts";
import { asFinding, isFinding } from "../engine/outcome.ts";
import type { Finding } from "../engine/step.ts";
import { checkAssignmentLimit } from "../migration/assignment-limit.ts";
import { checkEtcdKey } from "../migration/etcd-key.ts";
import { checkIdentityGroups } from "../migration/identity-groups.ts";
import { checkLaterUpdates } from "../migration/later-updates.ts";
import type { Migration } from "../migration/migration.ts";
import { checkOwnedByCode } from "../migration/owned-by-code.ts";
import { checkPodIdentityAddon } from "../migration/pod-identity.ts";
import { checkOldKinds, checkRegion, checkSystemAssigned } from "../migration/preflight.ts";
import { readWiderRegistries, type WidePull } from "../migration/read-registries.ts";
import { checkVersions } from "../migration/versions.ts";
import type { ClusterPlan, MigrationPlan, PathId } from "../plan/schema.ts";
import { checkInside } from "./check-inside.ts";
import { checkPools } from "./check-nodes.ts";
import type { Origin } from "./origin.ts";
import { preflight, rollTime } from "./preflight.ts";

type Settings = MigrationPlan["settings"];

/** What the checks before a plan are given. */
export interface ClusterCheckOptions {
  readonly settings: Settings;
  readonly origin: Origin;
  readonly widePulls: readonly WidePull[];
  readonly now: Date;
}

/** Everything that speaks against a plan for a cluster, or that its reader has to know; reads only. */
export async function checkCluster(
  azure: Azure,
  cluster: ManagedCluster,
  migration: Migration,
  plan: ClusterPlan,
  { settings, origin, widePulls, now }: ClusterCheckOptions,
): Promise<Finding[]> {
  const { facts, from, target } = migration;
  const { path } = plan;
  const keys = plan.steps.flatMap(({ changes }) => changes.map(({ key }) => key));
  const waits = [settings.rolePropagation.wait, settings.tokenSwitchover.wait];
  const { credentialEnds } = origin;
  return [
    ...checkSystemAssigned(cluster, facts, target),
    ...checkRegion(from.location, target),
    ...(await checkIdentityGroups(azure, plan, keys)),
    ...checkOldKinds(cluster),
    ...(await checkVersions(azure, cluster, plan.id)).map((outcome) =>
      asFinding(outcome, "Compare it with `az aks get-versions` of the region."),
    ),
    ...[checkOwnedByCode(cluster)].filter(isFinding),
    ...checkPodIdentityAddon(cluster),
    ...(changesControlPlane(path) ? checkEtcdKey(facts) : []),
    ...origin.findings,
    ...(await preflight({ azure, cluster, migration, settings, plan, credentialEnds, waits, now })),
    ...(await checkWiderRegistries(azure, facts, widePulls)),
    ...checkWaits(settings),
    ...checkRegistriesKnown(migration),
    ...(await checkPools(azure, cluster, migration, { path, rollMs: rollTime(from), now })),
    ...(await checkRoomForRoles(azure, keys)),
    ...checkLaterUpdates(target, keys),
    ...(settings.inCluster ? await checkInside(azure, cluster, migration, path) : []),
  ];
}

/** True for a path on which the control plane gets another identity. */
function changesControlPlane(path: PathId): boolean {
  return path !== "finish-node-migration" && path !== "replace-kubelet-identity" && path !== "none";
}

async function checkRoomForRoles(azure: Azure, keys: readonly string[]): Promise<Finding[]> {
  const outcomes = await checkAssignmentLimit(azure, keys);
  return outcomes.map((outcome) => asFinding(outcome, "Ask someone who may read them how many there are."));
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
