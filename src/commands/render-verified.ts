import type { Completeness } from "../migration/completeness.ts";
import { isBehind } from "../migration/evidence.ts";
import type { PoolEvidence } from "../migration/nodes.ts";
import { describePrincipal } from "../migration/principal-use.ts";
import { sanitize, wrapIndented } from "../text/terminal.ts";
import type { OldPrincipalReport } from "./old-principal.ts";

/** A cluster with what is proven about it. */
export interface Verified extends Completeness {
  readonly id: string;
  readonly pools: readonly PoolEvidence[];
  /** Undefined where nobody knows whom it has left. */
  readonly oldPrincipal: OldPrincipalReport | undefined;
}

/** Clusters and what is proven about them, as JSON with a line break at the end. */
export function renderVerifiedJson(verified: readonly Verified[]): string {
  return `${JSON.stringify({ clusters: verified.map(toJson) }, undefined, 2)}\n`;
}

function toJson({ id, state, complete, findings, notAssessed, pools, oldPrincipal }: Verified) {
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
    ...(oldPrincipal ? { oldPrincipal: principalToJson(oldPrincipal) } : {}),
  };
}

function principalToJson({ principal, switchedAt, use, signIns, missing, commands }: OldPrincipalReport) {
  return {
    ...principal,
    switchedAt,
    use: use.kind,
    seen: use.seen,
    ...("lastUse" in use ? { lastUse: use.lastUse } : {}),
    ...("knownAt" in use ? { knownAt: use.knownAt } : {}),
    signIns,
    missing,
    commands,
  };
}

/** Clusters and what is proven about them, for people. @param columns the width of the terminal */
export function renderVerifiedText(verified: readonly Verified[], columns = Number.POSITIVE_INFINITY): string {
  return verified
    .flatMap((cluster) => [
      ...clusterLines(cluster).flatMap((line) => wrapIndented(sanitize(line), columns - 1)),
      // A command that is broken over lines cannot be copied.
      ...(cluster.oldPrincipal?.commands ?? []).map((command) => `    ${sanitize(command)}`),
    ])
    .map((line) => `${line}\n`)
    .join("");
}

function clusterLines({ id, state, complete, findings, notAssessed, pools, oldPrincipal }: Verified): string[] {
  return [
    `${id.split("/").at(-1)}: ${complete ? "complete" : findings.length > 0 ? "not complete" : "not proven"} (${state})`,
    ...pools.map(
      (pool) =>
        `  pool ${pool.pool}: ${pool.rank === "rolled" ? "proven" : isBehind(pool) ? "not migrated" : "not proven"}: ${pool.seen}`,
    ),
    ...findings.flatMap(({ check, severity, seen, remedy }) => [`  ${check} ${severity}: ${seen}`, `    → ${remedy}`]),
    ...(notAssessed.length > 0
      ? [`  not assessed: ${notAssessed.map(({ check, reason }) => `${check} (${reason})`).join(", ")}`]
      : []),
    ...(oldPrincipal ? principalLines(oldPrincipal) : []),
  ];
}

/** What PM005 says of a use is among the findings already. */
function principalLines({ principal, use, signIns, missing, commands }: OldPrincipalReport): string[] {
  if (use.kind !== "none") return signIns ? [`  ${describePrincipal(principal)}: ${signIns}`] : [];
  return [
    `  ${use.seen}${signIns ? `; ${signIns}` : ""}`,
    ...(missing.length > 0 ? ["  before it can be retired:", ...missing.map((line) => `    ${line}`)] : []),
    ...(commands.length > 0
      ? ["  nothing is known to use it: how to retire it, the last command some days later"]
      : []),
  ];
}
