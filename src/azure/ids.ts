/** The parts of an Azure resource id. */
export interface ResourceId {
  readonly subscription: string;
  readonly resourceGroup: string;
  /** `Microsoft.Network/virtualNetworks/subnets` */
  readonly type: string;
  /** The last name. */
  readonly name: string;
}

/**
 * Takes a resource id apart.
 * @returns undefined when it is not the id of a resource in a resource group
 */
export function parseResourceId(id: string): ResourceId | undefined {
  const match = /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/([^/]+)\/(.+)$/i.exec(id);
  if (!match) return undefined;
  const segments = match[4]!.split("/");
  if (segments.length % 2 !== 0 || segments.some((segment) => segment === "")) return undefined;
  const types = segments.filter((_, index) => index % 2 === 0);
  return {
    subscription: match[1]!,
    resourceGroup: match[2]!,
    type: [match[3], ...types].join("/"),
    name: segments.at(-1)!,
  };
}

/** The subscription in any scope below a subscription, or undefined. */
export function subscriptionOf(scope: string): string | undefined {
  return /^\/subscriptions\/([^/]+)/i.exec(scope)?.[1];
}

/** Writes `subscriptions`, `resourceGroups` and `providers` the way Azure documents them: AKS returns `resourcegroups`. */
export function normalizeId(id: string): string {
  return id
    .replace(/\/$/, "")
    .replace(/^\/subscriptions\//i, "/subscriptions/")
    .replace(/\/resourcegroups\//i, "/resourceGroups/")
    .replace(/\/providers\//gi, "/providers/");
}

/** An id as it compares: Azure ignores case. */
export function keyOf(id: string): string {
  return normalizeId(id).toLowerCase();
}

/** True when two ids name the same resource. */
export function sameId(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && (a === b || keyOf(a) === keyOf(b));
}

/** The resource group in a scope, for comparisons; undefined above resource groups. */
export function groupKeyOf(scope: string): string | undefined {
  return /^\/subscriptions\/[^/]+\/resourcegroups\/[^/]+/.exec(keyOf(scope))?.[0];
}

/** True when `scope` is `parent` or lies below it. */
export function isWithin(scope: string, parent: string): boolean {
  const child = normalizeId(scope).toLowerCase();
  const above = normalizeId(parent).toLowerCase();
  return above === "" || child === above || child.startsWith(`${above}/`);
}

/** The id of a resource group. */
export function resourceGroupId(subscription: string, resourceGroup: string): string {
  return `/subscriptions/${subscription}/resourceGroups/${resourceGroup}`;
}

/** The id of the resource group that a scope is in, or is; undefined for a scope above resource groups. */
export function resourceGroupOf(scope: string): string | undefined {
  const [, subscription, name] = /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)/i.exec(scope) ?? [];
  return subscription && name ? resourceGroupId(subscription, name) : undefined;
}

/** Takes the id of a resource group apart. @returns undefined when it is the id of something else */
export function parseResourceGroupId(id: string): { subscription: string; name: string } | undefined {
  const [, subscription, name] = /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)$/i.exec(id) ?? [];
  return subscription && name ? { subscription, name } : undefined;
}

/** The id of a user-assigned managed identity. */
export function identityId(subscription: string, resourceGroup: string, name: string): string {
  return `${resourceGroupId(subscription, resourceGroup)}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
}
