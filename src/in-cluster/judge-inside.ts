import { parseResourceId } from "../azure/ids.ts";
import type { Known } from "../engine/known.ts";
import type { Outcome } from "../engine/outcome.ts";
import type { RecordedFinding, Severity } from "../engine/step.ts";
import type { InClusterEvidence } from "./evidence.ts";
import { listNames } from "./names.ts";
import type { OutsideReference } from "./references.ts";

/** WK001 to WK003, WK005 and WK006: workloads that lean on the old service principal, or on the old pod identity. */
export function judgeWorkloads(evidence: InClusterEvidence): Outcome[] {
  const { hostFileReaders, clientIdHolders, podIdentity, secretProviders } = evidence;
  return [
    ...judge("WK001", "pods that read /etc/kubernetes/azure.json", hostFileReaders, (names) =>
      names.length === 0
        ? undefined
        : {
            severity: "high",
            seen: `${listNames(names)} mounts the nodes' own credentials (/etc/kubernetes): after the switch there is no secret in them`,
            remedy: "Give it Workload ID, or credentials of its own, before the nodes are re-imaged.",
            link: WORKLOAD_IDENTITY,
          },
    ),
    ...judge("WK002", "secrets and config maps that hold the client id", clientIdHolders, ({ objects }) =>
      objects.length === 0
        ? undefined
        : {
            severity: "high",
            seen: `the old client id stands in ${listNames(objects)}`,
            remedy: "Move what uses it to Workload ID before the service principal is deleted or its secret ends.",
            link: WORKLOAD_IDENTITY,
          },
    ),
    ...judge("WK003", "image pull secrets of the service principal", clientIdHolders, ({ pullSecrets }) =>
      pullSecrets.length === 0
        ? undefined
        : {
            severity: "high",
            seen: `the pull secret ${listNames(pullSecrets)} signs in with the old service principal`,
            remedy:
              "Let the kubelet identity pull (it gets its role in the plan), or put a token of the registry in its place.",
            link: "https://learn.microsoft.com/azure/aks/cluster-container-registry-integration",
          },
    ),
    ...judge("WK005", "resources of the open-source pod identity", podIdentity, ({ definitions, inUse }) =>
      inUse.length > 0
        ? {
            severity: "critical",
            seen: `workloads use the open-source pod identity, which nobody supports any more: ${listNames(inUse)}`,
            remedy: "Move them to Workload ID, namespace by namespace (`azwi podidentity detect`).",
            link: POD_IDENTITY,
          }
        : definitions.length > 0
          ? {
              severity: "low",
              seen: `definitions of the open-source pod identity are left over: ${listNames(definitions)}`,
              remedy: "Delete the definitions; nothing uses them.",
              link: POD_IDENTITY,
            }
          : undefined,
    ),
    ...judge("WK006", "secret provider classes that use pod identity", secretProviders, (names) =>
      names.length === 0
        ? undefined
        : {
            severity: "high",
            seen: `${listNames(names)} reads key vaults through pod identity or the old service principal`,
            remedy:
              "Let the secret provider class sign in with Workload ID (`clientID`), or with the add-on's identity.",
            link: "https://learn.microsoft.com/azure/aks/csi-secrets-store-identity-access",
          },
    ),
  ];
}

const WORKLOAD_IDENTITY = "https://learn.microsoft.com/azure/aks/workload-identity-overview";
const POD_IDENTITY = "https://learn.microsoft.com/azure/aks/workload-identity-migrate-from-pod-identity";

type Warning = Omit<RecordedFinding, "check" | "severity"> & { readonly severity: Exclude<Severity, "blocker"> };

function judge<T>(check: string, what: string, evidence: Known<T>, find: (value: T) => Warning | undefined): Outcome[] {
  if (!evidence.known) return [{ check, reason: `${what}: ${evidence.reason}` }];
  const found = find(evidence.value);
  return found ? [{ check, ...found }] : [];
}

const REFERENCE_CHECKS: Readonly<Record<OutsideReference["check"], string>> = {
  RB005: "services with addresses elsewhere",
  RB006: "disks elsewhere",
  RB007: "volumes in storage accounts elsewhere",
};

/**
 * RB005 to RB007: services, storage classes and volumes that name resources on which the control plane has no rights.
 * @param covers says of a reference whether the control plane has, or is to get, the rights; a reason where that is not known
 */
export function judgeReferences(
  { references }: InClusterEvidence,
  covers: (reference: OutsideReference) => boolean | { readonly reason: string },
): Outcome[] {
  if (!references.known) {
    const { reason } = references;
    return Object.entries(REFERENCE_CHECKS).map(([check, what]) => ({ check, reason: `${what}: ${reason}` }));
  }
  const byScope = new Map<string, OutsideReference[]>();
  for (const reference of references.value) {
    const key = `${reference.action} ${reference.scope.toLowerCase()}`;
    byScope.set(key, [...(byScope.get(key) ?? []), reference]);
  }
  return [...byScope.values()].flatMap((same): Outcome[] => {
    const { check, scope, action, role } = same[0]!;
    const covered = covers(same[0]!);
    if (covered === true) return [];
    const where = parseResourceId(scope)?.name ?? scope.split("/").at(-1)!;
    if (covered) return [{ check, reason: `${where}: ${covered.reason}` }];
    return [
      {
        check,
        severity: "high",
        seen: `${listNames(same.map(({ object }) => object))} names ${where}, where the control-plane identity may not do ${action}`,
        remedy: `Assign it ${role} on ${scope} before the switch.`,
        link: "https://learn.microsoft.com/azure/aks/aks-service-permissions",
      },
    ];
  });
}

/**
 * RB011: registries in images' names from which the nodes' identity may not pull, where pods bring no secret of their own.
 * @param mayPull says of a host whether the nodes may pull from it; a reason where that is not known
 */
export function judgeRegistries(
  { registries }: Pick<InClusterEvidence, "registries">,
  severity: "blocker" | "high",
  mayPull: (host: string) => boolean | { readonly reason: string },
): Outcome[] {
  if (!registries.known)
    return [{ check: "RB011", reason: `registries that the pods pull from: ${registries.reason}` }];
  return registries.value.flatMap(({ host, throughNodes }): Outcome[] => {
    if (throughNodes.length === 0) return [];
    const answer = mayPull(host);
    if (answer === true) return [];
    if (answer) return [{ check: "RB011", reason: `${host}: ${answer.reason}` }];
    return [
      {
        check: "RB011",
        severity,
        seen: `${listNames(throughNodes)} runs images of ${host}, from which the kubelet identity may not pull`,
        remedy:
          severity === "blocker"
            ? "Plan again with --registry and the registry's id, or with --ignore-preflight RB011 if anybody may pull from it."
            : "Assign AcrPull on the registry to the kubelet identity (Container Registry Repository Reader where it decides per repository).",
        link: "https://learn.microsoft.com/azure/aks/cluster-container-registry-integration",
      },
    ];
  });
}
