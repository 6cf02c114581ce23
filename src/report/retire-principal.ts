import { shell } from "../engine/shell.ts";
import type { Place } from "../plan/command-line.ts";
import type { ClusterPlan, MigrationPlan } from "../plan/schema.ts";
import { nameOf, parseId } from "./ids.ts";
import { verifyCommand } from "./run-commands.ts";
import type { PrincipalUseView, RunView } from "./run-view.ts";
import type { TaskLeft } from "./task-left.ts";
import { formatTime } from "./words.ts";

/** A service principal as commands name it. */
export interface RetiredPrincipal {
  readonly clientId: string;
  readonly objectId?: string | undefined;
  /** Scopes on which it holds roles itself, as far as is known. */
  readonly scopes: readonly string[];
}

/** Where the sign-ins are that no supported API lists. */
export const SIGN_IN_LOG =
  "its sign-in log (Microsoft Entra admin center, Enterprise applications, Sign-in logs, Service principal sign-ins)";

/** The commands that retire a service principal: first what can be taken back, then what cannot. Nobody runs them but the reader. */
export function retireCommands({ clientId, objectId, scopes }: RetiredPrincipal): string[] {
  const assignee = shell(objectId ?? clientId);
  return [
    `az ad sp update --id ${shell(clientId)} --set accountEnabled=false`,
    ...scopes.map((scope) => `az role assignment delete --assignee ${assignee} --scope ${shell(scope)}`),
    `az ad app delete --id ${shell(clientId)}`,
  ];
}

/** Quoted as people write it, where the name is what names are. */
function clusterQuery(clientId: string): string {
  const query = `[?servicePrincipalProfile.clientId=='${clientId}'].id`;
  return shell(clientId) === clientId ? `"${query}"` : shell(query);
}

/** The service principal that a cluster of a plan leaves; undefined when it comes from none. */
function retiredPrincipalOf({ id, from, facts, rights }: ClusterPlan): RetiredPrincipal | undefined {
  if (!from.servicePrincipal) return undefined;
  const nodeGroup = `/subscriptions/${parseId(id).subscription}/resourceGroups/${facts.network.nodeResourceGroup}`;
  const own = rights.filter(({ through }) => through === undefined).map(({ scope }) => scope);
  const scopes = new Map([nodeGroup, ...own].map((scope) => [scope.toLowerCase(), scope]));
  const { clientId, objectId } = from.servicePrincipal;
  return { clientId, objectId, scopes: [...scopes.values()] };
}

/** What is to be done about the old service principal once the token switchover is over. */
export function retireTasks(
  plan: MigrationPlan,
  view: RunView,
  index: number,
  use: PrincipalUseView | undefined,
  place: Place,
): TaskLeft[] {
  const cluster = plan.clusters[index]!;
  const principal = retiredPrincipalOf(cluster)!;
  const { clientId, objectId } = principal;
  const look: TaskLeft = {
    title: "See whether anything else uses the old service principal",
    text: `Other clusters, pipelines and pull secrets may use the same one; look at its rights and at ${SIGN_IN_LOG}.`,
    commands: [
      `az aks list --query ${clusterQuery(clientId)} --output tsv`,
      `az role assignment list --all --assignee ${shell(objectId ?? clientId)} --output table`,
    ],
  };
  const missing = whatIsMissing(plan, view, index, use);
  if (missing.length > 0) {
    const earliest = use?.knownAt ? ` after ${formatTime(use.knownAt)}` : "";
    return [
      {
        title: "Keep the old service principal until nothing is known to use it",
        text: `${missing.join(" ")} Look again${earliest}: this prints how to retire it when nothing speaks against that.`,
        commands: [verifyCommand({ ...plan, clusters: [cluster] }, place, "--in-cluster")],
      },
      look,
    ];
  }
  return [
    look,
    {
      title: "Disable it first, remove it some days later",
      text: `${use!.seen} Disabling can be taken back at once; a deleted application loses its role assignments for good.`,
      commands: retireCommands(principal),
    },
  ];
}

/** The other clusters of a plan that leave the same service principal, and have not come to the end of their run. */
export function clustersBehind(plan: MigrationPlan, view: RunView, index: number): string[] {
  const clientIdOf = (cluster: ClusterPlan | undefined) => cluster?.from.servicePrincipal?.clientId.toLowerCase();
  const clientId = clientIdOf(plan.clusters[index]);
  return plan.clusters
    .filter((cluster, other) => other !== index && clientId !== undefined && clientIdOf(cluster) === clientId)
    .filter(({ id }) => view.clusters.find((other) => other.id === id)?.state !== "done")
    .map(({ id }) => nameOf(id));
}

/** Checks that tell, from inside a cluster, of uses of its service principal. */
export const INSIDE_CHECKS = new Set(["WK001", "WK002", "WK003", "WK006"]);

/** What speaks against removing the old service principal, or is not known; in sentences. */
function whatIsMissing(plan: MigrationPlan, view: RunView, index: number, use: PrincipalUseView | undefined): string[] {
  const cluster = plan.clusters[index]!;
  const inside = cluster.findings.filter(({ check }) => INSIDE_CHECKS.has(check));
  return [
    ...(use ? (use.use === "none" ? [] : [use.seen]) : ["Nobody looked whether it is still used."]),
    ...(use?.otherUses ?? []).map((other) => `${other}.`),
    ...clustersBehind(plan, view, index).map((name) => `${name} has not been migrated yet.`),
    ...inside.map(({ check, seen }) => `${check}: ${seen}.`),
    ...(plan.settings.inCluster ? [] : ["Nobody looked inside the cluster for what uses it (--in-cluster)."]),
  ];
}
