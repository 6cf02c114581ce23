import type { MigrationPlan } from "../plan/schema.ts";
import { listTasksLeft } from "./left-to-do.ts";
import { maskRun, type RunReportOptions, USUAL_PLACE } from "./mask.ts";
import { listIdentities, listNodes } from "./run-digest.ts";
import type { RunView } from "./run-view.ts";
import { listSnippets, targetIds } from "./snippets.ts";

/** What happened in a run, as JSON with a line break at the end. */
export function renderRunJson(
  plan: MigrationPlan,
  view: RunView,
  hash: string,
  options: RunReportOptions = {},
): string {
  const { plan: shownPlan, view: shown } = maskRun(plan, view, options);
  const { run, state, tool, startedAt, endedAt, approvals, resumes } = shown;
  const clusters = shownPlan.clusters.map((cluster, index) => {
    const clusterView = shown.clusters[index]!;
    return {
      ...clusterView,
      path: cluster.path,
      // Expectations are the plan's; a report says what happened.
      steps: clusterView.steps.map(({ estimate: _, ...step }) => step),
      identities: listIdentities(cluster, clusterView),
      nodes: listNodes(clusterView),
      rights: cluster.rights,
      leftToDo: listTasksLeft(shownPlan, shown, index, options.place ?? USUAL_PLACE),
      snippets: listSnippets(cluster, targetIds(cluster, clusterView)),
    };
  });
  const { cloud, tenant, emulator } = shownPlan.metadata;
  const report = {
    run,
    state,
    planHash: hash,
    tool,
    cloud,
    tenant,
    emulator,
    startedAt,
    endedAt,
    approvals,
    resumes,
    clusters,
  };
  return `${JSON.stringify(report, undefined, 2)}\n`;
}
