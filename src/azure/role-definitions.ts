import { hasStatus } from "./errors.ts";
import { asArray, asObject, asString, at } from "./json.ts";
import type { Transport } from "./transport.ts";

/** Actions that are allowed, less those that are not. */
export interface EffectivePermissions {
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
}

/** What a role allows. */
export interface RoleDefinition extends EffectivePermissions {
  readonly name: string;
  readonly dataActions: readonly string[];
}

/** Reads what a role allows. @returns undefined when there is no such role */
export async function readDefinition(
  { arm }: Transport,
  roleDefinitionId: string,
): Promise<RoleDefinition | undefined> {
  try {
    const { body } = await arm.get("read a role definition", `${roleDefinitionId}?api-version=2022-04-01`);
    const permissions = asArray(at(body, "properties", "permissions")).map(asObject);
    const collect = (key: string) => permissions.flatMap((permission) => asArray(permission[key]).map(String));
    return {
      name: asString(at(body, "properties", "roleName")) ?? roleDefinitionId.split("/").at(-1)!,
      actions: collect("actions"),
      notActions: collect("notActions"),
      dataActions: collect("dataActions"),
    };
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw error;
  }
}

/** True when a role's actions cover an action such as `Microsoft.ContainerRegistry/registries/pull/read`. */
export function allows(role: EffectivePermissions, action: string): boolean {
  return (
    role.actions.some((pattern) => covers(pattern, action)) &&
    !role.notActions.some((pattern) => covers(pattern, action))
  );
}

/** True when a role's data actions cover a data action such as `…/registries/repositories/content/read`. */
export function allowsData(role: RoleDefinition, dataAction: string): boolean {
  return role.dataActions.some((pattern) => covers(pattern, dataAction));
}

/**
 * True when a pattern covers an action. A `*` between slashes may stand for nothing: Managed Identity Operator holds
 * `userAssignedIdentities/*`+`/assign/action`, and Azure lets it do `userAssignedIdentities/assign/action`.
 */
function covers(pattern: string, action: string): boolean {
  const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&");
  const parts = escaped.split("/*/").map((part) => part.replaceAll("*", ".*"));
  return new RegExp(`^${parts.join("/(?:.+/)?")}$`, "i").test(action);
}
