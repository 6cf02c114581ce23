import type { Azure } from "../azure/azure.ts";
import { AksMiError } from "../engine/errors.ts";
import type { Known, NotAssessed } from "../engine/known.ts";
import type { Finding } from "../engine/step.ts";
import { judgePulls, type PullEvidence, readPulls } from "../in-cluster/pulls.ts";
import { type Completeness, judgeCluster } from "../migration/cluster-state.ts";
import { type PoolEvidence, readNodeEvidence } from "../migration/nodes.ts";
import { sanitize, wrapText } from "../ui/terminal.ts";
import { type CommonFlags, connectFor, resolveScope, type ScopeFlags } from "./context.ts";
import { type InClusterFlags, mayLookInside } from "./in-cluster.ts";

/** A cluster with what is proven about it. */
export interface Verified extends Completeness {
  readonly id: string;
  readonly pools: readonly PoolEvidence[];
}

/** Says per cluster and per pool whether the migration is complete. @returns the exit code: 9 when one is not */
export async function verify(
  flags: CommonFlags & ScopeFlags & InClusterFlags & { output: "table" | "json" },
): Promise<number> {
  const connection = await connectFor(flags);
  const ids = await resolveScope(connection, flags);
  const inCluster = await mayLookInside(flags);
  return showVerified(await verifyClusters(connection.azure(), ids, inCluster), flags.output);
}

/** Reads what Azure shows of each cluster and its nodes. @param inCluster look at its pods too */
export async function verifyClusters(azure: Azure, ids: readonly string[], inCluster = false): Promise<Verified[]> {
  const verified: Verified[] = [];
  for (const id of ids) verified.push(await verifyCluster(azure, id, inCluster));
  return verified;
}

/** Prints what was found. @returns the exit code: 9 when a cluster is not complete */
export function showVerified(verified: readonly Verified[], output: "table" | "json"): number {
  process.stdout.write(
    output === "json" ? `${JSON.stringify({ clusters: verified.map(toJson) }, undefined, 2)}\n` : toText(verified),
  );
  return verified.every(({ complete }) => complete) ? 0 : 9;
}

async function verifyCluster(azure: Azure, id: string, inCluster: boolean): Promise<Verified> {
  const cluster = await azure.clusters.get(id);
  if (!cluster)
    throw new AksMiError(
      "USAGE",
      `There is no cluster ${id}, or you may not see it.`,
      "Check the id and your sign-in.",
    );
  const pools = await readNodeEvidence(azure, id, cluster, undefined);
  const judged = { id, pools, ...judgeCluster(cluster, pools) };
  return inCluster ? withPulls(judged, await readPulls(azure, id, cluster)) : judged;
}

/** What the pods say about pulling takes the place of "not looked at". */
function withPulls(judged: Verified, pulls: Known<PullEvidence>): Verified {
  const rolled = judged.pools.map(({ pool, rank }) => ({ pool, rolled: rank === "rolled" }));
  const outcomes = judgePulls(pulls, rolled);
  const found = outcomes.filter((outcome): outcome is Finding => "severity" in outcome);
  const gaps = outcomes.filter((outcome): outcome is NotAssessed => !("severity" in outcome));
  return {
    ...judged,
    complete: judged.complete && found.length === 0,
    findings: [...judged.findings, ...found],
    notAssessed: [...judged.notAssessed.filter(({ check }) => check !== "PM003"), ...gaps],
  };
}

function toJson({ id, state, complete, findings, notAssessed, pools }: Verified) {
  return {
    id,
    state,
    complete,
    findings,
    notAssessed,
    pools: pools.map(({ pool, nodes, rank, reimaged, seen, nodeImageVersion }) => ({
      name: pool,
      nodes,
      evidence: rank,
      reimaged,
      seen,
      ...(nodeImageVersion ? { nodeImageVersion } : {}),
    })),
  };
}

function toText(verified: readonly Verified[]): string {
  const lines = verified.flatMap(({ id, state, complete, findings, notAssessed, pools }) => [
    `${id.split("/").at(-1)}: ${complete ? "complete" : "not complete"} (${state})`,
    ...pools.map(
      ({ pool, rank, seen }) =>
        `  pool ${pool}: ${rank === "rolled" ? "proven" : rank === "unknown" ? "not proven" : "not migrated"}: ${seen}`,
    ),
    ...findings.flatMap(({ check, severity, seen, remedy }) => [`  ${check} ${severity}: ${seen}`, `    → ${remedy}`]),
    `  not assessed: ${notAssessed.map(({ check, reason }) => `${check} (${reason})`).join(", ")}`,
  ]);
  const columns = process.stdout.columns ?? Number.POSITIVE_INFINITY;
  return lines
    .flatMap((line) => wrapIndented(sanitize(line), columns - 1))
    .map((line) => `${line}\n`)
    .join("");
}

/** A line, broken where it is longer than the terminal; what follows is indented a little more than its beginning. */
function wrapIndented(line: string, columns: number): string[] {
  const indent = line.length - line.trimStart().length;
  const [first = "", ...rest] = wrapText(line.trimStart(), columns - indent - 2);
  return [" ".repeat(indent) + first, ...rest.map((part) => " ".repeat(indent + 2) + part)];
}
