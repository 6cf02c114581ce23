import type { Azure } from "../azure/azure.ts";
import { allows } from "../azure/roles.ts";
import type { Finding } from "../engine/step.ts";
import type { MigrationPlan } from "../plan/schema.ts";
import { type RequiredPermission, requiredPermissions } from "./required-permissions.ts";

/**
 * RB014: asks Azure at every scope of a plan whether the caller may do what the plan needs, before anything is written.
 * A role that is only eligible (Privileged Identity Management) does not count until it is activated.
 */
export async function checkOperator(azure: Azure, plan: MigrationPlan): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [scope, permissions] of groupByScope(requiredPermissions(plan))) {
    const held = await azure.roles.permissions(scope);
    if (!held) {
      findings.push({
        check: "RB014",
        severity: "info",
        seen: `Azure does not say what you may do on ${scope}: not assessed`,
        remedy: "Check your roles there yourself.",
      });
      continue;
    }
    const missing = permissions.filter(({ action }) => !held.some((role) => allows(role, action)));
    if (missing.length > 0) findings.push(notAllowed(scope, missing));
  }
  return findings;
}

function notAllowed(scope: string, missing: readonly RequiredPermission[]): Finding {
  return {
    check: "RB014",
    severity: "blocker",
    seen: `you may not do ${missing.map(({ action }) => action).join(", ")} on ${scope} (${missing[0]!.why})`,
    remedy:
      "Ask for a role with these actions, or activate the one that you are eligible for; `aks-mi plan --required-permissions` prints the least role, and --role-requests leaves the role assignments to whoever may make them.",
  };
}

function groupByScope(permissions: readonly RequiredPermission[]): Map<string, RequiredPermission[]> {
  const groups = new Map<string, RequiredPermission[]>();
  for (const permission of permissions) {
    const scope = permission.scope.toLowerCase();
    groups.set(scope, [...(groups.get(scope) ?? []), permission]);
  }
  return new Map([...groups.values()].map((group) => [group[0]!.scope, group]));
}
