/** How the model keys a resource: Azure compares resource ids without regard to case. */
export function keyOf(id: string): string {
  const key = id.toLowerCase();
  return key.length > 1 && key.endsWith("/") ? key.slice(0, -1) : key;
}

/** True when both ids name the same resource. */
export function isSameId(left: string | undefined, right: string | undefined): boolean {
  return left !== undefined && right !== undefined && keyOf(left) === keyOf(right);
}

/** The subscription that an id names, as it is written there. */
export function subscriptionOf(id: string): string | undefined {
  return /^\/subscriptions\/([^/]+)/i.exec(id)?.[1];
}

/** The resource group that an id names, as it is written there. */
export function resourceGroupOf(id: string): string | undefined {
  return /^\/subscriptions\/[^/]+\/resourcegroups\/([^/]+)/i.exec(id)?.[1];
}

/** The id of the resource group that an id lies in. */
export function groupIdOf(id: string): string | undefined {
  return /^\/subscriptions\/[^/]+\/resourcegroups\/[^/]+/i.exec(id)?.[0];
}

/** The last segment of an id. */
export function nameOf(id: string): string {
  return id.slice(id.lastIndexOf("/") + 1);
}

/** The resource type that an id names, such as `Microsoft.Network/virtualNetworks/subnets`. */
export function typeOf(id: string): string {
  const at = id.toLowerCase().lastIndexOf("/providers/");
  if (at < 0) return resourceGroupOf(id) ? "Microsoft.Resources/resourceGroups" : "Microsoft.Resources/subscriptions";
  const [namespace, ...rest] = id.slice(at + "/providers/".length).split("/");
  return [namespace, ...rest.filter((_, index) => index % 2 === 0)].join("/");
}

/** The id without its last type and name: the cluster of an agent pool, the network of a subnet. */
export function parentIdOf(id: string): string {
  return id.split("/").slice(0, -2).join("/");
}

/** What an extension resource such as a role assignment or a lock is attached to. */
export function scopeOf(id: string): string {
  return id.slice(0, id.toLowerCase().lastIndexOf("/providers/")) || "/";
}

/** True when `id` is the scope itself or lies below it. Management groups and the root lie above everything. */
export function isAtOrBelow(id: string, scope: string): boolean {
  const key = keyOf(id);
  const scopeKey = keyOf(scope);
  if (scopeKey === "/" || scopeKey === "" || key === scopeKey) return true;
  if (scopeKey.startsWith("/providers/microsoft.management/managementgroups/")) return key.startsWith("/subscriptions");
  return key.startsWith(`${scopeKey}/`);
}

/** The id with the spelling `/resourcegroups/`, which clusters and identities come back with (recorded 2021-2023). */
export function withLowerCaseGroup(id: string): string {
  return id.replace(/^(\/subscriptions\/[^/]+)\/resourcegroups\//i, "$1/resourcegroups/");
}
