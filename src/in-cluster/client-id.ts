import { asArray, asObject, asString, at, type JsonObject } from "../azure/json.ts";
import { containersOf, nameOf, sortedNames, workloadOf } from "./names.ts";

/** Names of what holds a service principal's client id; what stands beside it is never kept. */
export interface ClientIdHolders {
  /** `Secret payments/dns`, `ConfigMap payments/settings`, `containers of payments/api` */
  readonly objects: readonly string[];
  /** Secrets that sign in to a registry with it. */
  readonly pullSecrets: readonly string[];
}

/**
 * Leaves Helm's records out of what is asked for: they can be larger than an answer may be, are packed, and what they
 * create is there as objects of its own.
 */
export const WITHOUT_HELM_RECORDS = "--field-selector type!=helm.sh/release.v1 ";

/** The keys under which a secret signs in to registries (Kubernetes documentation of secrets). */
const PULL_KEYS = new Set([".dockerconfigjson", ".dockercfg"]);

/** Looks for a client id in secrets. @returns names only */
export function findClientIdInSecrets(secrets: readonly JsonObject[], clientId: string): ClientIdHolders {
  const objects: string[] = [];
  const pullSecrets: string[] = [];
  for (const secret of secrets) {
    for (const [key, encoded] of Object.entries(asObject(secret["data"]))) {
      const value = decode(asString(encoded) ?? "");
      if (PULL_KEYS.has(key) && signsInWith(value, clientId)) pullSecrets.push(nameOf(secret));
      else if (holds(value, clientId)) objects.push(`Secret ${nameOf(secret)}`);
    }
  }
  return { objects: sortedNames(objects), pullSecrets: sortedNames(pullSecrets) };
}

/** Looks for a client id in config maps. @returns names only */
export function findClientIdInConfigMaps(configMaps: readonly JsonObject[], clientId: string): string[] {
  const found = configMaps.filter((configMap) => {
    const plain = Object.values(asObject(configMap["data"])).map((value) => asString(value) ?? "");
    const binary = Object.values(asObject(configMap["binaryData"])).map((value) => decode(asString(value) ?? ""));
    return [...plain, ...binary].some((value) => holds(value, clientId));
  });
  return sortedNames(found.map((configMap) => `ConfigMap ${nameOf(configMap)}`));
}

/** Looks for a client id that pods are given as settings, commands or arguments. @returns names only */
export function findClientIdInPods(pods: readonly JsonObject[], clientId: string): string[] {
  const found = pods.filter((pod) =>
    containersOf(pod).some((container) =>
      [
        ...asArray(container["env"]).map((variable) => at(variable, "value")),
        ...asArray(container["command"]),
        ...asArray(container["args"]),
      ].some((value) => holds(asString(value) ?? "", clientId)),
    ),
  );
  return sortedNames(found.map((pod) => `containers of ${workloadOf(pod)}`));
}

/** A registry's sign-in: the name stands apart, or with the password in `auth`, in base64. */
function signsInWith(config: string, clientId: string): boolean {
  if (holds(config, clientId)) return true;
  return [...config.matchAll(/"auth"\s*:\s*"([^"]+)"/g)].some(([, auth]) => holds(decode(auth!), clientId));
}

function holds(text: string, clientId: string): boolean {
  return text.toLowerCase().includes(clientId.toLowerCase());
}

function decode(base64: string): string {
  return Buffer.from(base64, "base64").toString("latin1");
}
