import type { ClusterPlan } from "../plan/schema.ts";
import { nameOf } from "./ids.ts";
import { listIdentities, listWrites } from "./run-digest.ts";
import type { ClusterView } from "./run-view.ts";
import { count, formatMoment, noWayBackWords, sentence, withClockTimes } from "./words.ts";

/**
 * What happened to a cluster, in sentences: how far it came, whether there is a way back, and what it took.
 * @param undo the command that takes it back
 */
export function summarizeCluster(cluster: ClusterPlan, view: ClusterView, undo: string): string[] {
  const outcome = sentence(outcomeWords(cluster, view));
  return view.startedAt ? [outcome, wayBackWords(cluster, view, undo), effortWords(view)].filter(Boolean) : [outcome];
}

function outcomeWords(cluster: ClusterPlan, view: ClusterView): string {
  const name = nameOf(cluster.id);
  const done = view.steps.filter(({ state }) => state === "done").length;
  const sofar = `${done} of ${count(view.steps.length, "step")}`;
  switch (view.state) {
    case "done": {
      if (view.changed === false) return `cluster ${name} needed no change: Azure showed everything that was planned`;
      const [controlPlane, nodes] = listIdentities(cluster, view);
      return `cluster ${name} is migrated: its control plane uses ${controlPlane!.after}, and its nodes use ${nodes!.after}`;
    }
    case "failed": {
      const step = view.steps.find(({ state }) => state === "failed");
      return `the migration of ${name} failed${step ? ` at "${step.title}"` : ""}, with ${sofar} done`;
    }
    case "paused":
      return `the migration of ${name} is paused, with ${sofar} done`;
    default:
      return view.startedAt
        ? `the migration of ${name} is not over: ${sofar} are done`
        : `the migration of ${name} has not begun`;
  }
}

/** Where it stands relative to the point of no return. */
function wayBackWords(cluster: ClusterPlan, view: ClusterView, undo: string): string {
  const final = view.steps.flatMap(({ changes }) => changes).find(({ risk }) => risk === "irreversible");
  if (!final) return "";
  if (final.startedAt) {
    const begun = formatMoment(final.startedAt);
    const isAccepted = final.state === "applied" || final.correlationIds.length > 0;
    if (final.state !== "failed" && !isAccepted && view.state !== "running")
      return `Its switch was sent on ${begun}, and Azure has not confirmed it: aks-mi resume looks whether it was made.`;
    const what =
      final.state === "failed" ? `Its switch was begun on ${begun} and failed` : `It was switched on ${begun}`;
    return `${what}. ${noWayBackWords(cluster)}`;
  }
  if (view.state === "done") return "";
  const states = new Set(listWrites(view).map(({ state }) => state));
  if (states.has("applied")) return `It is not switched yet: ${undo} takes back what was made.`;
  return `It is not switched yet, and ${states.has("undone") ? "what was made has been taken back" : "nothing was made"}.`;
}

function effortWords(view: ClusterView): string {
  const pools = view.steps.flatMap((step) => step.pools);
  const drained = pools.reduce((sum, { reimaged, before }) => sum + Math.max(0, reimaged - before), 0);
  const written = listWrites(view).filter(({ state, adopted }) => state === "applied" && !adopted).length;
  const retries = view.steps.reduce((sum, step) => sum + step.retries.length, 0);
  const parts = [
    drained > 0 ? `${count(drained, "node")} seen drained and re-imaged` : "no node seen drained",
    `${count(written, "change")} written`,
    ...(retries > 0 ? [`${count(retries, "request")} sent again`] : []),
  ];
  return sentence(parts.join(", "));
}

/** Why a run is paused, and from when on it can go on. */
export function pauseWords({ reason, retryAt }: NonNullable<ClusterView["pause"]>): string {
  const words = sentence(withClockTimes(reason));
  return retryAt ? `${words} Resume it from ${formatMoment(retryAt)} on.` : words;
}
