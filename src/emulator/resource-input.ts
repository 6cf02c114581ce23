import { typeOf } from "./ids.ts";
import { isObject, type Json, type JsonObject, objectAt, objectsAt, type Resource, textAt, valueAt } from "./json.ts";
import { problemOfPools } from "./pool-input.ts";

/**
 * Reads a resource that someone puts in: as it is, with a type from its id where none is given, and an id of its own
 * for Kubernetes objects, which have none. Secrets are not kept.
 * @throws RangeError with a sentence that begins with `what`
 */
export function readResource(value: Json, what: string): Resource {
  if (!isObject(value)) throw new RangeError(`${what} is not an object.`);
  const copy = structuredClone(value);
  const type = textAt(copy, "type");
  const isKubernetes = type !== undefined && /^kubernetes\//i.test(type);
  const id = textAt(copy, "id") ?? (isKubernetes ? kubernetesId(copy, type) : undefined);
  if (!id) throw new RangeError(`${what} has no id.`);
  const isDirectory = type !== undefined && /^microsoft\.graph\//i.test(type);
  if (!isDirectory && !isKubernetes && !id.startsWith("/"))
    throw new RangeError(`${what} has the id '${id}', which is no resource id.`);
  const problem = problemOf(copy, type ?? typeOf(id));
  if (problem) throw new RangeError(`${what} ('${id}') makes no sense: ${problem}.`);
  forgetSecrets(copy);
  return { ...copy, id: id.length > 1 && id.endsWith("/") ? id.slice(0, -1) : id, type: type ?? typeOf(id) };
}

/** What would be without effect, or break the model, if it were taken as it is: a sentence without its end. */
function problemOf(resource: JsonObject, type: string): string | undefined {
  if ((resource["properties"] ?? undefined) !== undefined && !isObject(resource["properties"]))
    return "properties is not an object";
  switch (type.toLowerCase()) {
    case "microsoft.containerservice/managedclusters":
      return problemOfPools(resource["properties"]) ?? problemOfMarks(resource);
    case "microsoft.authorization/roleassignments":
      return problemOfAssignment(resource);
    case "microsoft.graph/applications":
      return [resource["passwordCredentials"], resource["keyCredentials"]].every((list) => Array.isArray(list ?? []))
        ? undefined
        : "its credentials are not a list";
    default:
      return /^kubernetes\//i.test(type) && !textAt(resource, "cluster")
        ? "it has no cluster, the id of the one that it is in"
        : undefined;
  }
}

function problemOfMarks(cluster: JsonObject): string | undefined {
  const lists = ["registries", "poolsOnServicePrincipal"];
  const wrong = lists.find((key) => !Array.isArray(valueAt(cluster, "_emulator", key) ?? []));
  return wrong && `_emulator.${wrong} is not a list`;
}

function problemOfAssignment(assignment: JsonObject): string | undefined {
  for (const key of ["principalId", "roleDefinitionId"])
    if (!textAt(assignment, "properties", key)) return `it has no properties.${key}`;
  const created = textAt(assignment, "properties", "createdOn");
  return created !== undefined && Number.isNaN(Date.parse(created))
    ? `createdOn '${created}' is no date such as 2026-11-22T08:00:00Z`
    : undefined;
}

/** Takes the secrets of a cluster or an application out of a body: the model has no use for them. */
export function forgetSecrets(body: JsonObject): void {
  delete objectAt(body, "properties", "servicePrincipalProfile")?.["secret"];
  delete objectAt(body, "properties", "windowsProfile")?.["adminPassword"];
  for (const credential of objectsAt(body, "passwordCredentials")) delete credential["secretText"];
}

function kubernetesId(manifest: JsonObject, type: string): string {
  const namespace = textAt(manifest, "metadata", "namespace") ?? "default";
  const name = textAt(manifest, "metadata", "name") ?? textAt(manifest, "name") ?? "unnamed";
  return `${textAt(manifest, "cluster") ?? ""}/${type}/${namespace}/${name}`.toLowerCase();
}
