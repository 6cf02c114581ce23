import { parseDuration } from "../engine/clock.ts";
import type { ClusterPlan, MigrationPlan } from "../plan/schema.ts";
import { nameOf } from "./ids.ts";
import type { ClusterView, RunView } from "./run-view.ts";
import { shell } from "./snippets.ts";
import { formatLength, formatTime, sentence } from "./words.ts";

/** Something that is left to do, with the commands that do it. Nobody runs them but the reader. */
export interface TaskLeft {
  readonly title: string;
  readonly text: string;
  readonly commands: readonly string[];
}

/** What is left to do for a cluster after, or before the end of, its run. */
export function listTasksLeft(plan: MigrationPlan, view: RunView, index: number): TaskLeft[] {
  const cluster = plan.clusters[index]!;
  const state = view.clusters[index]!;
  return [
    ...(state.state === "done" ? [] : [goOn(view, state)]),
    ...(cluster.from.servicePrincipal && cluster.path !== "none" ? principalTasks(plan, cluster, state) : []),
    {
      title: "Bring the infrastructure code in line",
      text: "A deployment of the old code asks for the service principal again; the snippets below are for this cluster.",
      commands: [],
    },
  ];
}

function goOn({ run }: RunView, { state, pause, failure }: ClusterView): TaskLeft {
  const text = failure
    ? `${sentence(failure.message)} ${sentence(failure.remedy)}`
    : pause
      ? sentence(pause.reason)
      : "The migration is not complete yet.";
  const title = state === "running" ? "Let the run go on" : "Go on with the run";
  return { title, text, commands: [state === "running" ? `aks-mi status ${run}` : `aks-mi resume ${run}`] };
}

function principalTasks(plan: MigrationPlan, cluster: ClusterPlan, state: ClusterView): TaskLeft[] {
  const { clientId, objectId } = cluster.from.servicePrincipal!;
  const name = nameOf(cluster.id);
  return [
    keepPrincipal(plan, clientId, name, state),
    {
      title: "See whether anything else uses the old service principal",
      text: "Other clusters, pipelines and pull secrets may use the same one; look at its sign-ins and its rights.",
      commands: [
        `az aks list --query "[?servicePrincipalProfile.clientId=='${clientId}'].id" --output tsv`,
        `az role assignment list --all --assignee ${shell(objectId ?? clientId)} --output table`,
      ],
    },
    {
      title: "Disable it first, remove it some days later",
      text: "Disabling can be taken back at once; a deleted application loses its role assignments for good.",
      commands: [
        `az ad sp update --id ${shell(clientId)} --set accountEnabled=false`,
        `az role assignment delete --assignee ${shell(objectId ?? clientId)} --scope <scope from the list above>`,
        `az ad app delete --id ${shell(clientId)}`,
      ],
    },
  ];
}

function keepPrincipal(plan: MigrationPlan, clientId: string, name: string, { steps }: ClusterView): TaskLeft {
  const switchover = steps.find(({ id }) => id === "await-token-switchover");
  if (switchover?.state === "done" && switchover.doneAt) {
    const text = `The token switchover was over on ${formatTime(switchover.doneAt)}: ${name} no longer uses service principal ${clientId}.`;
    return { title: "Nothing keeps the old service principal for this cluster", text, commands: [] };
  }
  const waitMs = parseDuration(plan.settings.tokenSwitchover.wait) ?? 0;
  const end = switchover?.until ? formatTime(switchover.until) : `${formatLength(waitMs)} after the switch`;
  return {
    title: "Keep the old service principal valid",
    text: `Until ${end}, when the token switchover is over, ${name} may use it: don't disable it, and don't let its secret expire.`,
    commands: [`az ad app credential list --id ${shell(clientId)} --query "[].endDateTime" --output tsv`],
  };
}
