import { typeOf } from "./ids.ts";
import { isObject, type Json, type JsonObject, objectAt, objectsAt, type Resource, textAt } from "./json.ts";

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
  forgetSecrets(copy);
  return { ...copy, id: id.length > 1 && id.endsWith("/") ? id.slice(0, -1) : id, type: type ?? typeOf(id) };
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
