import { keyOf } from "../azure/ids.ts";
import {
  clientIdOf,
  clusterIdOf,
  kubeletIdentityOf,
  type ManagedCluster,
  userAssignedIdsOf,
} from "../azure/managed-cluster.ts";
import { type ClusterScopes, clusterScopesOf } from "../migration/cluster-scopes.ts";

/** A cluster that uses an identity, and the cluster's own object. */
export interface IdentityUser {
  readonly id: string;
  readonly cluster: ManagedCluster;
}

/** Which clusters use which service principal or managed identity, over every subscription that can be seen. */
export class Neighbours {
  readonly #users = new Map<string, IdentityUser[]>();
  readonly #scopes = new Map<string, ClusterScopes>();
  /** Why there may be more clusters than those known here. */
  readonly gap: string | undefined;

  constructor(clusters: readonly ManagedCluster[], gap: string | undefined) {
    this.gap = gap;
    for (const cluster of clusters) {
      const user = { id: clusterIdOf(cluster), cluster };
      for (const key of identitiesOf(cluster)) {
        const users = this.#users.get(key) ?? [];
        users.push(user);
        this.#users.set(key, users);
      }
    }
  }

  /** @param identity a service principal's client id, or the id of a user-assigned identity */
  usersOf(identity: string): readonly IdentityUser[] {
    return this.#users.get(keyOf(identity)) ?? [];
  }

  /** The scopes that belong to the clusters which use an identity. */
  scopesOf(identity: string): ClusterScopes {
    const key = keyOf(identity);
    const before = this.#scopes.get(key);
    if (before) return before;
    const made = clusterScopesOf(this.usersOf(identity));
    this.#scopes.set(key, made);
    return made;
  }
}

/** The names of what a cluster acts as, in lower case; `msi` is no service principal. */
function identitiesOf(cluster: ManagedCluster): Set<string> {
  const clientId = clientIdOf(cluster)?.toLowerCase();
  const kubelet = kubeletIdentityOf(cluster)?.resourceId;
  const names = [clientId === "msi" ? undefined : clientId, ...userAssignedIdsOf(cluster), kubelet];
  return new Set(names.filter((name) => name !== undefined).map((name) => name.toLowerCase()));
}
