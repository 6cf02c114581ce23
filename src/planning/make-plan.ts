import { PATH_STEPS } from "../../plans/paths.ts";
import type { Azure } from "../azure/azure.ts";
import type { CloudName } from "../azure/clouds.ts";
import { isOnManagedIdentity, type ManagedCluster, poolsOf } from "../azure/clusters.ts";
import { normalizeId, parseResourceId } from "../azure/ids.ts";
import { asString } from "../azure/json.ts";
import { AksMiError } from "../engine/errors.ts";
import { History } from "../engine/history.ts";
import { MemoryOperationStore } from "../engine/operations.ts";
import type { AnyStep, Change, Finding, Verdict } from "../engine/step.ts";
import { notCopiedRoles } from "../migration/grants.ts";
import { migrationOf, resolveTarget } from "../migration/migration.ts";
import { readNodeEvidence } from "../migration/nodes.ts";
import { checkLocks, checkReadiness, checkSystemAssigned } from "../migration/preflight.ts";
import { readPrincipalState } from "../migration/principal.ts";
import { readFacts } from "../migration/read-facts.ts";
import { missingFromMigration } from "../migration/verification.ts";
import { fingerprint } from "../plan/canonical.ts";
import type { ClusterPlan, MigrationPlan, PathId } from "../plan/schema.ts";
import { chooseTarget, type TargetChoice } from "./target.ts";

/** What a plan is made from. */
export interface PlanRequest extends TargetChoice {
  readonly clusterIds: readonly string[];
  readonly registries: readonly string[];
  readonly rolePropagation: string;
  readonly tokenSwitchover: string;
}

/** Where and with what the plan is made: recorded in it, so that it is not applied elsewhere. */
export interface PlanOrigin {
  readonly cloud: CloudName;
  readonly tenant: string;
  readonly emulator: boolean;
  readonly tool: string;
  readonly now: Date;
}

/** Makes a plan for the clusters, from reads alone. @throws AksMiError when a cluster is not there or cannot be planned for */
export async function makePlan(azure: Azure, request: PlanRequest, origin: PlanOrigin): Promise<MigrationPlan> {
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
    },
    clusters: [],
  };
  const clusters: ClusterPlan[] = [];
  for (const id of request.clusterIds) clusters.push(await planCluster(azure, normalizeId(id), request, frame, now));
  return { ...frame, clusters };
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
  const clientId =
    asString((cluster["properties"] as Record<string, never>)?.["servicePrincipalProfile"]?.["clientId"]) ?? "";
  const onServicePrincipal = !isOnManagedIdentity(cluster) && clientId !== "";
  const { principal, findings: principalFindings } = onServicePrincipal
    ? await readPrincipalState(azure, clientId, now)
    : { principal: undefined, findings: [] };
  const { facts, widerRegistries } = await readFacts(azure, cluster, principal?.objectId, request.registries);
  const target = chooseTarget(id, cluster, facts, request);
  const base: ClusterPlan = {
    id,
    fingerprint: fingerprint(facts),
    facts,
    path: "none",
    from: {
      ...(onServicePrincipal
        ? { servicePrincipal: { clientId, ...(principal ? { objectId: principal.objectId } : {}) } }
        : {}),
      location: asString(cluster["location"]) ?? "",
      pools: poolsOf(cluster).map((pool) => ({
        name: asString(pool["name"]) ?? "",
        ...(asString(pool["nodeImageVersion"]) ? { nodeImageVersion: asString(pool["nodeImageVersion"]) } : {}),
        nodes: Number(pool["count"] ?? 0),
      })),
    },
    target,
    findings: [],
    notCopied: notCopiedRoles(facts),
    steps: [],
  };
  const path = await choosePath(azure, cluster, base, frame);
  if (path === "none") return { ...base, notCopied: [] };
  const findings: Finding[] = [
    ...checkReadiness(cluster),
    ...checkSystemAssigned(facts, resolveTarget(id, target)),
    ...(await checkLocks(azure, id, facts)),
    ...principalFindings,
    ...widerRegistries.map(
      (registry): Finding => ({
        check: "RB011",
        severity: "high",
        seen: `the service principal reaches registry ${registry.id.split("/").at(-1)} only through ${registry.role} on ${registry.scope}: the kubelet identity gets no role on it`,
        remedy: `If the cluster uses its images, plan again with --registry ${registry.id}.`,
      }),
    ),
  ];
  const migration = migrationOf(frame, { ...base, path }, new History(), new MemoryOperationStore());
  const steps = await planSteps(PATH_STEPS[path]!(migration, azure), now);
  const blocked = findings.some((finding) => finding.severity === "blocker");
  return {
    ...base,
    path,
    ...(blocked ? { blocked } : {}),
    findings: findings.map((finding) => ({ ...finding })),
    steps,
  };
}

/** The path from what the cluster is to what it shall be. */
async function choosePath(
  azure: Azure,
  cluster: ManagedCluster,
  plan: ClusterPlan,
  frame: MigrationPlan,
): Promise<PathId> {
  if (!isOnManagedIdentity(cluster)) {
    return plan.target.controlPlaneIdentity
      ? "service-principal-to-user-assigned"
      : "service-principal-to-system-assigned";
  }
  const migration = migrationOf(frame, plan, new History(), new MemoryOperationStore());
  const pools = await readNodeEvidence(azure, migration.clusterId, cluster, undefined);
  const missing = missingFromMigration(cluster, migration.target, pools);
  if (missing.length === 0) return "none";
  throw new AksMiError(
    "USAGE",
    `${parseResourceId(plan.id)!.name} is on managed identity, but not as asked for: ${missing.join("; ")}.`,
    "Resume the run that switched it, or name the identities that it has (--control-plane-identity, --kubelet-identity).",
  );
}

/** What each step would change now: the one source of the plan, the dry run and the run itself. */
export async function planSteps(steps: readonly AnyStep[], now: Date): Promise<ClusterPlan["steps"]> {
  const planned: ClusterPlan["steps"] = [];
  const signal = new AbortController().signal;
  const known = new Set<string>();
  for (const step of steps) {
    const verdict: Verdict = step.decide(await step.detect(signal), now);
    const changes = verdict.kind === "change" ? verdict.changes : [];
    const gaps = verdict.kind === "done" ? [] : (step.gaps ?? []);
    // A later step looks again at what an earlier one brings about: it is planned once, where it is done.
    const fresh = [...changes, ...gaps].filter(({ key }) => !known.has(key));
    for (const { key } of fresh) known.add(key);
    planned.push({ id: step.id, changes: fresh.map(plainChange) });
  }
  return planned;
}

/** A change without the fields that do not apply, so that equal changes are equal files. */
function plainChange({
  key,
  summary,
  reason,
  risk,
  drains,
  nodes,
  onlyIf,
}: Change): ClusterPlan["steps"][number]["changes"][number] {
  return {
    key,
    summary,
    reason,
    risk,
    ...(drains ? { drains: [...drains] } : {}),
    ...(nodes === undefined ? {} : { nodes }),
    ...(onlyIf === undefined ? {} : { onlyIf }),
  };
}
