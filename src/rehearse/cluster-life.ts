import { sameId } from "../azure/ids.ts";
import { asString, type JsonObject } from "../azure/json.ts";
import { count } from "../report/words.ts";

/** What one node went through. */
export interface NodeRoll {
  readonly pool: string;
  readonly node: string;
  /** Undefined for a Spot node, which is not drained. */
  readonly drainedAt: string | undefined;
  /** Undefined when the run ended before the node was back. */
  readonly backAt: string | undefined;
  /** The node that took its place, where the instance was replaced. */
  readonly replacedBy: string | undefined;
}

/** Work that an emulated cluster could not do for a while. */
export interface BrokenWork {
  /** `imagePull`, `diskAttach`, `loadBalancer` or `nodePlacement`. */
  readonly kind: string;
  readonly pool: string | undefined;
  readonly reason: string;
  readonly times: number;
  readonly from: string;
  readonly to: string;
}

/** The drains of a cluster, node by node in the order in which they began. */
export function listNodeRolls(events: readonly JsonObject[], clusterId: string): NodeRoll[] {
  const own = events.filter((event) => sameId(asString(event["cluster"]), clusterId));
  const rolls: NodeRoll[] = [];
  for (const pool of new Set(own.map((event) => asString(event["pool"])))) {
    if (pool === undefined) continue;
    const ofKind = (kind: string) => own.filter((event) => event["kind"] === kind && event["pool"] === pool);
    const drained = ofKind("nodeDrained");
    const back = ofKind("nodeReimaged");
    // Nodes of a pool come back in the order in which they were drained.
    for (let index = 0; index < Math.max(drained.length, back.length); index++) {
      const [before, after] = [drained[index], back[index]];
      const node = asString((before ?? after)!["node"]) ?? "";
      const newName = asString(after?.["node"]);
      rolls.push({
        pool,
        node,
        drainedAt: asString(before?.["at"]),
        backAt: asString(after?.["at"]),
        replacedBy: newName !== undefined && newName !== node ? newName : undefined,
      });
    }
  }
  return rolls.sort((a, b) => startOf(a).localeCompare(startOf(b)));
}

function startOf({ drainedAt, backAt }: NodeRoll): string {
  return drainedAt ?? backAt ?? "";
}

/** What a cluster could not do, each cause once. */
export function listBrokenWork(events: readonly JsonObject[], clusterId: string): BrokenWork[] {
  const found = new Map<string, BrokenWork>();
  for (const event of events) {
    if (event["ok"] !== false || !sameId(asString(event["cluster"]), clusterId)) continue;
    const kind = asString(event["kind"]) ?? "";
    const pool = asString(event["pool"]);
    const reason = asString(event["reason"]) ?? "";
    const at = asString(event["at"]) ?? "";
    const key = [kind, pool, reason].join("|");
    const known = found.get(key);
    found.set(key, { kind, pool, reason, times: (known?.times ?? 0) + 1, from: known?.from ?? at, to: at });
  }
  return [...found.values()];
}

/** How often some work failed, in words. */
export function brokenWords(kind: string, times: number): string {
  switch (kind) {
    case "imagePull":
      return `${count(times, "image pull")} failed`;
    case "diskAttach":
      return `${count(times, "disk attachment")} failed`;
    case "loadBalancer":
      return `${count(times, "load balancer reconciliation")} failed`;
    case "nodePlacement":
      return `${count(times, "node placement")} failed`;
    default:
      return `${kind} failed ${count(times, "time")}`;
  }
}
