import type { Resource } from "./json.ts";
import type { Operation } from "./operation.ts";
import type { Work } from "./work.ts";

/** One node of a cluster, with the identity that its kubelet has had since it was last imaged. */
export interface Node {
  /** The name by which Kubernetes knows it. */
  name: string;
  /** Id of the scale set instance or virtual machine behind it. */
  resourceId: string;
  /** The principal that pulls its images. */
  principalId: string;
  /** False from a change of the scale set's model until the node is imaged again. */
  hasLatestModel: boolean;
}

/** The newest node image for a pool, and from when on there is one release more. */
export interface PoolImages {
  readonly latest: string;
  readonly nextFromMs: number | undefined;
}

/** One node pool. */
export interface Pool {
  readonly name: string;
  nodes: Node[];
  /** The scale set, absent for pools of single machines. */
  scaleSetId: string | undefined;
  /** Counts the instances ever made: an instance id is not used twice. */
  nextInstance: number;
  /** When the pool last took the newest node image. */
  imageTakenMs: number | undefined;
  /** What was put in about the images for this pool, in place of the switch for all. */
  images: PoolImages | undefined;
  operation: Operation | undefined;
}

/** From when on the control plane has had a principal; it goes on acting as the one before for a while. */
export interface ControlPlanePrincipal {
  readonly principalId: string;
  readonly sinceMs: number;
}

/** A cluster as it lives, beside the resource that Azure shows of it. */
export interface Cluster {
  readonly id: string;
  resource: Resource;
  readonly pools: Map<string, Pool>;
  controlPlane: ControlPlanePrincipal[];
  /** The kubelet identity that a node gets when it is imaged now; undefined while it is the service principal. */
  kubeletPrincipalId: string | undefined;
  /** What nodes use that were imaged before the cluster had a kubelet identity. */
  servicePrincipalId: string | undefined;
  registries: string[];
  operation: Operation | undefined;
  /** True when a roll ended before every node was imaged: the next update goes on with it. */
  hasUnfinishedRoll: boolean;
  /** True once an update through the API changed who acts. */
  hasSwitched: boolean;
  /** Its daily work; undefined before that has been started. */
  work: Work | undefined;
}

/** Every node of a cluster with its pool. */
export function nodesOf(cluster: Cluster): { pool: Pool; node: Node }[] {
  return [...cluster.pools.values()].flatMap((pool) => pool.nodes.map((node) => ({ pool, node })));
}

/** The principal that a node gets when it is imaged now. */
export function nodePrincipalOf(cluster: Cluster): string {
  return cluster.kubeletPrincipalId ?? cluster.servicePrincipalId ?? cluster.controlPlane.at(-1)!.principalId;
}

/** The principal that the control plane has now, whoever it still acts as. */
export function controlPlanePrincipalOf(cluster: Cluster): string {
  return cluster.controlPlane.at(-1)!.principalId;
}

/** The principal that the control plane acts as at a moment: tokens are kept until they expire. */
export function actingPrincipalOf(cluster: Cluster, nowMs: number, tokenSwitchoverMs: number): string {
  const [first, ...later] = cluster.controlPlane;
  const acting = later.findLast((entry) => entry.sinceMs + tokenSwitchoverMs <= nowMs);
  return (acting ?? first!).principalId;
}
