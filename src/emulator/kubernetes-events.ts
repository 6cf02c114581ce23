import { HOUR_MS } from "../engine/clock.ts";
import type { Cluster } from "./cluster.ts";
import type { ClusterEvent } from "./events.ts";
import type { JsonObject } from "./json.ts";
import type { World } from "./world.ts";

/** How long Kubernetes keeps its events (the API server's default, `--event-ttl`). */
const KEPT_MS = HOUR_MS;

/** Who reports a failure, with which reason, about what: as the cloud provider and the attach controller are seen to. */
const REPORTERS: Readonly<Record<string, { component: string; reason: string; kind: string }>> = {
  loadBalancer: { component: "service-controller", reason: "SyncLoadBalancerFailed", kind: "Service" },
  diskAttach: { component: "attachdetach-controller", reason: "FailedAttachVolume", kind: "Pod" },
  imagePull: { component: "kubelet", reason: "Failed", kind: "Pod" },
};

/** The warnings that Kubernetes shows of what failed in the last hour: one per cause, counted, as Kubernetes folds them. */
export function kubernetesEventsOf(world: World, cluster: Cluster): JsonObject[] {
  const folded = new Map<string, { first: number; last: number; count: number; event: ClusterEvent }>();
  for (const { atMs, event } of world.events.failuresBetween(cluster.id, world.nowMs - KEPT_MS, world.nowMs)) {
    const key = `${event.kind} ${event.node ?? ""} ${event.reason ?? ""}`;
    const known = folded.get(key);
    folded.set(key, { first: known?.first ?? atMs, last: atMs, count: (known?.count ?? 0) + 1, event });
  }
  return [...folded.values()].flatMap(({ first, last, count, event }, index) => {
    const reporter = REPORTERS[event.kind];
    if (!reporter) return [];
    const { component, reason, kind } = reporter;
    const name = `${event.kind.toLowerCase()}-${index + 1}`;
    return [
      {
        kind: "Event",
        type: "Warning",
        metadata: { namespace: "default", name: `${name}.${last.toString(16)}` },
        involvedObject: { kind, namespace: "default", name },
        reason,
        message: `Error: ${event.reason ?? "unknown"}`,
        source: { component },
        firstTimestamp: secondsOf(first),
        lastTimestamp: secondsOf(last),
        count,
      },
    ];
  });
}

function secondsOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, "Z");
}
