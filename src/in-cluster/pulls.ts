import type { Azure } from "../azure/azure.ts";
import { asArray, asString, at, type JsonObject } from "../azure/json.ts";
import type { ManagedCluster } from "../azure/managed-cluster.ts";
import { type Known, known } from "../engine/known.ts";
import type { Outcome } from "../engine/outcome.ts";
import { openCluster } from "./look-inside.ts";
import { containersOf, listNames, ofKind, sortedNames, workloadOf } from "./names.ts";
import { readObjects } from "./read-objects.ts";
import { registryHostOf } from "./workloads.ts";

/** What the pods of a cluster say about pulling with the nodes' identity. */
export interface PullEvidence {
  /** Workloads whose pods wait for an image of an Azure container registry. */
  readonly failing: readonly string[];
  /** Nodes on which a container of such an image runs although its pod brings no secret. */
  readonly provenNodes: readonly string[];
}

/** Reads the pods of a cluster through the run command, and what they say about pulling. */
export async function readPulls(
  azure: Azure,
  clusterId: string,
  cluster: ManagedCluster,
): Promise<Known<PullEvidence>> {
  const run = await openCluster(azure, clusterId, cluster);
  if (!run.known) return run;
  const pods = await readObjects(run.value, "pod");
  return pods.known ? known(findPulls(ofKind(pods.value, "Pod"))) : pods;
}

/** The reasons with which a kubelet says that it cannot pull (Kubernetes documentation of images). */
const PULL_FAILURES = new Set(["ErrImagePull", "ImagePullBackOff"]);

/** Sorts pods by what they say about pulling from Azure's registries; those with a secret of their own say nothing. */
function findPulls(pods: readonly JsonObject[]): PullEvidence {
  const failing: string[] = [];
  const provenNodes: string[] = [];
  for (const pod of pods) {
    if (asArray(at(pod, "spec", "imagePullSecrets")).length > 0) continue;
    const own = new Set(
      containersOf(pod)
        .filter((container) => registryHostOf(container))
        .map(({ name }) => name),
    );
    const statuses = ["containerStatuses", "initContainerStatuses"]
      .flatMap((key) => asArray(at(pod, "status", key)))
      .filter((status) => own.has(at(status, "name")));
    if (statuses.some((status) => PULL_FAILURES.has(asString(at(status, "state", "waiting", "reason")) ?? "")))
      failing.push(workloadOf(pod));
    const node = asString(at(pod, "spec", "nodeName"));
    if (node && statuses.some((status) => at(status, "state", "running") !== undefined)) provenNodes.push(node);
  }
  return { failing: sortedNames(failing), provenNodes: sortedNames(provenNodes) };
}

/**
 * PM003: a container that runs on a re-imaged node has been pulled by that node's identity, because the node began without
 * images; a pod that cannot pull speaks against it.
 * @param pools `rolled`: every node has been re-imaged
 */
export function judgePulls(
  pulls: Known<PullEvidence>,
  pools: readonly { readonly pool: string; readonly rolled: boolean }[],
): Outcome[] {
  if (!pulls.known) return [{ check: "PM003", reason: `pulls from inside the cluster: ${pulls.reason}` }];
  const { failing, provenNodes } = pulls.value;
  const unproven = pools.filter(({ pool, rolled }) => !rolled || !provenNodes.some((node) => isNodeOf(node, pool)));
  return [
    ...(failing.length > 0
      ? [
          {
            check: "PM003",
            severity: "high" as const,
            seen: `${listNames(failing)} cannot pull an image from an Azure container registry`,
            remedy:
              "Give the kubelet identity AcrPull on the registry (Container Registry Repository Reader where it decides per repository); roles take up to an hour to work.",
            link: "https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/extensions/cannot-pull-image-from-acr-to-aks-cluster",
          },
        ]
      : []),
    ...unproven.map(({ pool }) => ({
      check: "PM003",
      reason: `pool ${pool}: on no re-imaged node of it a container of an Azure container registry's image is seen to run`,
    })),
  ];
}

/** AKS names nodes `aks-<pool>-…` on Linux, and `aks<pool>` with six digits or letters on Windows (AKS documentation). */
function isNodeOf(node: string, pool: string): boolean {
  return node.startsWith(`aks-${pool}-`) || (node.startsWith(`aks${pool}`) && node.length === `aks${pool}`.length + 6);
}
