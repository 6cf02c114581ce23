import pMap from "p-map";
import type { Azure } from "../azure/azure.ts";
import type { CloudName } from "../azure/clouds.ts";
import { parseResourceId } from "../azure/ids.ts";
import { clusterIdOf, type ManagedCluster, nodeResourceGroupOf } from "../azure/managed-cluster.ts";
import { AksMiError } from "../engine/errors.ts";
import { SEVERITIES } from "../engine/step.ts";
import type { ClusterState } from "../migration/completeness.ts";
import { ALL_CHECKS } from "./checks/all-checks.ts";
import { Estate } from "./estate.ts";
import { Neighbours } from "./neighbours.ts";
import { type Finding, isFinding, known, type NotAssessed } from "./outcome.ts";
import { readClusterForAssessment } from "./read-cluster.ts";
import type { ClusterReading } from "./reading.ts";
import { type AllAssignments, readAllAssignments, summarize } from "./rights.ts";
import { type AssessScope, chooseClusters } from "./scope.ts";
import type { Surroundings } from "./surroundings.ts";

/** One cluster, judged. */
export interface AssessedCluster {
  readonly id: string;
  readonly state: ClusterState;
  /** When the last credential of its service principal ends, where that is known. */
  readonly credentialsEnd?: string;
  readonly findings: readonly Finding[];
  readonly notAssessed: readonly NotAssessed[];
}

/** Every cluster in scope: those whose secrets end soonest first. */
export interface Assessment {
  readonly clusters: readonly AssessedCluster[];
  /** Subscriptions in scope whose clusters could not be listed, or not all of them. */
  readonly subscriptionsNotAssessed?: readonly { readonly id: string; readonly reason: string }[];
}

/** What an assessment needs to know besides its scope. */
export interface AssessOptions {
  readonly cloud: CloudName;
  readonly now: Date;
  /** Start a short-lived pod in each cluster, and look at what is in it. */
  readonly inCluster?: boolean;
  /** How many clusters are read side by side. */
  readonly concurrency?: number;
  /** Told what is being read. */
  readonly onProgress?: (progress: { readonly what: string; readonly done: number; readonly total: number }) => void;
  /** Given each cluster in scope as Azure has listed it, under its normalised id. */
  readonly onCluster?: (id: string, cluster: ManagedCluster) => void;
}

/** Enough to keep the line busy; Azure's token buckets, not this, set the pace of large estates. */
const CONCURRENCY = 16;

/**
 * Assesses every cluster in scope, from reads alone.
 * @throws AksMiError when nobody is signed in, or nothing in scope can be read
 */
export async function assessEstate(azure: Azure, scope: AssessScope, options: AssessOptions): Promise<Assessment> {
  const { cloud, now, concurrency = CONCURRENCY, onProgress } = options;
  const visible = (await azure.resources.subscriptions()).filter(({ enabled }) => enabled);
  const subscriptions = scope.tenant
    ? visible.filter(({ tenant }) => !tenant || tenant.toLowerCase() === scope.tenant!.toLowerCase())
    : visible;
  const estate = new Estate(azure, subscriptions);
  let listed = 0;
  const lists = await pMap(
    subscriptions,
    async ({ id }) => {
      const clusters = await estate.clusters(id);
      onProgress?.({ what: "subscriptions listed", done: ++listed, total: subscriptions.length });
      return clusters;
    },
    { concurrency },
  );
  const all = lists.flatMap(({ items }) => items);
  const gaps = lists.flatMap(({ gap }) => (gap === undefined ? [] : [gap]));
  const chosen = await chooseClusters(estate, scope);
  const assignments = await readAllAssignments(estate, concurrency);
  const around: Surroundings = {
    estate,
    neighbours: new Neighbours(all, summarize(gaps)),
    assignments,
    directory: await readDirectory(estate, assignments, chosen.clusters),
    cloud,
    now,
    inCluster: options.inCluster === true,
  };
  let assessed = 0;
  const clusters = await pMap(
    chosen.clusters,
    async (cluster) => {
      const id = clusterIdOf(cluster);
      options.onCluster?.(id, cluster);
      const judged = judge(await readClusterForAssessment(id, cluster, around));
      onProgress?.({ what: "clusters assessed", done: ++assessed, total: chosen.clusters.length });
      return judged;
    },
    { concurrency },
  );
  if (clusters.length === 0 && chosen.notListed.length > 0) {
    throw new AksMiError(
      "AZURE_REFUSED",
      `No cluster can be assessed: ${chosen.notListed[0]!.reason}.`,
      "Ask for the role Reader on the subscriptions.",
    );
  }
  return {
    clusters: clusters.sort(bySoonestEnd),
    ...(chosen.notListed.length > 0 ? { subscriptionsNotAssessed: chosen.notListed } : {}),
  };
}

/** Runs every check on what was read of one cluster. */
function judge(reading: ClusterReading): AssessedCluster {
  const outcomes = ALL_CHECKS.flatMap((check) => check(reading));
  const ends = reading.servicePrincipal?.credentialEnds;
  const latest = ends?.known ? ends.value[0] : undefined;
  return {
    id: reading.id,
    state: reading.state,
    ...(latest ? { credentialsEnd: latest.toISOString() } : {}),
    findings: outcomes.filter(isFinding).sort((a, b) => rankOf(a) - rankOf(b)),
    notAssessed: outcomes.filter((outcome): outcome is NotAssessed => !isFinding(outcome)),
  };
}

function rankOf({ severity }: Finding): number {
  return SEVERITIES.indexOf(severity);
}

/** Looks up, once for all clusters, who holds roles on them and on their nodes. */
async function readDirectory(
  estate: Estate,
  assignments: AllAssignments,
  clusters: readonly ManagedCluster[],
): Promise<Surroundings["directory"]> {
  const groups = new Set(
    clusters.map((cluster) => {
      const { subscription } = parseResourceId(clusterIdOf(cluster))!;
      const group = nodeResourceGroupOf(cluster);
      return `/subscriptions/${subscription}/resourcegroups/${group}`.toLowerCase();
    }),
  );
  const ids = new Set(clusters.map((cluster) => clusterIdOf(cluster).toLowerCase()));
  const isOwn = (scope: string) => {
    const lower = scope.toLowerCase();
    const cluster = /^.*\/managedclusters\/[^/]+/.exec(lower)?.[0];
    return groups.has(lower.split("/").slice(0, 5).join("/")) || (cluster !== undefined && ids.has(cluster));
  };
  const holders = [...assignments.byPrincipal.entries()]
    .filter(([, held]) => held.some(({ scope }) => isOwn(scope)))
    .map(([principal]) => principal);
  const kinds = holders.length > 0 ? await estate.kindsOf(holders) : known(new Map());
  return kinds.known ? known(kinds.value ?? new Map()) : kinds;
}

/** Secrets that end soonest, then the worst finding, then the name. */
function bySoonestEnd(a: AssessedCluster, b: AssessedCluster): number {
  const end = (cluster: AssessedCluster) => Date.parse(cluster.credentialsEnd ?? "9999-12-31T00:00:00Z");
  const worst = ({ findings }: AssessedCluster) => (findings[0] ? rankOf(findings[0]) : SEVERITIES.length);
  return end(a) - end(b) || worst(a) - worst(b) || (a.id.toLowerCase() < b.id.toLowerCase() ? -1 : 1);
}
