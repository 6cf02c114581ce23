import type { Azure } from "../azure/azure.ts";
import { isWithin, subscriptionOf } from "../azure/ids.ts";
import { reasonFor } from "../azure/refusals.ts";
import { allows } from "../azure/role-definitions.ts";
import type { RoleAssignment } from "../azure/roles.ts";
import { type Known, known, unknown } from "../engine/known.ts";
import type { Outcome } from "../engine/outcome.ts";
import { parseRoleKey } from "../plan/change-keys.ts";

/** Azure's limit of role assignments per subscription, those on groups and resources in it included, and how close is close. */
const ASSIGNMENT_LIMIT = 4_000;
const CLOSE_TO_LIMIT = 3_800;

/**
 * RB015: a migration assigns roles, and a subscription takes only so many.
 * @param where the subscription, in words
 * @param planned how many a plan is going to add
 */
export function judgeAssignmentCount(count: Known<number>, where: string, planned = 0): Outcome[] {
  if (!count.known) return [{ check: "RB015", reason: count.reason }];
  if (count.value < CLOSE_TO_LIMIT && count.value + planned <= ASSIGNMENT_LIMIT) return [];
  return [
    {
      check: "RB015",
      severity: "medium",
      seen: `${where} has ${count.value} role assignments of ${ASSIGNMENT_LIMIT} that Azure allows${planned > 0 ? `, and this plan adds ${planned}` : ""}`,
      remedy: "Delete assignments whose principal is gone, or assign roles to groups and higher scopes.",
      link: "https://learn.microsoft.com/azure/role-based-access-control/troubleshoot-limits",
    },
  ];
}

/** How many of some assignments count towards a subscription's limit: those above it do not. */
export function countAssignments(subscription: string, assignments: readonly RoleAssignment[]): number {
  return assignments.filter(({ scope }) => isWithin(scope, `/subscriptions/${subscription}`)).length;
}

/** The same for a plan, by the keys of its changes: each subscription in which it assigns roles, with a list of its own. */
export async function checkAssignmentLimit(azure: Azure, keys: readonly string[]): Promise<Outcome[]> {
  const planned = new Map<string, number>();
  for (const key of keys) {
    const subscription = subscriptionOf(parseRoleKey(key)?.scope ?? "")?.toLowerCase();
    if (subscription) planned.set(subscription, (planned.get(subscription) ?? 0) + 1);
  }
  const outcomes: Outcome[] = [];
  for (const [subscription, count] of planned) {
    outcomes.push(...judgeAssignmentCount(await readCount(azure, subscription), `subscription ${subscription}`, count));
  }
  return outcomes;
}

async function readCount(azure: Azure, subscription: string): Promise<Known<number>> {
  const what = `the role assignments of subscription ${subscription}`;
  const held = await azure.roles.permissions(`/subscriptions/${subscription}`);
  const readsAll = held?.some((role) => allows(role, "Microsoft.Authorization/roleAssignments/read"));
  if (!readsAll) return unknown(`you may read only some of ${what}`);
  try {
    return known(countAssignments(subscription, await azure.roles.listAll(subscription)));
  } catch (error) {
    return unknown(reasonFor(error, what));
  }
}
