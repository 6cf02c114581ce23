import type { Azure } from "../azure/azure.ts";
import { resourceGroupOf, subscriptionOf } from "../azure/ids.ts";
import { allows, type EffectivePermissions } from "../azure/role-definitions.ts";
import type { Finding } from "../engine/step.ts";
import { type PermissionsPlan, type RequiredPermission, requiredPermissions } from "./required-permissions.ts";

/** What Azure says the caller may do at a scope; undefined where it does not say. */
type Held = readonly EffectivePermissions[] | undefined;

/**
 * RB014: asks Azure whether the caller may do what a plan needs at each of its scopes, before anything is written. Roles are
 * inherited, so a subscription is asked first, and what it does not settle is asked of the group and of the resource. A
 * role that is only eligible (Privileged Identity Management) does not count until it is activated.
 * @param proven actions that the caller has just carried out
 */
export async function checkOperator(
  azure: Azure,
  plan: PermissionsPlan,
  proven: ReadonlySet<string> = new Set(),
): Promise<Finding[]> {
  const answers = new Map<string, Promise<Held>>();
  const ask = (scope: string) => {
    const key = scope.toLowerCase();
    const answer = answers.get(key) ?? azure.roles.permissions(scope);
    answers.set(key, answer);
    return answer;
  };
  const needed = requiredPermissions(plan).filter(({ action }) => !proven.has(action));
  const findings: Finding[] = [];
  for (const [scope, permissions] of groupByScope(needed)) {
    const { missing, told } = await findMissing(ask, scope, permissions);
    if (missing.length > 0) findings.push(told ? notAllowed(scope, missing) : notTold(scope));
  }
  return findings;
}

/** @returns what nothing at or above the scope allows, and whether Azure answered for the scope itself */
async function findMissing(
  ask: (scope: string) => Promise<Held>,
  scope: string,
  permissions: readonly RequiredPermission[],
): Promise<{ missing: readonly RequiredPermission[]; told: boolean }> {
  let missing = permissions;
  let told = true;
  for (const level of levelsOf(scope)) {
    const held = await ask(level);
    told = held !== undefined;
    missing = missing.filter(({ action }) => !held?.some((role) => allows(role, action)));
    if (missing.length === 0) break;
  }
  return { missing, told };
}

/** Subscription, resource group and resource, as far as a scope has them. */
function levelsOf(scope: string): string[] {
  const subscription = subscriptionOf(scope);
  const group = resourceGroupOf(scope);
  const levels = [...(subscription ? [`/subscriptions/${subscription}`] : []), ...(group ? [group] : []), scope];
  return [...new Map(levels.map((level) => [level.toLowerCase(), level])).values()];
}

function notTold(scope: string): Finding {
  return {
    check: "RB014",
    severity: "info",
    seen: `Azure does not say what you may do on ${scope}: not assessed`,
    remedy: "Check your roles there yourself.",
  };
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
