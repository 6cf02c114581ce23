import type { Azure } from "../azure/azure.ts";
import { sameId } from "../azure/ids.ts";
import { asString, at, type JsonObject } from "../azure/json.ts";
import { identityTypeOf, kubeletIdentityOf, userAssignedIdsOf } from "../azure/managed-cluster.ts";
import { BUILT_IN_ROLES } from "../emulator/roles.ts";
import { type ClusterState, judgeCluster } from "../migration/completeness.ts";
import type { EvidenceRank } from "../migration/evidence.ts";
import { readNodeEvidence } from "../migration/nodes.ts";

/** How a cluster stands when a run is over. */
export interface EndState {
  readonly state: ClusterState;
  readonly complete: boolean;
  /** Names of the control plane's identities, or the kind of it where it has no name. */
  readonly controlPlane: string;
  readonly kubeletIdentity: string | undefined;
  readonly pools: readonly {
    readonly name: string;
    readonly nodes: number;
    readonly evidence: EvidenceRank;
    readonly nodeImageVersion: string | undefined;
  }[];
  /** The identities and role assignments that were not there before, in words, sorted. */
  readonly made: readonly string[];
}

/** Reads how a cluster stands. @param before the resources of the emulator when the run began; `after`: when it was over */
export async function readEndState(
  azure: Azure,
  clusterId: string,
  before: readonly JsonObject[],
  after: readonly JsonObject[],
): Promise<EndState> {
  const cluster = (await azure.clusters.get(clusterId))!;
  const pools = await readNodeEvidence(azure, clusterId, cluster, undefined);
  const { state, complete } = judgeCluster(cluster, pools);
  const type = identityTypeOf(cluster) ?? "service principal";
  const names = userAssignedIdsOf(cluster).map(lastName);
  return {
    state,
    complete,
    controlPlane: names.length > 0 ? names.join(", ") : type,
    kubeletIdentity: kubeletIdentityOf(cluster)?.resourceId.split("/").at(-1),
    pools: pools.map(({ pool, nodes, rank, nodeImageVersion }) => ({
      name: pool,
      nodes,
      evidence: rank,
      nodeImageVersion,
    })),
    made: describeMade(before, after),
  };
}

const IDENTITIES = "microsoft.managedidentity/userassignedidentities";
const ASSIGNMENTS = "microsoft.authorization/roleassignments";

function describeMade(before: readonly JsonObject[], after: readonly JsonObject[]): string[] {
  const known = new Set(before.map(keyOf));
  const made = after.filter((resource) => !known.has(keyOf(resource)));
  const identities = made.filter((resource) => typeOf(resource) === IDENTITIES);
  const assignments = made.filter((resource) => typeOf(resource) === ASSIGNMENTS);
  return [
    ...identities.map((identity) => `identity ${lastName(idOf(identity))}`),
    ...assignments.map((assignment) => describeAssignment(assignment, after)),
  ].sort();
}

function describeAssignment(assignment: JsonObject, resources: readonly JsonObject[]): string {
  const role = lastName(asString(at(assignment, "properties", "roleDefinitionId")) ?? "");
  const scope = asString(at(assignment, "properties", "scope")) ?? "";
  const principal = asString(at(assignment, "properties", "principalId"));
  return `${roleName(role, resources)} on ${lastName(scope)} for ${principalName(principal, resources)}`;
}

function roleName(guid: string, resources: readonly JsonObject[]): string {
  const builtIn = BUILT_IN_ROLES.find((role) => role.guid === guid.toLowerCase());
  if (builtIn) return builtIn.name;
  const custom = resources.find((resource) => lastName(keyOf(resource)) === guid.toLowerCase());
  return asString(at(custom, "properties", "roleName")) ?? guid;
}

function principalName(principal: string | undefined, resources: readonly JsonObject[]): string {
  const holder = resources.find(
    (resource) =>
      sameId(asString(at(resource, "properties", "principalId")), principal) && typeOf(resource) === IDENTITIES,
  );
  if (holder) return lastName(idOf(holder));
  const cluster = resources.find((resource) => sameId(asString(at(resource, "identity", "principalId")), principal));
  return cluster ? `cluster ${lastName(idOf(cluster))}` : `${principal}`;
}

function idOf(resource: JsonObject): string {
  return asString(resource["id"]) ?? "";
}

function keyOf(resource: JsonObject): string {
  return idOf(resource).toLowerCase();
}

function typeOf(resource: JsonObject): string {
  return asString(resource["type"])?.toLowerCase() ?? "";
}

function lastName(id: string): string {
  return id.split("/").at(-1)!;
}
