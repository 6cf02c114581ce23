import { asArray, asObject, asString, at, type JsonObject } from "../azure/json.ts";
import { containersOf, isManagedByAks, nameOf, ofKind, sortedNames, workloadOf } from "./names.ts";

/** Where nodes keep the credentials that they got when they were imaged (AKS documentation of service principals). */
const CREDENTIAL_PATHS = new Set(["/etc/kubernetes", "/etc/kubernetes/azure.json"]);

/** The workloads that mount the nodes' own credentials. AKS's own do too, and AKS takes care of them. */
export function findHostFileReaders(pods: readonly JsonObject[]): string[] {
  const readers = pods.filter(
    (pod) =>
      !isManagedByAks(pod) &&
      asArray(at(pod, "spec", "volumes")).some((volume) =>
        CREDENTIAL_PATHS.has((asString(at(volume, "hostPath", "path")) ?? "").replace(/(?<=.)\/+$/, "")),
      ),
  );
  return sortedNames(readers.map(workloadOf));
}

/** A registry as image names have it, and who pulls from it. */
export interface RegistryUse {
  /** `contoso.azurecr.io` */
  readonly host: string;
  readonly workloads: readonly string[];
  /** Workloads that bring no pull secret: the nodes' identity pulls for them. */
  readonly throughNodes: readonly string[];
}

/** The Azure container registries in images' names, in all clouds. */
export function findRegistryUses(pods: readonly JsonObject[]): RegistryUse[] {
  const uses = new Map<string, { workloads: string[]; throughNodes: string[] }>();
  for (const pod of pods) {
    const bringsSecret = asArray(at(pod, "spec", "imagePullSecrets")).length > 0;
    for (const host of new Set(containersOf(pod).map(registryHostOf))) {
      if (host === undefined) continue;
      const use = uses.get(host) ?? { workloads: [], throughNodes: [] };
      use.workloads.push(workloadOf(pod));
      if (!bringsSecret) use.throughNodes.push(workloadOf(pod));
      uses.set(host, use);
    }
  }
  return [...uses]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([host, use]) => ({
      host,
      workloads: sortedNames(use.workloads),
      throughNodes: sortedNames(use.throughNodes),
    }));
}

/** The registry that a container's image comes from, where it is one of Azure's. */
export function registryHostOf(container: JsonObject): string | undefined {
  const host = asString(container["image"])?.split("/")[0]?.toLowerCase();
  return host && /\.azurecr\.(io|cn|us)$/.test(host) ? host : undefined;
}

/** True when a host is that of a registry: its name, with a hash behind it where the registry asked for that. */
export function isHostOf(host: string, registryName: string): boolean {
  const label = host.split(".")[0]!;
  const name = registryName.toLowerCase();
  return label === name || new RegExp(`^${name}-[a-z0-9]+$`).test(label);
}

/** What is there of the open-source pod identity. */
export interface PodIdentityTraces {
  /** Custom resource definitions: they alone do no harm. */
  readonly definitions: readonly string[];
  /** Its objects and its node agent: workloads depend on them. */
  readonly inUse: readonly string[];
}

/** The API group of the open-source pod identity (aad-pod-identity). */
export const POD_IDENTITY_GROUP = "aadpodidentity.k8s.io";

/** The traces of the open-source pod identity among definitions, its own objects and pods. */
export function findPodIdentity(
  definitions: readonly JsonObject[],
  objects: readonly JsonObject[],
  pods: readonly JsonObject[],
): PodIdentityTraces {
  const own = definitions.map(nameOf).filter((name) => name.endsWith(`.${POD_IDENTITY_GROUP}`));
  const agents = pods.filter((pod) =>
    containersOf(pod).some(({ image }) => /(^|\/)(nmi|mic)(:|@|$)/.test(asString(image) ?? "")),
  );
  const used = objects.map((object) => `${asString(object["kind"]) ?? "object"} ${nameOf(object)}`);
  return { definitions: sortedNames(own), inUse: sortedNames([...used, ...agents.map(workloadOf)]) };
}

/** Secret provider classes that sign in through pod identity (documentation of the secrets store driver's Azure provider). */
export function findPodIdentityClasses(objects: readonly JsonObject[]): string[] {
  const classes = ofKind(objects, "SecretProviderClass").filter(
    (object) => String(asObject(at(object, "spec", "parameters"))["usePodIdentity"]).toLowerCase() === "true",
  );
  return sortedNames(classes.map(nameOf));
}

/** Volumes of the secrets store driver that sign in with a secret: `namespace/secret`, and the workload. */
export function findDriverSecrets(
  pods: readonly JsonObject[],
): { readonly secret: string; readonly workload: string }[] {
  return pods.flatMap((pod) =>
    asArray(at(pod, "spec", "volumes")).flatMap((volume) => {
      const secret = asString(at(volume, "csi", "nodePublishSecretRef", "name"));
      if (at(volume, "csi", "driver") !== "secrets-store.csi.k8s.io" || !secret) return [];
      const namespace = asString(at(pod, "metadata", "namespace")) ?? "default";
      return [{ secret: `${namespace}/${secret}`, workload: workloadOf(pod) }];
    }),
  );
}
