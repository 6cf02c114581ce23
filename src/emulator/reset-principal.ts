import { isOnManagedIdentity } from "./adopt-cluster.ts";
import type { ArmReply, ArmRequest } from "./arm.ts";
import { flat } from "./arm-error.ts";
import { durationMs } from "./behaviour.ts";
import type { Cluster } from "./cluster.ts";
import { ensureIdle, ensureRunning } from "./cluster-guards.ts";
import { finishClusterOperation, operationHeaders, startClusterOperation } from "./cluster-update.ts";
import { refusePrincipal } from "./identity-refusals.ts";
import { propertiesOf, textAt } from "./json.ts";
import { rollNodes, wholePools } from "./node-roll.ts";
import type { World } from "./world.ts";

/**
 * POST resetServicePrincipalProfile (`az aks update-credentials`): the cluster takes another secret, or another service
 * principal, and its nodes are imaged again (AKS documentation, release of 2021-01-25). The secret itself is not looked at:
 * what Microsoft Graph says about the application decides.
 * @throws ArmError 400 when the cluster is on managed identity, or nobody can sign in as the service principal
 */
export function resetServicePrincipal(world: World, cluster: Cluster, request: ArmRequest): ArmReply {
  ensureIdle(cluster);
  ensureRunning(cluster);
  const clientId = textAt(request.body, "clientId") ?? "";
  if (isOnManagedIdentity(cluster.resource))
    throw flat(
      400,
      "ChangeServicePrincipalProfileNotAllowed",
      "Updating service principal profile is not allowed on MSI cluster.",
    );
  const principalId = world.principals.objectIdOf(clientId);
  refusePrincipal(world, clientId, principalId);
  const operation = startClusterOperation(world, cluster, "reset service principal profile", "Updating");
  world.timeline.schedule(world.nowMs + durationMs(world.behaviour, "identityUpdate"), () => {
    if (operation.endMs !== undefined) return;
    propertiesOf(cluster.resource)["servicePrincipalProfile"] = { clientId };
    cluster.servicePrincipalId = principalId;
    cluster.controlPlane = [{ principalId, sinceMs: 0 }];
    cluster.work?.stir();
    rollNodes(world, cluster, operation, wholePools(cluster, cluster.pools.values()), {
      done: () => finishClusterOperation(world, cluster, operation, "Succeeded"),
      failed: (error) => finishClusterOperation(world, cluster, operation, "Failed", error),
    });
  });
  return { status: 202, headers: operationHeaders(world, operation, request, true) };
}
