/** What a role lets its holder do, in Azure's own terms. */
export interface RolePermissions {
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
  readonly dataActions: readonly string[];
  readonly notDataActions: readonly string[];
}

const PATTERNS = new Map<string, RegExp>();

/**
 * True when an action such as `Microsoft.Network/*` covers the one asked for; case does not matter. A `*` between two
 * slashes may also stand for nothing: Managed Identity Operator holds `userAssignedIdentities/*` + `/assign/action`.
 */
function coversAction(pattern: string, action: string): boolean {
  let expression = PATTERNS.get(pattern);
  if (!expression) {
    const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&");
    const parts = escaped.split("/*/").map((part) => part.replaceAll("*", ".*"));
    expression = new RegExp(`^${parts.join("/(?:.+/)?")}$`, "i");
    PATTERNS.set(pattern, expression);
  }
  return expression.test(action);
}

/** True when the permissions grant an action, or a data action. */
export function grants(permissions: RolePermissions, action: string, isDataAction: boolean): boolean {
  const given = isDataAction ? permissions.dataActions : permissions.actions;
  const taken = isDataAction ? permissions.notDataActions : permissions.notActions;
  return given.some((item) => coversAction(item, action)) && !taken.some((item) => coversAction(item, action));
}
