import { asArray, asObject, at, type JsonObject } from "../azure/json.ts";
import { nameOf, sortedNames } from "./names.ts";

/** How a rule may name the evictions of pods, which are created as a subresource (Kubernetes documentation of webhooks). */
const RESOURCES = new Set(["pods/eviction", "pods/*", "*/eviction", "*/*"]);

/** The validating webhooks that are asked about each eviction, and may deny it. */
export function findEvictionWebhooks(configurations: readonly JsonObject[]): string[] {
  const asked = configurations.filter((configuration) =>
    asArray(at(configuration, "webhooks")).some((webhook) => asArray(at(webhook, "rules")).map(asObject).some(isAsked)),
  );
  return sortedNames(asked.map(nameOf));
}

function isAsked(rule: JsonObject): boolean {
  const has = (key: string, ...wanted: string[]) =>
    asArray(rule[key]).some((value) => typeof value === "string" && wanted.includes(value));
  return has("apiGroups", "", "*") && has("operations", "CREATE", "*") && has("resources", ...RESOURCES);
}
