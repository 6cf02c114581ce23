import { MINUTE_MS } from "../engine/clock.ts";
import { adoptCluster, removeCluster } from "./adopt-cluster.ts";
import type { ArmReply, ArmRequest } from "./arm.ts";
import { ArmError, flat } from "./arm-error.ts";
import type { Cluster } from "./cluster.ts";
import { ensureIdle } from "./cluster-guards.ts";
import { finishClusterOperation, operationHeaders, startClusterOperation } from "./cluster-update.ts";
import { clusterView } from "./cluster-view.ts";
import { applyIdentities, completeIdentities } from "./identity-update.ts";
import { nameOf } from "./ids.ts";
import { copyOf, objectsAt, propertiesOf, type Resource, textAt } from "./json.ts";
import { ensurePoolsAreValid } from "./pool-input.ts";
import { forgetSecrets } from "./resource-input.ts";
import type { World } from "./world.ts";

/** How long making and deleting a cluster take; no figure is documented. */
const CREATE_MS = 5 * MINUTE_MS;

/**
 * PUT on a cluster that does not exist: 201, state `Creating` (recorded 2024).
 * @throws ArmError 400 `InvalidParameter` without pools, and what its identities are refused with
 */
export function createCluster(world: World, request: ArmRequest): ArmReply {
  const body = copyOf(request.body ?? {});
  ensureServicePrincipal(world, textAt(body, "properties", "servicePrincipalProfile", "clientId"));
  ensurePoolsAreValid(body["properties"]);
  if (objectsAt(body, "properties", "agentPoolProfiles").length === 0)
    throw flat(400, "InvalidParameter", "Required parameter agentPoolProfiles is missing (null).");
  const resource: Resource = {
    ...body,
    id: request.target.path,
    name: nameOf(request.target.path),
    type: "Microsoft.ContainerService/ManagedClusters",
  };
  forgetSecrets(resource);
  propertiesOf(resource)["provisioningState"] = "Creating";
  world.store.put(resource);
  const cluster = adoptCluster(world, resource);
  const operation = startClusterOperation(world, cluster, "create managed cluster", "Creating");
  world.timeline.schedule(world.nowMs + CREATE_MS, () => {
    if (operation.endMs !== undefined) return;
    completeIdentities(world, cluster, applyIdentities(world, cluster, undefined));
    for (const pool of cluster.pools.values())
      for (const node of pool.nodes) {
        node.hasLatestModel = true;
        node.principalId = cluster.kubeletPrincipalId ?? node.principalId;
        const instance = world.store.get(node.resourceId);
        if (instance && pool.scaleSetId) propertiesOf(instance)["latestModelApplied"] = true;
      }
    finishClusterOperation(world, cluster, operation, "Succeeded");
  });
  return { status: 201, body: clusterView(cluster, request), headers: operationHeaders(world, operation, request) };
}

/** A service principal that the directory does not know is refused (recorded 2021). */
function ensureServicePrincipal(world: World, clientId: string | undefined): void {
  if (clientId === undefined || clientId === "msi" || world.principals.named(clientId)) return;
  const code = "ServicePrincipalNotFound";
  const message = `Service principal clientID: ${clientId} not found in Active Directory tenant ${world.principals.tenantId}, Please see https://aka.ms/aks-sp-help for more details.`;
  throw new ArmError(400, code, { code, message });
}

/** DELETE on a cluster: 202, and its node resource group goes with it. */
export function deleteCluster(world: World, cluster: Cluster, request: ArmRequest): ArmReply {
  ensureIdle(cluster);
  const operation = startClusterOperation(world, cluster, "delete managed cluster", "Deleting");
  world.timeline.schedule(world.nowMs + CREATE_MS, () => {
    if (operation.endMs !== undefined) return;
    finishClusterOperation(world, cluster, operation, "Succeeded");
    removeCluster(world, cluster);
  });
  return { status: 202, headers: operationHeaders(world, operation, request, true) };
}
