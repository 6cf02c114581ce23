import { asArray, asObject, asString, at, type JsonObject } from "../azure/json.ts";
import { nameOf, ofKind, sortedNames, workloadOf } from "./names.ts";

/** What does not go on while a node is replaced. */
export interface Interruptions {
  /** Workloads with one pod: they stop until it runs elsewhere. */
  readonly single: readonly string[];
  /** What keeps files on the node: workloads with an emptyDir, volumes of the node's own disk. They are lost with the node. */
  readonly local: readonly string[];
}

/** Owners whose pods need no second one: they run on each node, or are run again. */
const OTHER_OWNERS = new Set(["DaemonSet", "Job", "Node"]);

/** Looks for what a drain interrupts, AKS's own namespace left out. @param volumes persistent volumes */
export function findInterruptions(pods: readonly JsonObject[], volumes: readonly JsonObject[]): Interruptions {
  const counts = new Map<string, number>();
  const local: string[] = [];
  for (const pod of pods) {
    const hasEnded = /^(Succeeded|Failed)$/.test(asString(at(pod, "status", "phase")) ?? "");
    const owner = asString(asObject(asArray(at(pod, "metadata", "ownerReferences"))[0])["kind"]) ?? "";
    if (hasEnded || OTHER_OWNERS.has(owner) || at(pod, "metadata", "namespace") === "kube-system") continue;
    const workload = workloadOf(pod);
    counts.set(workload, (counts.get(workload) ?? 0) + 1);
    if (asArray(at(pod, "spec", "volumes")).some(keepsFiles)) local.push(workload);
  }
  const onNodes = ofKind(volumes, "PersistentVolume").filter(
    (volume) => at(volume, "spec", "local") !== undefined || at(volume, "spec", "hostPath") !== undefined,
  );
  return {
    single: sortedNames([...counts].filter(([, count]) => count === 1).map(([workload]) => workload)),
    local: sortedNames([...local, ...onNodes.map((volume) => `PersistentVolume ${nameOf(volume)}`)]),
  };
}

/** An emptyDir in memory is gone with each restart anyway. */
function keepsFiles(volume: Parameters<typeof at>[0]): boolean {
  const directory = at(volume, "emptyDir");
  return directory !== undefined && directory !== null && asString(at(directory, "medium")) !== "Memory";
}
