import { checkIdentitiesExist } from "../assess/checks/identity-state.ts";
import { identitiesNamedBy } from "../assess/read-holders.ts";
import type { IdentityReading } from "../assess/reading.ts";
import type { Azure } from "../azure/azure.ts";
import type { Connection } from "../azure/connection.ts";
import { parseResourceId } from "../azure/ids.ts";
import type { ManagedCluster } from "../azure/managed-cluster.ts";
import { reasonFor } from "../azure/refusals.ts";
import { AksMiError } from "../engine/errors.ts";
import { known, type NotAssessed, unknown } from "../engine/known.ts";
import { isFinding, type Outcome } from "../engine/outcome.ts";
import { EXIT } from "../exit-codes.ts";
import { judgeRefusedComponents, readRefusedComponents } from "../in-cluster/access-events.ts";
import { judgePulls, readPulls } from "../in-cluster/pulls.ts";
import { judgeCluster } from "../migration/completeness.ts";
import { type PoolEvidence, readNodeEvidence } from "../migration/nodes.ts";
import { checkPrincipalUse } from "../migration/principal-use.ts";
import { type CommonFlags, connectFor, parseTime, resolveScope, type ScopeFlags } from "./context.ts";
import { type DepartureFlags, findDeparture } from "./departure.ts";
import { type InClusterFlags, mayLookInside } from "./in-cluster.ts";
import { assessOldPrincipal } from "./old-principal.ts";
import { renderVerifiedJson, renderVerifiedText, type Verified } from "./render-verified.ts";

/** The flags of `verify`. */
export interface VerifyFlags extends CommonFlags, ScopeFlags, InClusterFlags {
  readonly servicePrincipal?: string;
  readonly switchedAt?: string;
  readonly output: "table" | "json";
}

/** What there is to know besides the clusters. */
export interface VerifyOptions extends DepartureFlags {
  /** Look at pods and events too. */
  readonly inCluster?: boolean;
}

/** Says per cluster and per pool whether the migration is complete. @returns the exit code: 9 when one is not */
export async function verify(flags: VerifyFlags): Promise<number> {
  const switchedAt = parseTime("--switched-at", flags.switchedAt);
  const connection = await connectFor(flags);
  const ids = await resolveScope(connection, flags);
  const { stateDir, servicePrincipal } = flags;
  const inCluster = await mayLookInside(flags);
  const verified = await verifyClusters(connection, ids, { stateDir, servicePrincipal, switchedAt, inCluster });
  return showVerified(verified, flags.output);
}

/** Reads what Azure shows of each cluster, its nodes, and the principal that it has left. */
export async function verifyClusters(
  connection: Connection,
  ids: readonly string[],
  options: VerifyOptions,
): Promise<Verified[]> {
  const verified: Verified[] = [];
  for (const id of ids) verified.push(await verifyCluster(connection, id, options));
  return verified;
}

/** Prints what was found. @returns the exit code: 9 when a cluster is not complete */
export function showVerified(verified: readonly Verified[], output: "table" | "json"): number {
  process.stdout.write(
    output === "json"
      ? renderVerifiedJson(verified)
      : renderVerifiedText(verified, process.stdout.columns || undefined),
  );
  return verified.every(({ complete }) => complete) ? 0 : EXIT.found;
}

async function verifyCluster(connection: Connection, id: string, options: VerifyOptions): Promise<Verified> {
  const azure = connection.azure();
  const cluster = await azure.clusters.get(id);
  if (!cluster)
    throw new AksMiError(
      "USAGE",
      `There is no cluster ${id}, or you may not see it.`,
      "Check the id and your sign-in.",
    );
  const inCluster = options.inCluster === true;
  const departure = await findDeparture(connection, id, cluster, options);
  const nodesSince = departure.known ? departure.value.nodesSince : options.switchedAt;
  const pools = await readNodeEvidence(azure, id, cluster, nodesSince);
  const judged = judgeCluster(cluster, pools);
  const now = connection.clock.now();
  const oldPrincipal = departure.known
    ? await assessOldPrincipal(azure, id, cluster, departure.value, { inCluster, now })
    : undefined;
  const outcomes: Outcome[] = [
    ...checkIdentitiesExist({ cluster, identities: await readIdentities(azure, id, cluster) }),
    ...(inCluster ? await lookInside(azure, id, cluster, pools, oldPrincipal?.switchedAt) : NOT_LOOKED_INSIDE),
    ...(oldPrincipal ? checkPrincipalUse(oldPrincipal.use) : []),
    ...(departure.known ? [] : [{ check: "PM005", reason: departure.reason }]),
  ];
  const found = outcomes.filter(isFinding);
  return {
    id,
    pools,
    state: judged.state,
    // That tokens of before the switch are still used is as it should be, and said all the same.
    complete: judged.complete && found.every(({ severity }) => severity === "info"),
    findings: [...judged.findings, ...found],
    notAssessed: [...judged.notAssessed, ...outcomes.filter((outcome): outcome is NotAssessed => !isFinding(outcome))],
    oldPrincipal,
  };
}

/** Reads the user-assigned identities that a cluster names: the cluster shows them also where they are gone. */
async function readIdentities(azure: Azure, clusterId: string, cluster: ManagedCluster) {
  const read = async (id: string): Promise<IdentityReading["identity"]> => {
    const { name, subscription } = parseResourceId(id)!;
    try {
      const found = await azure.identities.get(id);
      // Azure answers 404 for whatever lies in a subscription of another tenant.
      const isElsewhere = subscription.toLowerCase() !== parseResourceId(clusterId)!.subscription.toLowerCase();
      return found || !isElsewhere ? known(found) : unknown("it is not there, or you do not see its subscription");
    } catch (error) {
      return unknown(reasonFor(error, `the identity ${name}`));
    }
  };
  return Promise.all(identitiesNamedBy(cluster).map(async (named) => ({ ...named, identity: await read(named.id) })));
}

const NOT_LOOKED_INSIDE: readonly NotAssessed[] = [
  { check: "PM003", reason: "pods were not looked at (--in-cluster looks at them)" },
  { check: "PM004", reason: "events inside the cluster were not read (--in-cluster reads them)" },
];

/** PM003 and PM004, and what a look inside cannot tell. */
async function lookInside(
  azure: Azure,
  id: string,
  cluster: ManagedCluster,
  pools: readonly PoolEvidence[],
  switchedAt: Date | undefined,
): Promise<Outcome[]> {
  const rolled = pools.map(({ pool, rank }) => ({ pool, rolled: rank === "rolled" }));
  return [
    ...judgePulls(await readPulls(azure, id, cluster), rolled),
    ...judgeRefusedComponents(await readRefusedComponents(azure, id, cluster), switchedAt),
    NODE_FILES,
  ];
}

/** Only a pod of its own on each node could read the node's file, and this tool writes nothing into a cluster. */
const NODE_FILES: NotAssessed = {
  check: "ID002",
  reason: "the nodes' own azure.json was not read: that takes a privileged pod on each node, and none is started",
};
