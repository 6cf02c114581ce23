import { HOUR_MS } from "../engine/clock.ts";
import { type Cluster, nodesOf } from "./cluster.ts";
import { nodeGroupIdOf } from "./scale-sets.ts";
import type { World } from "./world.ts";

/**
 * Notes in the activity log what the last round of a cluster's work asked of Azure Resource Manager, once an hour: most
 * rounds of real controllers find nothing to change (a modelling decision). Who got no token has asked for nothing.
 * @param routeTablesOf tells those that the cloud provider writes the nodes' routes into
 */
export function logComponentWrites(world: World, cluster: Cluster, routeTablesOf: () => readonly string[]): void {
  const hour = Math.floor(world.nowMs / HOUR_MS);
  if (cluster.loggedHour === hour || !cluster.round) return;
  cluster.loggedHour = hour;
  const routeTables = routeTablesOf();
  for (const { kind, identity, ok, reason } of cluster.round.events) {
    if (!identity || (!ok && !reason?.startsWith("AuthorizationFailed"))) continue;
    for (const { resourceId, type } of writtenBy(cluster, kind, routeTables)) {
      const status = ok ? 200 : 403;
      world.activity.add({ atMs: world.nowMs, resourceId, type, method: "PUT", objectId: identity, status });
    }
  }
}

/** What a disk that is attached, or a load balancer that is reconciled, writes. */
function writtenBy(
  cluster: Cluster,
  kind: string,
  routeTables: readonly string[],
): { resourceId: string; type: string }[] {
  if (kind === "diskAttach") {
    const machine = nodesOf(cluster)[0]?.node.resourceId;
    if (!machine) return [];
    const isInScaleSet = /\/virtualMachineScaleSets\//i.test(machine);
    const type = isInScaleSet ? "virtualMachineScaleSets/virtualMachines" : "virtualMachines";
    return [{ resourceId: machine, type: `Microsoft.Compute/${type}` }];
  }
  if (kind !== "loadBalancer") return [];
  const balancer = `${nodeGroupIdOf(cluster)}/providers/Microsoft.Network/loadBalancers/kubernetes`;
  return [
    { resourceId: balancer, type: "Microsoft.Network/loadBalancers" },
    ...routeTables.map((resourceId) => ({ resourceId, type: "Microsoft.Network/routeTables" })),
  ];
}
