import { HOUR_MS } from "../engine/clock.ts";
import type { Write } from "./activities.ts";
import { type Cluster, nodesOf } from "./cluster.ts";
import type { ClusterEvent } from "./events.ts";
import { Recurrence } from "./recurrence.ts";
import { nodeGroupIdOf } from "./scale-sets.ts";
import type { World } from "./world.ts";

/**
 * Notes in the activity log what rounds of a cluster's work ask of Azure Resource Manager from now on: the first round of each
 * hour, for most rounds of real controllers find nothing to change (a modelling decision). Who got no token asks for nothing.
 * @param events what each round does
 * @param isHourNoted true when a round of this hour has been noted already
 * @returns the recurrence, to be ended when the rounds change
 */
export function logComponentWrites(
  world: World,
  cluster: Cluster,
  events: readonly ClusterEvent[],
  rounds: Recurrence,
  isHourNoted: boolean,
  routeTables: readonly string[],
): Recurrence {
  const { fromMs, everyMs } = rounds;
  // Hours are a whole number of rounds, so that the first round of an hour lies at the same minute of each.
  const firstOfHour = fromMs - (fromMs % HOUR_MS) + (fromMs % everyMs);
  const isFirst = !isHourNoted && firstOfHour === fromMs;
  const hourly = new Recurrence(isFirst ? fromMs : firstOfHour + HOUR_MS, HOUR_MS);
  for (const { kind, identity, ok, reason } of events) {
    if (!identity || (!ok && !reason?.startsWith("AuthorizationFailed"))) continue;
    for (const written of writtenBy(cluster, kind, routeTables)) {
      const write: Write = { ...written, method: "PUT", objectId: identity, status: ok ? 200 : 403 };
      if (!isHourNoted && !isFirst) world.activity.add({ ...write, atMs: fromMs });
      world.activity.addRecurring(hourly, write);
    }
  }
  return hourly;
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
