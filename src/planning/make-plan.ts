import pMap from "p-map";
import { PATH_STEPS } from "../../plans/paths.ts";
import type { Azure } from "../azure/azure.ts";
import type { CloudName } from "../azure/clouds.ts";
import { normalizeId, parseResourceId } from "../azure/ids.ts";
import { AksMiError } from "../engine/errors.ts";
import { History } from "../engine/history.ts";
import { MemoryOperationStore } from "../engine/operations.ts";
import { decideRights } from "../migration/grants.ts";
import { migrationOf, resolveTarget } from "../migration/migration.ts";
import { ignoreBlockers } from "../migration/preflight.ts";
import { readFacts } from "../migration/read-facts.ts";
import { fingerprint } from "../plan/canonical.ts";
import { CLUSTERS_AT_ONCE } from "../plan/pace.ts";
import type { ClusterPlan, MigrationPlan } from "../plan/schema.ts";
import { checkCluster } from "./check-cluster.ts";
import { choosePath } from "./choose-path.ts";
import { oldPrincipals, readOrigin } from "./origin.ts";
import { planSteps } from "./plan-steps.ts";
import { chooseTarget, type TargetChoice } from "./target.ts";

/** What a plan is made from. */
export interface PlanRequest extends TargetChoice {
  readonly clusterIds: readonly string[];
  readonly registries: readonly string[];
  readonly rolePropagation: string;
  readonly tokenSwitchover: string;
  /** Someone else makes the role assignments. */
  readonly roleRequests?: boolean | undefined;
  /** When the cluster was switched, where the user knows it and nothing else tells. */
  readonly switchedAt?: string | undefined;
  /** Checks whose blockers the user chose to ignore; they stay in the plan as warnings. */
  readonly ignoredChecks?: readonly string[] | undefined;
  /** A pool without a newer node image blocks the plan. */
  readonly requireNodeImage?: boolean | undefined;
  /** Start a short-lived pod in each cluster, and look at what is in it. */
  readonly inCluster?: boolean | undefined;
}

/** Where and with what the plan is made: recorded in it, so that it is not applied elsewhere. */
export interface PlanOrigin {
  readonly cloud: CloudName;
  readonly tenant: string;
  readonly emulator: boolean;
  readonly tool: string;
  readonly now: Date;
}

/**
 * Makes a plan for the clusters, from reads alone.
 * @param onProgress told at the beginning, and after each cluster, how many of how many are read
 * @throws AksMiError when a cluster is not there or cannot be planned for
 */
export async function makePlan(
  azure: Azure,
  request: PlanRequest,
  origin: PlanOrigin,
  onProgress: (done: number, total: number) => void = () => {},
): Promise<MigrationPlan> {
  const { cloud, tenant, emulator, tool, now } = origin;
  const frame: MigrationPlan = {
    apiVersion: "aks-mi/v1",
    kind: "MigrationPlan",
    metadata: {
      name: planName(request.clusterIds),
      createdAt: now.toISOString(),
      tool: `aks-mi ${tool}`,
      cloud,
      tenant,
      emulator,
    },
    settings: {
      rolePropagation: { wait: request.rolePropagation },
      tokenSwitchover: { wait: request.tokenSwitchover },
      ...(request.roleRequests ? { roleRequests: true as const } : {}),
      ...(request.requireNodeImage ? { requireNodeImage: true as const } : {}),
      ...(request.inCluster ? { inCluster: true as const } : {}),
      ...(request.ignoredChecks?.length ? { ignoredChecks: [...new Set(request.ignoredChecks)].sort() } : {}),
    },
    clusters: [],
  };
  const total = request.clusterIds.length;
  let done = 0;
  onProgress(done, total);
  const clusters = await pMap(
    request.clusterIds,
    async (id) => {
      const planned = await planCluster(azure, normalizeId(id), request, frame, now);
      done += 1;
      onProgress(done, total);
      return planned;
    },
    { concurrency: CLUSTERS_AT_ONCE },
  );
  ensureIdentitiesOfTheirOwn(clusters, request);
  return { ...frame, clusters };
}

/**
 * Two clusters of one name would get one identity by default where both are created in one resource group.
 * @throws AksMiError `USAGE` when two clusters would share an identity that nobody has named
 */
function ensureIdentitiesOfTheirOwn(clusters: readonly ClusterPlan[], request: PlanRequest): void {
  const owners = new Map<string, string>();
  for (const { id, target } of clusters) {
    const { controlPlane, kubelet } = resolveTarget(id, target);
    const byDefault = [
      request.controlPlaneIdentity === undefined ? controlPlane : undefined,
      request.kubeletIdentity === undefined ? kubelet : undefined,
    ].filter((identity) => identity?.name.startsWith(`id-${parseResourceId(id)!.name}`));
    for (const identity of byDefault) {
      const owner = owners.get(identity!.id.toLowerCase());
      if (owner !== undefined)
        throw new AksMiError(
          "USAGE",
          `The clusters ${owner} and ${id} would share the identity ${identity!.name}: each would have the other's rights.`,
          "Plan them one by one with --control-plane-identity and --kubelet-identity, or leave out --identity-resource-group.",
        );
      owners.set(identity!.id.toLowerCase(), id);
    }
  }
}

function planName(ids: readonly string[]): string {
  const name = ids[0]?.split("/").at(-1) ?? "plan";
  return ids.length > 1 ? `${name} and ${ids.length - 1} more` : name;
}

async function planCluster(
  azure: Azure,
  id: string,
  request: PlanRequest,
  frame: MigrationPlan,
  now: Date,
): Promise<ClusterPlan> {
  const cluster = await azure.clusters.get(id);
  if (!cluster) {
    throw new AksMiError(
      "USAGE",
      `There is no cluster ${id}, or you may not see it.`,
      "Check the id and the account you are signed in with.",
    );
  }
  const origin = await readOrigin(azure, cluster, now, request.switchedAt);
  const { from } = origin;
  const { facts, widePulls } = await readFacts(azure, cluster, oldPrincipals(from), request.registries);
  const target = chooseTarget(id, cluster, facts, request);
  const base: ClusterPlan = {
    id,
    fingerprint: fingerprint(facts),
    facts,
    path: "none",
    from,
    target,
    findings: [],
    rights: decideRights(facts),
    steps: [],
  };
  const path = await choosePath(azure, cluster, migrationOf(frame, base, new History(), new MemoryOperationStore()));
  if (path === "none") return { ...base, rights: [] };
  // What others are to assign is planned like the rest; only the run waits for it.
  const migration = {
    ...migrationOf(frame, { ...base, path }, new History(), new MemoryOperationStore()),
    roleRequests: false,
  };
  const plan = { ...base, path, steps: await planSteps(PATH_STEPS[path](migration, azure), now) };
  const { settings } = frame;
  const found = await checkCluster(azure, cluster, migration, plan, { settings, origin, widePulls, now });
  const findings = ignoreBlockers(found, settings.ignoredChecks);
  const blocked = findings.some((finding) => finding.severity === "blocker");
  return { ...plan, ...(blocked ? { blocked } : {}), findings: findings.map((finding) => ({ ...finding })) };
}
