import { parseDuration } from "../engine/clock.ts";
import { shell } from "../engine/shell.ts";
import type { Place } from "../plan/command-line.ts";
import type { MigrationPlan } from "../plan/schema.ts";
import { identityTasks } from "./identity-tasks.ts";
import { nameOf } from "./ids.ts";
import { retireTasks } from "./retire-principal.ts";
import { resumeCommand, statusCommand } from "./run-commands.ts";
import { type ClusterView, isProven, type RunView } from "./run-view.ts";
import type { TaskLeft } from "./task-left.ts";
import { formatLength, formatTime, sentence } from "./words.ts";

/** What is left to do for a cluster after, or before the end of, its run. @param place where the commands find the run */
export function listTasksLeft(plan: MigrationPlan, view: RunView, index: number, place: Place): TaskLeft[] {
  const cluster = plan.clusters[index]!;
  const state = view.clusters[index]!;
  return [
    ...(state.state === "done" ? [] : [goOn(plan, view, state, place)]),
    ...(cluster.from.servicePrincipal && cluster.path !== "none" ? principalTasks(plan, view, index, place) : []),
    ...(state.state === "done" ? identityTasks(cluster, state) : []),
    {
      title: "Bring the infrastructure code in line",
      text: `${isProven(state) ? "A" : "After the switch, a"} deployment of the old code asks for ${cluster.from.servicePrincipal ? "the service principal" : "the old identity"} again; the snippets below are for this cluster${isProven(state) ? "" : " as it is then"}.`,
      commands: [],
    },
  ];
}

/**
 * What is to be done about the service principals that clusters of a run have left, and until when; nothing before the switch.
 * Where there are several clusters, each is named.
 */
export function listPrincipalTasks(plan: MigrationPlan, view: RunView, place: Place): TaskLeft[] {
  return plan.clusters.flatMap((cluster, index) => {
    const changes = view.clusters[index]!.steps.flatMap((step) => step.changes);
    const isSwitched = changes.some(({ risk, startedAt }) => risk === "irreversible" && startedAt);
    const tasks = isSwitched && cluster.from.servicePrincipal ? principalTasks(plan, view, index, place) : [];
    const name = plan.clusters.length > 1 ? `${nameOf(cluster.id)}: ` : "";
    return tasks.map((task) => ({ ...task, title: `${name}${task.title}` }));
  });
}

function goOn(
  plan: MigrationPlan,
  { run: id }: RunView,
  { state, pause, failure }: ClusterView,
  place: Place,
): TaskLeft {
  const text = failure
    ? `${sentence(failure.message)} ${sentence(failure.remedy)}`
    : pause
      ? sentence(pause.reason)
      : "The migration is not complete yet.";
  const title = state === "running" ? "Let the run go on" : "Go on with the run";
  const command = state === "running" ? statusCommand : resumeCommand;
  return { title, text, commands: [command({ id, plan }, place)] };
}

function principalTasks(plan: MigrationPlan, view: RunView, index: number, place: Place): TaskLeft[] {
  const cluster = plan.clusters[index]!;
  const { dead } = cluster.from.servicePrincipal!;
  if (dead === "deleted") {
    const text = "It is deleted. Role assignments that it held may be left (ID017 in `aks-mi assess`).";
    return [{ title: "Nothing is to be done about the old service principal", text, commands: [] }];
  }
  const switchover = view.clusters[index]!.steps.find(({ id }) => id === "await-token-switchover");
  if (switchover?.state === "done") return retireTasks(plan, view, index, switchover.principalUse, place);
  const waitMs = parseDuration(plan.settings.tokenSwitchover.wait) ?? 0;
  const changes = view.clusters[index]!.steps.flatMap((step) => step.changes);
  const switchedAt = changes.find(({ risk }) => risk === "irreversible")?.appliedAt;
  const until = switchover?.until ?? (switchedAt && new Date(Date.parse(switchedAt) + waitMs));
  const end = until ? formatTime(until) : `${formatLength(waitMs)} after the switch`;
  if (dead) {
    const text = `It is ${dead} and gets no token; until ${end} components of ${nameOf(cluster.id)} may go on trying with it.`;
    return [{ title: "Leave the old service principal as it is", text, commands: [] }];
  }
  return [
    {
      title: "Keep the old service principal valid",
      text: `Until ${end}, when the token switchover is over, ${nameOf(cluster.id)} may use it: don't disable it, and don't let its secret expire.`,
      commands: [
        `az ad app credential list --id ${shell(cluster.from.servicePrincipal!.clientId)} --query "[].endDateTime" --output tsv`,
      ],
    },
  ];
}
