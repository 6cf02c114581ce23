import type { Connection } from "../azure/connection.ts";
import { sameId } from "../azure/ids.ts";
import { controlPlanePrincipalOf, isOnManagedIdentity, type ManagedCluster } from "../azure/managed-cluster.ts";
import { reasonFor } from "../azure/refusals.ts";
import { DAY_MS } from "../engine/clock.ts";
import { isAksMiError } from "../engine/errors.ts";
import { History } from "../engine/history.ts";
import { type Known, known, unknown } from "../engine/known.ts";
import { MemoryOperationStore } from "../engine/operations.ts";
import { nodeResourceGroupId } from "../migration/grants.ts";
import { migrationOf } from "../migration/migration.ts";
import { readNodeGroupGrantTime } from "../migration/node-group-grant.ts";
import { type OldPrincipal, oldPrincipalOf, touchedGroups } from "../migration/principal-use.ts";
import { readFacts } from "../migration/read-facts.ts";
import { readSwitchEnd, readSwitchStart } from "../migration/switch-time.ts";
import { foldEvents } from "../report/fold-events.ts";
import { clustersBehind } from "../report/retire-principal.ts";
import { listRuns, openRun, type RunDirectory, readEvents } from "../state/state-directory.ts";

/** Whom a cluster has left, when, and what it touches. */
export interface Departure {
  readonly principal: OldPrincipal;
  readonly switchedAt: Known<Date>;
  /** A node that is older than this cannot have the identity that it is to have; undefined where nothing tells. */
  readonly nodesSince: Date | undefined;
  /** How long tokens of before the switch may be used. */
  readonly quietMs: number;
  /** The ids of the resource groups in which the control plane writes. */
  readonly groups: readonly string[];
  /** Clusters of the same run that leave the same principal and are not through. */
  readonly behind: readonly string[];
}

/** What a user tells about a cluster that no run here has migrated. */
export interface DepartureFlags {
  readonly stateDir: string;
  /** The client id of the service principal that it has left. */
  readonly servicePrincipal?: string | undefined;
  readonly switchedAt?: Date | undefined;
}

/** Where the switch of a cluster by someone else leaves its time open, this is how long its tokens may be used. */
const QUIET_MS = DAY_MS;

/** Finds out whom a cluster has left: as the user tells, else from the newest run of it in the state directory. */
export async function findDeparture(
  connection: Connection,
  clusterId: string,
  cluster: ManagedCluster,
  flags: DepartureFlags,
): Promise<Known<Departure>> {
  if (!isOnManagedIdentity(cluster)) return unknown("the cluster has not been switched");
  if (flags.servicePrincipal) return known(await toldDeparture(connection, clusterId, cluster, flags));
  const departure = await recordedDeparture(connection, clusterId, cluster, flags);
  if (departure) return known(departure);
  return unknown(
    `nobody knows which service principal it has left: no run in ${flags.stateDir} tells (--state-dir names another directory, --service-principal its client id)`,
  );
}

async function toldDeparture(
  connection: Connection,
  clusterId: string,
  cluster: ManagedCluster,
  { servicePrincipal: clientId, switchedAt }: DepartureFlags,
): Promise<Departure> {
  const azure = connection.azure();
  const { facts } = await readFacts(azure, cluster, { controlPlane: undefined, nodes: undefined }, []);
  const answer = await azure.graph.servicePrincipal(clientId!);
  const found = answer.kind === "found" ? answer.value : undefined;
  const current = controlPlanePrincipalOf(cluster);
  const nodeGroup = nodeResourceGroupId(clusterId, facts);
  return {
    principal: { clientId: found?.appId ?? clientId, objectId: found?.objectId },
    switchedAt: await knownTime(switchedAt, async () => current && readNodeGroupGrantTime(azure, current, nodeGroup)),
    nodesSince: switchedAt,
    quietMs: QUIET_MS,
    groups: touchedGroups(clusterId, facts),
    behind: [],
  };
}

async function recordedDeparture(
  connection: Connection,
  clusterId: string,
  cluster: ManagedCluster,
  { stateDir, switchedAt }: DepartureFlags,
): Promise<Departure | undefined> {
  for (const run of readableRuns(stateDir)) {
    const { plan } = run;
    const index = plan.clusters.findIndex(({ id }) => sameId(id, clusterId));
    const planned = plan.clusters[index];
    const isHere = plan.metadata.cloud === connection.cloud && plan.metadata.emulator === connection.emulator;
    if (!planned || !isHere) continue;
    const events = readEvents(run);
    const own = events.filter((event) => event.cluster === undefined || sameId(event.cluster, clusterId));
    const migration = migrationOf(plan, planned, new History(own), new MemoryOperationStore());
    const principal = oldPrincipalOf(migration);
    if (!principal) continue;
    const begun = await knownTime(switchedAt, () => readSwitchStart(connection.azure(), migration, cluster));
    return {
      principal,
      nodesSince: begun.known ? begun.value : undefined,
      switchedAt: await knownTime(switchedAt, () => readSwitchEnd(connection.azure(), migration, cluster)),
      quietMs: migration.tokenSwitchoverMs,
      groups: touchedGroups(clusterId, migration.facts),
      behind: clustersBehind(plan, foldEvents(plan, events), index),
    };
  }
  return undefined;
}

/** When the switch was: as the user tells, else as Azure does. */
async function knownTime(told: Date | undefined, read: () => Promise<Date | "" | undefined>): Promise<Known<Date>> {
  if (told) return known(told);
  try {
    const time = await read();
    return time ? known(time) : unknown("nothing tells when the switch was (--switched-at does)");
  } catch (error) {
    return unknown(reasonFor(error, "the role assignments that tell when the switch was"));
  }
}

/** The runs of a state directory, the newest first; one that cannot be read tells nothing. */
function* readableRuns(stateDir: string): Generator<RunDirectory> {
  for (const id of listRuns(stateDir).reverse()) {
    try {
      const run = openRun(stateDir, id);
      readEvents(run);
      yield run;
    } catch (error) {
      if (!isAksMiError(error)) throw error;
    }
  }
}
