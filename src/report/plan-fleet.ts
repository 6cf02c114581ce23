import { CLUSTERS_AT_ONCE } from "../plan/pace.ts";
import type { MigrationPlan } from "../plan/schema.ts";
import { estimate } from "./durations.ts";
import { parseId } from "./ids.ts";
import { type ClusterDigest, drainedNodes, riskWords } from "./plan-digest.ts";
import type { Table } from "./table.ts";
import { count, formatRange } from "./words.ts";

/** What the clusters of a plan come to together, as terms with their values. */
export function fleetFacts(plan: MigrationPlan, digests: readonly ClusterDigest[]): [term: string, value: string][] {
  const sum = (amountOf: (digest: ClusterDigest) => number) =>
    digests.reduce((total, digest) => total + amountOf(digest), 0);
  const changes = sum(({ changeCount }) => changeCount);
  const blocked = sum(({ cluster }) => Number(cluster.blocked === true));
  const riskCounts = {
    additive: sum((digest) => digest.riskCounts.additive),
    disruptive: sum((digest) => digest.riskCounts.disruptive),
    irreversible: sum((digest) => digest.riskCounts.irreversible),
  };
  const nodes = sum(({ drains }) => drainedNodes(drains));
  const facts: [string, string][] = [["Clusters", `${digests.length}, up to ${CLUSTERS_AT_ONCE} at a time`]];
  if (blocked > 0) facts.push(["Blocked", `${blocked} of ${digests.length}: this plan cannot be applied`]);
  facts.push(["Changes", changes === 0 ? "none: there is nothing to do" : `${changes} (${riskWords({ riskCounts })})`]);
  if (nodes > 0)
    facts.push([
      "Drains",
      `${count(
        sum(({ drains }) => drains.length),
        "pool",
      )}, ${count(nodes, "node")}`,
    ]);
  if (changes > 0) facts.push(["Duration", `${formatRange(estimate(plan).total)}, run in one go`]);
  return facts;
}

/** Each cluster of a plan as a row of words. */
export function fleetTable(digests: readonly ClusterDigest[]): Table & { readonly rows: readonly string[][] } {
  const rows = digests.map(({ cluster, changeCount, drains, estimate: { window }, findings: [worst] }) => {
    const { name, resourceGroup } = parseId(cluster.id);
    return [
      `${name} in ${resourceGroup}`,
      cluster.blocked ? "BLOCKED" : changeCount === 0 ? "none" : String(changeCount),
      String(drainedNodes(drains)),
      window ? formatRange(window) : "-",
      worst ? `${worst.severity} ${worst.check}` : "-",
    ];
  });
  const columns = ["Cluster", "Changes", "Nodes drained", "Window", "Worst finding"];
  return { caption: "Each is told of below", columns, rows };
}
