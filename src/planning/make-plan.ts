import { PATH_STEPS } from "../../plans/paths.ts";
import type { Azure } from "../azure/azure.ts";
import type { CloudName } from "../azure/clouds.ts";
import { normalizeId } from "../azure/ids.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, parseDuration } from "../engine/clock.ts";
import { AksMiError } from "../engine/errors.ts";
import { History } from "../engine/history.ts";
import { MemoryOperationStore } from "../engine/operations.ts";
import type { AnyStep, Change, Finding, Verdict } from "../engine/step.ts";
import { decideRights } from "../migration/grants.ts";
import { migrationOf, resolveTarget } from "../migration/migration.ts";
import { checkOperator } from "../migration/operator-check.ts";
import { checkPolicies } from "../migration/policy.ts";
import {
  checkLocks,
  checkOldKinds,
  checkReadiness,
  checkRegion,
  checkSystemAssigned,
  ignoreBlockers,
} from "../migration/preflight.ts";
import { checkCredentialsOutlast } from "../migration/principal.ts";
import { readFacts } from "../migration/read-facts.ts";
import { readWiderRegistries } from "../migration/read-registries.ts";
import { fingerprint } from "../plan/canonical.ts";
import type { ClusterPlan, MigrationPlan } from "../plan/schema.ts";
import { checkInside } from "./check-inside.ts";
import { checkNodes } from "./check-nodes.ts";
import { choosePath } from "./choose-path.ts";
import { oldPrincipals, readOrigin } from "./origin.ts";
import { chooseTarget, type TargetChoice } from "./target.ts";

/** What a plan is made from. */
export interface PlanRequest extends TargetChoice {
  readonly clusterIds: readonly string[];
  readonly registries: readonly string[];
  readonly rolePropagation: string;
  readonly tokenSwitchover: string;
  /** Someone else makes the role assignments. */
  readonly requestRoles?: boolean | undefined;
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
      ...(request.requestRoles ? { roleRequests: true as const } : {}),
      ...(request.inCluster ? { inCluster: true as const } : {}),
      ...(request.ignoredChecks?.length ? { ignoredChecks: [...new Set(request.ignoredChecks)].sort() } : {}),
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
  const { from, findings: originFindings, credentialEnds } = await readOrigin(azure, cluster, now, request.switchedAt);
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
  const resolved = resolveTarget(id, target);
  const found: Finding[] = [
    ...checkReadiness(cluster),
    ...checkSystemAssigned(cluster, facts, resolved),
    ...checkRegion(from.location, resolved),
    ...checkOldKinds(cluster),
    ...(await checkLocks(azure, id, facts)),
    ...(await checkPolicies(azure, id, cluster)),
    ...originFindings,
    ...checkCredentialsOutlast(credentialEnds, now, expectedEnd(frame, from, now)),
    ...(await readWiderRegistries(azure, facts.registries, widePulls)).map(
      (registry): Finding => ({
        check: "RB011",
        severity: "high",
        seen: `the old identity reaches registry ${registry.id.split("/").at(-1)} only through ${registry.role} on ${registry.scope}: the kubelet identity gets no role on it`,
        remedy: `If the cluster uses its images, plan again with --registry ${registry.id}.`,
      }),
    ),
  ];
  found.push(...checkWaits(frame), ...checkRegistriesKnown(facts, target));
  // What others are to assign is planned like the rest; only the run waits for it.
  const migration = {
    ...migrationOf(frame, { ...base, path }, new History(), new MemoryOperationStore()),
    requestsRoles: false,
  };
  found.push(
    ...(await checkNodes(azure, cluster, migration, {
      path,
      requireNodeImage: request.requireNodeImage === true,
      rollMs: rollTime(from),
      now,
    })),
    ...(request.inCluster ? await checkInside(azure, cluster, migration, path) : []),
  );
  const steps = await planSteps(PATH_STEPS[path](migration, azure), now);
  found.push(...(await checkOperator(azure, { ...frame, clusters: [{ ...base, path, steps }] })));
  const findings = ignoreBlockers(found, frame.settings.ignoredChecks);
  const blocked = findings.some((finding) => finding.severity === "blocker");
  return {
    ...base,
    path,
    ...(blocked ? { blocked } : {}),
    findings: findings.map((finding) => ({ ...finding })),
    steps,
  };
}

/** Nodes are re-imaged in 5 to 10 minutes each, by users' reports; the longer figure counts here. */
const NODE_MS = 10 * MINUTE_MS;

/** When the plan's last wait is over if it begins now and nodes are re-imaged one after the other. */
function expectedEnd(frame: MigrationPlan, from: ClusterPlan["from"], now: Date): Date {
  const waitsMs = [frame.settings.rolePropagation.wait, frame.settings.tokenSwitchover.wait].map(parseDuration);
  return new Date(now.getTime() + waitsMs[0]! + waitsMs[1]! + rollTime(from));
}

function rollTime(from: ClusterPlan["from"]): number {
  return from.pools.reduce((sum, pool) => sum + pool.nodes, 0) * NODE_MS;
}

/** Waits that are shorter than what Azure documents are the user's choice, and recorded as such. */
function checkWaits({ settings }: MigrationPlan): Finding[] {
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

/** Nodes of an own kubelet identity without a role on any registry cannot pull: nobody should find that out afterwards. */
function checkRegistriesKnown(facts: ClusterPlan["facts"], target: ClusterPlan["target"]): Finding[] {
  if (facts.heldRoles !== undefined || facts.registries.length > 0 || !target.kubeletIdentity) return [];
  return [
    {
      check: "RB011",
      severity: "blocker",
      seen: "nobody knows which registries the nodes pull from: the roles of the old identity cannot be read, and none is named",
      remedy: "Name each with --registry, or plan with --ignore-preflight RB011 if the cluster pulls from none.",
    },
  ];
}

/** What each step would change now: the one source of the plan, the dry run and the run itself. */
export async function planSteps(steps: readonly AnyStep[], now: Date): Promise<ClusterPlan["steps"]> {
  const planned: ClusterPlan["steps"] = [];
  const signal = new AbortController().signal;
  const known = new Set<string>();
  for (const step of steps) {
    const verdict: Verdict = step.decide(await step.detect(signal), now);
    const changes = verdict.kind === "change" ? verdict.changes : [];
    const later = verdict.kind === "change" || verdict.kind === "pause" ? (verdict.later ?? []) : [];
    const gaps = verdict.kind === "done" ? [] : (step.gaps ?? []);
    // A later step looks again at what an earlier one brings about: it is planned once, where it is done.
    const fresh = [...changes, ...later, ...gaps].filter(({ key }) => !known.has(key));
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
