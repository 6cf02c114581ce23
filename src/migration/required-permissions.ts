import { resourceGroupOf } from "../azure/ids.ts";
import { parseRoleKey, updatesCluster } from "../plan/change-keys.ts";
import type { ClusterPlan, MigrationPlan } from "../plan/schema.ts";
import { clusterSubnets, nodeResourceGroupId } from "./grants.ts";
import { resolveTarget } from "./migration.ts";

/** An action that whoever runs a plan must be allowed on a scope. */
export interface RequiredPermission {
  readonly action: string;
  readonly scope: string;
  readonly why: string;
}

/** What of a plan says which permissions it needs. */
export type PermissionsPlan = Pick<MigrationPlan, "settings" | "clusters">;

/**
 * What a plan needs its operator to be allowed, scope by scope: the least that the requests of its steps come to, and
 * what Azure checks on resources that the cluster refers to (`LinkedAuthorizationFailed`: the identities of a cluster
 * on every update, subnets and disk encryption sets; AKS issue 4980 and documentation).
 */
export function requiredPermissions(plan: PermissionsPlan): RequiredPermission[] {
  const needed = new Map<string, RequiredPermission>();
  for (const cluster of plan.clusters) {
    for (const permission of [...ofReads(cluster), ...ofChanges(plan, cluster)]) {
      needed.set(`${permission.action} ${permission.scope}`.toLowerCase(), permission);
    }
  }
  return [...needed.values()];
}

function* ofReads(cluster: ClusterPlan): Generator<RequiredPermission> {
  const nodeGroup = nodeResourceGroupId(cluster.id, cluster.facts);
  yield { action: "Microsoft.ContainerService/managedClusters/read", scope: cluster.id, why: "to read the cluster" };
  yield {
    action: "Microsoft.ContainerService/managedClusters/agentPools/upgradeProfiles/read",
    scope: cluster.id,
    why: "to see whether a newer node image is there",
  };
  yield {
    action: "Microsoft.Compute/virtualMachineScaleSets/read",
    scope: nodeGroup,
    why: "to see which identity nodes use",
  };
  yield {
    action: "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/read",
    scope: nodeGroup,
    why: "to see which nodes have been re-imaged",
  };
  for (const subnet of clusterSubnets(cluster.facts)) {
    yield { action: "Microsoft.Network/virtualNetworks/subnets/read", scope: subnet, why: "to find its route table" };
  }
  for (const { id } of cluster.facts.registries) {
    yield {
      action: "Microsoft.ContainerRegistry/registries/read",
      scope: id,
      why: "to see how it decides who may pull",
    };
  }
}

function* ofChanges(plan: PermissionsPlan, cluster: ClusterPlan): Generator<RequiredPermission> {
  const target = resolveTarget(cluster.id, cluster.target);
  const identities = [target.controlPlane, target.kubelet].filter((identity) => identity !== undefined);
  const keys = cluster.steps.flatMap((step) => step.changes.map((change) => change.key));
  for (const identity of identities) {
    const group = resourceGroupOf(identity.id)!;
    yield {
      action: "Microsoft.ManagedIdentity/userAssignedIdentities/read",
      scope: group,
      why: `to read ${identity.name}`,
    };
    if (keys.some((key) => key.startsWith("identity:"))) {
      yield {
        action: "Microsoft.ManagedIdentity/userAssignedIdentities/write",
        scope: group,
        why: `to create ${identity.name}`,
      };
    }
  }
  for (const key of keys) {
    const scope = parseRoleKey(key)?.scope;
    if (!scope) continue;
    yield { action: "Microsoft.Authorization/roleAssignments/read", scope, why: "to see which roles are assigned" };
    if (!plan.settings.roleRequests) {
      yield { action: "Microsoft.Authorization/roleAssignments/write", scope, why: "to assign the roles of the plan" };
    }
  }
  if (keys.some(updatesCluster)) yield* ofClusterUpdate(cluster);
  if (keys.some((key) => key.startsWith("roll:"))) {
    yield {
      action: "Microsoft.ContainerService/managedClusters/agentPools/upgradeNodeImageVersion/action",
      scope: cluster.id,
      why: "to upgrade node images",
    };
  }
}

function* ofClusterUpdate(cluster: ClusterPlan): Generator<RequiredPermission> {
  const { controlPlane, kubelet } = resolveTarget(cluster.id, cluster.target);
  yield { action: "Microsoft.ContainerService/managedClusters/write", scope: cluster.id, why: "to switch the cluster" };
  for (const identity of [controlPlane, kubelet]) {
    if (!identity) continue;
    yield {
      action: "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
      scope: resourceGroupOf(identity.id)!,
      why: `to give the cluster ${identity.name}, and for every later update of it`,
    };
  }
  for (const subnet of clusterSubnets(cluster.facts)) {
    yield {
      action: "Microsoft.Network/virtualNetworks/subnets/join/action",
      scope: subnet,
      why: "Azure checks it on each update",
    };
  }
  if (cluster.facts.diskEncryptionSet) {
    yield {
      action: "Microsoft.Compute/diskEncryptionSets/read",
      scope: cluster.facts.diskEncryptionSet,
      why: "Azure checks it on each update",
    };
  }
  const workspace = workspaceOf(cluster.facts.addons);
  if (workspace) {
    yield {
      action: "Microsoft.OperationalInsights/workspaces/sharedKeys/read",
      scope: workspace,
      why: "Azure checks it on each update",
    };
  }
}

/** The workspace that container insights sends to; Azure writes neither name in one case only. */
function workspaceOf(addons: ClusterPlan["facts"]["addons"]): string | undefined {
  const find = <T>(values: Readonly<Record<string, T>> | undefined, name: string) =>
    Object.entries(values ?? {}).find(([key]) => key.toLowerCase() === name)?.[1];
  return find(find(addons, "omsagent"), "loganalyticsworkspaceresourceid");
}

/** The least role for a plan, as `az role definition create` takes it. */
export function customRole(plan: MigrationPlan): object {
  const permissions = requiredPermissions(plan);
  const scopes = new Set(permissions.map(({ scope }) => scopeOfAssignment(scope)));
  return {
    Name: `aks-mi operator for ${plan.metadata.name}`,
    IsCustom: true,
    Description: `What applying the aks-mi plan for ${plan.metadata.name} needs, and nothing else.`,
    Actions: [...new Set(permissions.map(({ action }) => action))].sort(),
    NotActions: [],
    DataActions: [],
    NotDataActions: [],
    AssignableScopes: [...scopes].sort(),
  };
}

/** Custom roles are assignable at resource groups and above. */
function scopeOfAssignment(scope: string): string {
  return resourceGroupOf(scope) ?? scope;
}
