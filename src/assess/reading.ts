import type { KubernetesVersion, Usage } from "../azure/capacity.ts";
import type { CloudName } from "../azure/clouds.ts";
import type { DeletedPrincipal, DirectoryKind, ServicePrincipal } from "../azure/graph.ts";
import type { UserAssignedIdentity } from "../azure/identities.ts";
import type { JsonObject } from "../azure/json.ts";
import type { MaintenanceConfiguration } from "../azure/maintenance.ts";
import { type ManagedCluster, poolsOf } from "../azure/managed-cluster.ts";
import type { Subnet } from "../azure/networks.ts";
import type { PolicyAssignment } from "../azure/policies.ts";
import type { Registry } from "../azure/registries.ts";
import type { RoleAssignment } from "../azure/roles.ts";
import type { InClusterEvidence } from "../in-cluster/evidence.ts";
import type { ClusterScopes } from "../migration/cluster-scopes.ts";
import type { ClusterState } from "../migration/completeness.ts";
import type { Lock } from "../migration/locks.ts";
import { type PoolEvidence, poolsLeftOf } from "../migration/nodes.ts";
import type { ClusterFacts } from "../plan/schema.ts";
import type { Known, Listed } from "./outcome.ts";
import type { HeldRight } from "./rights.ts";

/** Somebody who acts for the cluster, and what they hold; `principalId` is undefined when Azure does not show it. */
export interface Holder {
  readonly principalId: string | undefined;
  readonly rights: Listed<HeldRight>;
}

/** The service principal of a cluster that has not been switched. */
export interface ServicePrincipalReading {
  readonly clientId: string;
  /** Undefined as value: it is gone from the directory. */
  readonly principal: Known<ServicePrincipal | undefined>;
  /** Where it is gone: what can still be restored of it. */
  readonly deleted?: DeletedPrincipal | undefined;
  /** Latest first; empty when the directory shows none. */
  readonly credentialEnds: Known<readonly Date[]>;
  readonly rights: Listed<HeldRight>;
  /** Other clusters that use it. */
  readonly otherClusters: Listed<string>;
  /** Scopes that belong to the clusters that use it: roles on them are for these clusters. */
  readonly clusterScopes: ClusterScopes;
}

/** A user-assigned identity that the cluster names. */
export interface IdentityReading {
  readonly id: string;
  readonly use: "control-plane" | "kubelet";
  /** Undefined as value: there is no such identity. */
  readonly identity: Known<UserAssignedIdentity | undefined>;
  /** Other clusters that name it. */
  readonly otherClusters: Listed<string>;
}

/** Everything that the checks look at: plain data, so that a check is a function of it and nothing else. */
export interface ClusterReading {
  readonly id: string;
  readonly cluster: ManagedCluster;
  readonly now: Date;
  readonly cloud: CloudName;
  /** The tenant of the cluster's subscription. */
  readonly tenant: string | undefined;
  readonly state: ClusterState;
  readonly facts: ClusterFacts;
  /** Evidence about the nodes; empty while the control plane is on a service principal. */
  readonly pools: readonly PoolEvidence[];
  readonly servicePrincipal: ServicePrincipalReading | undefined;
  readonly identities: readonly IdentityReading[];
  /** Of a managed identity; undefined on a service principal. */
  readonly controlPlane: Holder | undefined;
  readonly kubelet: Holder | undefined;
  /** By the add-on's name in lower case. */
  readonly addons: ReadonlyMap<string, Holder>;
  readonly registries: Listed<Registry>;
  readonly locks: Listed<Lock>;
  readonly policies: Listed<PolicyAssignment>;
  /** The subnets that the cluster names, as far as they can be seen. */
  readonly subnets: readonly Subnet[];
  /** By pool; only where nodes are still to be re-imaged. */
  readonly latestNodeImages: ReadonlyMap<string, Known<string | undefined>>;
  /** Undefined where no migration lies ahead. */
  readonly maintenance: Known<readonly MaintenanceConfiguration[]> | undefined;
  readonly kubernetesVersions: Known<readonly KubernetesVersion[]>;
  readonly usages: Known<readonly Usage[]>;
  /** How many role assignments the subscription has. */
  readonly assignmentCount: Known<number>;
  /** Roles held directly on the cluster or on its nodes' resource group. */
  readonly ownAssignments: Listed<RoleAssignment>;
  /** What the holders of `ownAssignments` are; who is not in it is gone from the directory. */
  readonly directory: Known<ReadonlyMap<string, DirectoryKind>>;
  /** What was seen inside the cluster; undefined where nobody asked for that. */
  readonly inside?: InClusterEvidence | undefined;
}

/** The pools whose nodes are still to be re-imaged, as far as can be seen; the same that a plan looks at. */
export function poolsLeft({ cluster, servicePrincipal, pools }: ClusterReading): JsonObject[] {
  if (servicePrincipal) return poolsOf(cluster);
  return poolsLeftOf(cluster, pools);
}

/** True while nodes or control plane still use a service principal, or may do so as far as can be seen. */
export function isMigrationAhead({
  state,
  servicePrincipal,
  pools,
}: Pick<ClusterReading, "state" | "servicePrincipal" | "pools">): boolean {
  return servicePrincipal !== undefined || state === "half-migrated" || pools.some(({ rank }) => rank === "unknown");
}
