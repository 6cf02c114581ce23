import pMap from "p-map";
import { subscriptionOf } from "../azure/ids.ts";
import type { Inventory } from "../azure/inventory.ts";
import { asObject, asString, at, type Json, type JsonObject } from "../azure/json.ts";
import { roleGuidOf } from "../azure/roles.ts";
import { BUILT_IN_ROLES } from "../emulator/roles.ts";
import type { ClusterPlan } from "../plan/schema.ts";
import { READS_AT_ONCE } from "./live-cluster.ts";
import { outlineOf } from "./outline.ts";
import type { TwinDraft } from "./twin.ts";

const ASSIGNMENTS = "Microsoft.Authorization/roleAssignments";

/**
 * Reads what everyone concerned may do: the identities that the cluster has and had, its add-ons', and those the plan
 * names, with the roles that the emulator does not know by itself.
 * @param subscriptions where the caller can look; the old identity may hold a role in any of them
 */
export async function readRights(
  draft: TwinDraft,
  inventory: Inventory,
  plan: ClusterPlan,
  subscriptions: readonly string[],
): Promise<void> {
  const old = new Set(objectIdsIn(plan.from));
  const concerned = new Set([...old, ...draft.resources().flatMap(principalsOf)]);
  const near = subscriptions.filter((id) => isNamed(id, plan));
  const lists = [...concerned].flatMap((principal) =>
    (old.has(principal) ? subscriptions : near).map((subscription) => ({ principal, subscription })),
  );
  await pMap(
    lists,
    async ({ principal, subscription }) => {
      for (const held of await readAssignments(draft, inventory, principal, subscription))
        addAssignment(draft, held, principal);
    },
    { concurrency: READS_AT_ONCE },
  );
  await readRoleDefinitions(draft, inventory);
  await readWiderRegistries(draft, inventory, old);
}

/** Who may not look into groups is still told what the principal holds itself. */
async function readAssignments(
  draft: TwinDraft,
  inventory: Inventory,
  principal: string,
  subscription: string,
): Promise<readonly JsonObject[]> {
  const seen = await inventory.assignments(subscription, principal, "through groups too");
  if (seen.kind !== "unreadable") return seen.kind === "found" ? seen.value : [];
  draft.lacks(`what ${principal} holds through groups in subscription ${subscription}`, seen.reason);
  const own = await inventory.assignments(subscription, principal, "directly");
  return draft.take(own, `the role assignments of ${principal} in subscription ${subscription}`) ?? [];
}

/** An assignment held through a group is the group's: then the twin has the group, with this member. */
function addAssignment(draft: TwinDraft, held: JsonObject, principal: string): void {
  const holder = asString(at(held, "properties", "principalId"))?.toLowerCase() ?? principal;
  if (holder !== principal) draft.addMember(holder, principal);
  draft.add(outlineOf(held, ASSIGNMENTS));
}

/** Roles of one's own, and built-in ones that the emulator has no copy of. */
async function readRoleDefinitions(draft: TwinDraft, inventory: Inventory): Promise<void> {
  const ids = new Map<string, string>();
  for (const assignment of draft.ofType(ASSIGNMENTS)) {
    const id = asString(at(assignment, "properties", "roleDefinitionId")) ?? "";
    ids.set(roleGuidOf(id), id);
  }
  const unknown = [...ids].filter(([guid]) => !BUILT_IN_ROLES.some((role) => role.guid === guid));
  await pMap(
    unknown,
    async ([guid, id]) => {
      const definition = draft.take(await inventory.roleDefinition(id), `the role definition ${guid}`);
      if (definition) draft.add(outlineOf(definition, "Microsoft.Authorization/roleDefinitions"));
    },
    { concurrency: READS_AT_ONCE },
  );
}

/** Registries that the old identity reaches by a role on a whole subscription: a plan made on the twin is to see them. */
async function readWiderRegistries(draft: TwinDraft, inventory: Inventory, old: ReadonlySet<string>): Promise<void> {
  const scopes = draft
    .ofType(ASSIGNMENTS)
    .filter((held) => old.has(asString(at(held, "properties", "principalId"))?.toLowerCase() ?? ""))
    .map((held) => asString(at(held, "properties", "scope")) ?? "")
    .filter((scope) => /^\/subscriptions\/[^/]+$/i.test(scope));
  for (const subscription of new Set(scopes.map((scope) => subscriptionOf(scope)!))) {
    const what = `the registries of subscription ${subscription}`;
    for (const registry of draft.take(await inventory.registries(subscription), what) ?? [])
      draft.add(outlineOf(registry, "Microsoft.ContainerRegistry/registries"));
  }
}

/** The principals that a resource of the twin stands for or names. */
function principalsOf(resource: JsonObject): string[] {
  const type = asString(resource["type"])?.toLowerCase();
  if (type === "microsoft.managedidentity/userassignedidentities")
    return lowerCased([asString(at(resource, "properties", "principalId"))]);
  if (type !== "microsoft.containerservice/managedclusters") return [];
  const { identityProfile, addonProfiles, ingressProfile } = asObject(resource["properties"]);
  return [
    ...lowerCased([asString(at(resource, "identity", "principalId"))]),
    ...[identityProfile, addonProfiles, ingressProfile].flatMap(objectIdsIn),
  ];
}

/** Every `objectId` in a value, at any depth. */
function objectIdsIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value as Record<string, Json>).flatMap(([key, item]) =>
    key === "objectId" && typeof item === "string" ? [item.toLowerCase()] : objectIdsIn(item),
  );
}

/** True when the plan of a cluster names something in this subscription. */
function isNamed(subscription: string, plan: ClusterPlan): boolean {
  return JSON.stringify(plan).toLowerCase().includes(`/subscriptions/${subscription.toLowerCase()}`);
}

function lowerCased(values: readonly (string | undefined)[]): string[] {
  return values.filter((value) => value !== undefined).map((value) => value.toLowerCase());
}
