import { asArray, asObject, asString, at, type JsonObject } from "../azure/json.ts";

/** An object as people name it: `payments/api`, or `managed-csi` where it is in no namespace. */
export function nameOf(object: JsonObject): string {
  const namespace = asString(at(object, "metadata", "namespace"));
  const name = asString(at(object, "metadata", "name")) ?? "(without a name)";
  return namespace ? `${namespace}/${name}` : name;
}

/** What a pod belongs to, so that its replicas are named once: the owner, and for a ReplicaSet its Deployment. */
export function workloadOf(pod: JsonObject): string {
  const namespace = asString(at(pod, "metadata", "namespace")) ?? "default";
  const owner = asObject(asArray(at(pod, "metadata", "ownerReferences"))[0]);
  const name = asString(owner["name"]);
  if (!name) return nameOf(pod);
  return `${namespace}/${owner["kind"] === "ReplicaSet" ? name.replace(/-[a-z0-9]{5,10}$/, "") : name}`;
}

/** True for what AKS itself runs and keeps up to date. */
export function isManagedByAks(object: JsonObject): boolean {
  return (
    asString(at(object, "metadata", "namespace")) === "kube-system" &&
    asString(at(object, "metadata", "labels", "kubernetes.azure.com/managedby")) === "aks"
  );
}

/** The objects of one kind. */
export function ofKind(objects: readonly JsonObject[], kind: string): JsonObject[] {
  return objects.filter((object) => object["kind"] === kind);
}

/** The containers of a pod, those that prepare it and those for debugging among them. */
export function containersOf(pod: JsonObject): JsonObject[] {
  return ["containers", "initContainers", "ephemeralContainers"].flatMap((key) =>
    asArray(at(pod, "spec", key)).map(asObject),
  );
}

/** Names without repetition, in order. */
export function sortedNames(names: Iterable<string>): string[] {
  return [...new Set(names)].sort();
}

/** Up to five names, and how many more there are. */
export function listNames(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN;
  return `${names.slice(0, NAMES_SHOWN).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

const NAMES_SHOWN = 5;
