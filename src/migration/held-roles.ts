import type { Azure } from "../azure/azure.ts";
import { hasStatus } from "../azure/errors.ts";
import { isWithin } from "../azure/ids.ts";
import { allows, allowsData } from "../azure/role-definitions.ts";
import type { RoleAssignment } from "../azure/roles.ts";
import type { HeldRole } from "../plan/schema.ts";
import { builtInRole, GRANT_ACTION, PULL_ACTION, PULL_DATA_ACTION } from "./built-in-roles.ts";

/** A role that the old principal holds. */
export interface Held {
  readonly fact: HeldRole;
  /** True when it lets its holder pull images. */
  readonly pulls: boolean;
}

/**
 * Reads the roles of the old principal, those in the node resource group left out: AKS gives them by itself.
 * @returns undefined when its object id is not known
 */
export async function readHeldRoles(
  azure: Azure,
  principalId: string | undefined,
  nodeGroup: string,
): Promise<Held[] | undefined> {
  if (principalId === undefined) return undefined;
  const held: Held[] = [];
  for (const assignment of await readAssignments(azure, principalId)) {
    const { scope, roleDefinitionId, principalId: holder, conditional } = assignment;
    if (isWithin(scope, nodeGroup)) continue;
    const role: Role = builtInRole(roleDefinitionId) ?? (await readRole(azure, roleDefinitionId));
    const fact: HeldRole = {
      role: role.name,
      roleDefinitionId,
      scope,
      ...(holder === principalId.toLowerCase() ? {} : { through: holder }),
      ...(role.grantsRoles ? { grantsRoles: true } : {}),
      ...(conditional ? { conditional: true } : {}),
    };
    held.push({ fact, pulls: role.pulls });
  }
  return held;
}

/** Everything that a principal holds, itself and through groups, in every subscription that the caller can read. */
async function readAssignments(azure: Azure, principalId: string): Promise<RoleAssignment[]> {
  const found = new Map<string, RoleAssignment>();
  for (const subscription of await azure.resources.subscriptions()) {
    if (!subscription.enabled) continue;
    for (const assignment of await readAssignmentsIn(azure, subscription.id, principalId)) {
      found.set(assignment.id.toLowerCase(), assignment);
    }
  }
  return [...found.values()];
}

/** Whom the directory has forgotten is in no group: where Azure does not look for one, what it holds itself is all. */
async function readAssignmentsIn(azure: Azure, subscription: string, principalId: string): Promise<RoleAssignment[]> {
  try {
    return await azure.roles.listAssignedTo(subscription, principalId);
  } catch (error) {
    if (!hasStatus(error, 400) && !hasStatus(error, 404)) throw error;
    return azure.roles.listForPrincipal(subscription, principalId);
  }
}

/** What a role is called, and what its holder may do. Of a built-in one that hands out roles the id tells it. */
interface Role {
  readonly name: string;
  readonly pulls: boolean;
  readonly grantsRoles?: boolean;
}

/** Reads what is not known already; a role that is gone allows nothing. */
async function readRole(azure: Azure, roleDefinitionId: string): Promise<Role> {
  const role = await azure.roles.definition(roleDefinitionId);
  if (!role) return { name: roleDefinitionId.split("/").at(-1)!, pulls: false };
  return {
    name: role.name,
    pulls: allows(role, PULL_ACTION) || allowsData(role, PULL_DATA_ACTION),
    grantsRoles: allows(role, GRANT_ACTION),
  };
}
