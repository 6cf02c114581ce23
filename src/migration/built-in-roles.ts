import { roleGuidOf } from "../azure/roles.ts";

/** GUIDs of the built-in roles that this project assigns or looks for, from Azure's list of built-in roles. */
export const BUILT_IN_ROLES = {
  AcrPull: "7f951dda-4ed3-4680-a7ca-43fe172d538d",
  "Container Registry Repository Reader": "b93aa761-3e63-49ed-ac28-beffa264f7ac",
  Contributor: "b24988ac-6180-42a0-ab88-20f7382dd24c",
  "DNS Zone Contributor": "befefa01-2a29-4197-83a8-272ff33ce314",
  "Key Vault Contributor": "f25e0fa2-a7c8-4377-a976-54943a77a395",
  "Key Vault Crypto User": "12338af0-0e69-4776-bea7-57ae8d297424",
  "Managed Identity Operator": "f1a07417-d97a-45cb-824c-7a7467783830",
  "Monitoring Metrics Publisher": "3913510d-42f4-4e42-8a64-420c390055eb",
  "Network Contributor": "4d97b98b-1d4f-4787-a291-c67834d212e7",
  Owner: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
  "Private DNS Zone Contributor": "b12aa53e-6015-4669-85d0-8515ebb3ae7f",
  Reader: "acdd72a7-3385-48ef-bd42-f606fba81ae7",
  "Role Based Access Control Administrator": "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
  "User Access Administrator": "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
} as const;

/** A built-in role, by its name. */
export type BuiltInRole = keyof typeof BUILT_IN_ROLES;

/** The action that a role must allow for its holder to hand out roles. */
export const GRANT_ACTION = "Microsoft.Authorization/roleAssignments/write";

/** Built-in roles that let their holder hand out roles: never copied from one principal to another. */
export const ROLES_THAT_GRANT_ROLES: ReadonlySet<string> = new Set([
  BUILT_IN_ROLES["Owner"],
  BUILT_IN_ROLES["User Access Administrator"],
  BUILT_IN_ROLES["Role Based Access Control Administrator"],
]);

/** Roles that pull images and do nothing else: they belong to the kubelet identity. */
export const PULL_ROLES: ReadonlySet<string> = new Set([
  BUILT_IN_ROLES["AcrPull"],
  BUILT_IN_ROLES["Container Registry Repository Reader"],
]);

/** The action that a role must allow for its holder to pull images from a registry. */
export const PULL_ACTION = "Microsoft.ContainerRegistry/registries/pull/read";

/** The same for registries that decide per repository: a data action. */
export const PULL_DATA_ACTION = "Microsoft.ContainerRegistry/registries/repositories/content/read";

/** The built-in roles that let their holder pull images, by the permissions that Azure documents for each. */
const PULLING_ROLES: ReadonlySet<BuiltInRole> = new Set([
  "AcrPull",
  "Container Registry Repository Reader",
  "Contributor",
  "Owner",
  "Reader",
  "Role Based Access Control Administrator",
  "User Access Administrator",
]);

/**
 * What is known of a built-in role without asking for its definition: its id ends in the same GUID everywhere, and nobody
 * can change it (Azure documentation, "Azure built-in roles").
 * @returns undefined for a role that is not in the list above
 */
export function builtInRole(roleDefinitionId: string): { name: BuiltInRole; pulls: boolean } | undefined {
  const guid = roleGuidOf(roleDefinitionId);
  const name = (Object.keys(BUILT_IN_ROLES) as BuiltInRole[]).find((role) => BUILT_IN_ROLES[role] === guid);
  return name && { name, pulls: PULLING_ROLES.has(name) };
}
