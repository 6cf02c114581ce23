import type { Azure } from "../azure/azure.ts";
import type { Finding, RecordedFinding } from "../engine/step.ts";
import { readCluster } from "../migration/held-grants.ts";
import { kubeletIdentityKey, type Migration, switchKey } from "../migration/migration.ts";
import { ignoreBlockers } from "../migration/preflight.ts";
import { readCredentialEnds } from "../migration/principal.ts";
import type { ClusterPlan, MigrationPlan } from "../plan/schema.ts";
import { checkDrains } from "../planning/check-inside.ts";
import { preflight } from "../planning/preflight.ts";
import { ensureNotStale } from "./staleness-check.ts";

/**
 * The preflight right before the point of no return, for there may be days between it and the plan. Nothing is asked about
 * what is done already, and a state that our own failed attempt left is what the retry cures.
 * @param frame the plan, with this cluster alone in it
 * @returns blockers, and what the plan has not said yet
 * @throws AksMiError `PLAN_STALE` when the cluster is not as it was
 */
export async function lookBeforeSwitch(
  azure: Azure,
  migration: Migration,
  frame: MigrationPlan,
  now: Date,
): Promise<Finding[]> {
  const { settings } = frame;
  const [planned] = frame.clusters as [ClusterPlan];
  const cluster = await readCluster(azure, migration);
  await ensureNotStale(azure, planned, cluster);
  const credentials = await readCredentials(azure, planned);
  const found = [
    ...(await preflight({
      azure,
      cluster,
      migration,
      settings,
      plan: withoutDone(planned, migration),
      credentialEnds: credentials?.ends,
      waits: [settings.tokenSwitchover.wait],
      proven: JUST_READ,
      now,
    })),
    ...(credentials?.findings ?? []),
    ...(settings.inCluster ? await checkDrains(azure, cluster, migration, planned.path) : []),
  ];
  const open = found.filter(({ check }) => !LEFT_BY_ATTEMPT.has(check) || !isRetried(migration));
  return ignoreBlockers(open, settings.ignoredChecks).filter((finding) => isNews(finding, planned.findings));
}

/** The plan with the changes that are still to be made. */
function withoutDone(plan: ClusterPlan, { history }: Migration): ClusterPlan {
  const isOpen = ({ key }: { readonly key: string }) => !["applied", "seen"].includes(history.stateOf(key) ?? "");
  return { ...plan, steps: plan.steps.map((step) => ({ ...step, changes: step.changes.filter(isOpen) })) };
}

/** What a failed attempt leaves: a failed cluster, and surge nodes that take cores and addresses. */
const LEFT_BY_ATTEMPT: ReadonlySet<string> = new Set(["RD001", "RD006"]);

function isRetried({ clusterId, history }: Migration): boolean {
  return [switchKey(clusterId), kubeletIdentityKey(clusterId)].some((key) => history.stateOf(key) === "failed");
}

/** What comparing the cluster with its plan has read a moment ago. */
const JUST_READ: ReadonlySet<string> = new Set([
  "Microsoft.ContainerService/managedClusters/read",
  "Microsoft.Network/virtualNetworks/subnets/read",
  "Microsoft.ContainerRegistry/registries/read",
]);

/** When the old principal's credentials end now: somebody may have renewed or revoked them. A dead one has none that count. */
async function readCredentials(azure: Azure, { from: { servicePrincipal } }: ClusterPlan) {
  return servicePrincipal && !servicePrincipal.dead ? readCredentialEnds(azure, servicePrincipal.clientId) : undefined;
}

/** What stands in the plan has been approved with it; what could not be assessed then is worded differently now. */
function isNews(finding: Finding, known: readonly RecordedFinding[]): boolean {
  const isKnown = ({ check, seen }: RecordedFinding) =>
    check === finding.check && (seen === finding.seen || finding.severity === "info");
  return finding.severity === "blocker" || !known.some(isKnown);
}
