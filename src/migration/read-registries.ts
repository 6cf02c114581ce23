import type { Azure } from "../azure/azure.ts";
import { hasStatus } from "../azure/errors.ts";
import { normalizeId, parseResourceGroupId, parseResourceId, sameId } from "../azure/ids.ts";
import { AksMiError } from "../engine/errors.ts";
import type { RegistryFact } from "../plan/schema.ts";
import type { Held } from "./held-roles.ts";

/** The source of a registry that the user named. */
export const NAMED_REGISTRY = "named with --registry";

/**
 * The registries that the old principal could pull from by a role on them or on their resource group, and those named.
 * @throws AksMiError `USAGE` when a named one is not there or may not be read
 */
export async function readRegistries(
  azure: Azure,
  held: readonly Held[],
  named: readonly string[],
): Promise<RegistryFact[]> {
  const registries = new Map<string, RegistryFact>();
  const add = (registry: { id: string; mode: "rbac" | "abac" }, source: string) => {
    const key = registry.id.toLowerCase();
    if (!registries.has(key)) registries.set(key, { id: registry.id, mode: registry.mode, source });
  };
  for (const id of named) {
    const registry = await azure.registries.get(id);
    if (!registry) throw registryGone(id);
    add(registry, NAMED_REGISTRY);
  }
  for (const { fact } of held.filter(({ pulls }) => pulls)) {
    const resource = parseResourceId(fact.scope);
    const group = parseResourceGroupId(fact.scope);
    if (resource?.type.toLowerCase() === "microsoft.containerregistry/registries") {
      const registry = await azure.registries.get(normalizeId(fact.scope));
      if (registry) add(registry, `the old identity holds ${fact.role} on it`);
    } else if (group) {
      for (const registry of await listRegistries(azure, group.subscription, group.name)) {
        add(registry, `the old identity holds ${fact.role} on its resource group`);
      }
    }
  }
  return [...registries.values()];
}

/** A role with which a principal may pull from every registry of a subscription. */
export interface WidePull {
  readonly subscription: string;
  readonly role: string;
}

/** The roles that reach every registry of their subscription. */
export function widePullsOf(held: readonly Held[]): WidePull[] {
  return held.flatMap(({ fact, pulls }) => {
    const subscription = pulls ? subscriptionScope(fact.scope) : undefined;
    return subscription === undefined ? [] : [{ subscription, role: fact.role }];
  });
}

/**
 * The registries that the old principal reaches only through a role on their whole subscription; none where they can't be
 * listed.
 * @param known those that the facts name already
 */
export async function readWiderRegistries(
  azure: Azure,
  known: readonly RegistryFact[],
  widePulls: readonly WidePull[],
): Promise<{ id: string; role: string; scope: string }[]> {
  const wider: { id: string; role: string; scope: string }[] = [];
  for (const { subscription, role } of widePulls) {
    const scope = `/subscriptions/${subscription}`;
    for (const { id } of await listRegistries(azure, subscription)) wider.push({ id, role, scope });
  }
  return wider.filter(({ id }) => !known.some((registry) => sameId(registry.id, id)));
}

/** The id of the subscription that a scope is; undefined for any other scope. */
function subscriptionScope(scope: string): string | undefined {
  return /^\/subscriptions\/([^/]+)$/i.exec(scope)?.[1];
}

async function listRegistries(azure: Azure, subscription: string, resourceGroup?: string) {
  try {
    return await azure.registries.list(subscription, resourceGroup);
  } catch (error) {
    if (hasStatus(error, 403) || hasStatus(error, 404)) return [];
    throw error;
  }
}

function registryGone(id: string): AksMiError {
  return new AksMiError(
    "USAGE",
    `There is no registry ${id}, or you may not read it.`,
    "Check the id that --registry names.",
  );
}
