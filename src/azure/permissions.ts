import { asArray, asObject, at } from "./json.ts";
import type { Transport } from "./transport.ts";

/** One role's worth of what the caller may do at a scope. */
export interface Permission {
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
}

/** What the signed-in caller may do itself (Microsoft.Authorization). */
export interface Permissions {
  at(scope: string): Promise<Permission[]>;
}

/** The permissions API, 2022-04-01: it needs no right of its own. */
export function createPermissions({ arm }: Transport): Permissions {
  return {
    async at(scope) {
      const path = `${scope}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01`;
      const found = await arm.list(`read what you may do at ${scope}`, path);
      return found.map(asObject).map((permission) => ({
        actions: asArray(at(permission, "actions")).map(String),
        notActions: asArray(at(permission, "notActions")).map(String),
      }));
    },
  };
}
