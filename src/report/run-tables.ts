import type { ClusterPlan } from "../plan/schema.ts";
import { shortId } from "./ids.ts";
import { timeSpentMs } from "./remaining.ts";
import { listGaps, listIdentities, listNodes, listRights, listWrites } from "./run-digest.ts";
import { type ClusterView, changeWords, isProven } from "./run-view.ts";
import type { Cell, Table } from "./table.ts";
import { count, formatLength, formatTime, sentence, withClockTimes } from "./words.ts";

/** Each step with its state, its time and its evidence. @param now until when a step that is at work is counted */
export function stepTable({ steps }: ClusterView, now: Date): Table {
  return {
    caption: "Each step with its evidence",
    columns: ["Step", "State", "Started", "Took", "Evidence"],
    rows: steps.map((step) => [
      step.title,
      { state: step.state },
      timeCell(step.spans[0]?.from),
      step.spans[0] && { time: formatLength(timeSpentMs(step, now)) },
      [
        withClockTimes(step.evidence ?? step.failure?.message ?? step.reason ?? ""),
        step.retries.length > 0 ? [" ", { aside: `(${count(step.retries.length, "retry", "retries")})` }] : undefined,
      ],
    ]),
  };
}

/** Who acts in Azure for the cluster: before, and after the migration. */
export function identityTable(cluster: ClusterPlan, view: ClusterView): Table {
  return {
    caption: "Who acts in Azure for this cluster",
    columns: ["For", "Before", isProven(view) ? "After" : "After, as planned"],
    rows: listIdentities(cluster, view).map(({ user, before, after, afterId }) => [
      { label: user },
      before,
      afterId ? { name: after, id: afterId } : after,
    ]),
  };
}

/** Each right of the plan with its reason, and what became of it. */
export function rightTable(cluster: ClusterPlan, view: ClusterView): Table {
  return {
    caption: "Each right with its reason",
    columns: ["Identity", "Role", "Scope", "Why", "State"],
    rows: listRights(cluster, view).map(({ principal, role, scope, change }) => [
      principal,
      role,
      { name: shortId(scope), id: scope },
      change.reason && sentence(change.reason),
      { state: changeWords(change) },
    ]),
  };
}

/** The times in which a principal was without its rights. */
export function gapTable(view: ClusterView): Table {
  return {
    caption: "What did not work for a while",
    columns: ["Gap", "Why", "State", "Closed"],
    rows: listGaps(view).map((gap) => [
      sentence(gap.summary),
      sentence(gap.reason),
      { state: changeWords(gap) },
      timeCell(gap.appliedAt),
    ]),
  };
}

/** When each node was seen re-imaged. */
export function nodeTable(view: ClusterView): Table {
  return {
    caption: "When each node was seen drained and re-imaged",
    columns: ["Pool", "Node", "Re-imaged"],
    rows: listNodes(view).map(({ pool, node, at }) => [pool, node, timeCell(at)]),
  };
}

/** Each write with Azure's ids for it. */
export function writeTable(view: ClusterView): Table {
  return {
    caption: "Each write with its correlation ids, for Azure's activity log",
    columns: ["Change", "State", "At", "Correlation id"],
    rows: listWrites(view).map((change) => [
      change.summary,
      { state: changeWords(change) },
      timeCell(change.startedAt),
      change.correlationIds.flatMap((code) => [{ code }, " "]),
    ]),
  };
}

function timeCell(at: string | undefined): Cell {
  return at === undefined ? undefined : { time: formatTime(at) };
}
