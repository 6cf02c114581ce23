import pMap from "p-map";
import { isWithin } from "../azure/ids.ts";
import { allows, allowsData, type RoleDefinition } from "../azure/role-definitions.ts";
import type { RoleAssignment } from "../azure/roles.ts";
import type { Estate } from "./estate.ts";
import type { Listed } from "./outcome.ts";

/** A role that somebody holds, with what it allows. */
export interface HeldRight {
  readonly scope: string;
  readonly roleGuid: string;
  readonly roleName: string;
  /** Undefined when the role could not be read. */
  readonly role: RoleDefinition | undefined;
  /** An attribute-based condition narrows it. */
  readonly conditional: boolean;
  /** The object id of the group through which it is held. */
  readonly through: string | undefined;
}

/** Every role assignment that can be seen, by who holds it. */
export interface AllAssignments {
  readonly byPrincipal: ReadonlyMap<string, readonly RoleAssignment[]>;
  /** What a principal holds itself and, where asked for, through groups. */
  rightsOf(principalId: string, through: "itself" | "groups too"): Promise<Listed<HeldRight>>;
}

/** Reads the assignments of every subscription; those above subscriptions come with each and count once. */
export async function readAllAssignments(estate: Estate, concurrency: number): Promise<AllAssignments> {
  const lists = await pMap(estate.subscriptions, ({ id }) => estate.assignments(id), { concurrency });
  const byId = new Map(lists.flatMap(({ items }) => items).map((item) => [item.id.toLowerCase(), item]));
  const byPrincipal = new Map<string, RoleAssignment[]>();
  for (const assignment of byId.values()) {
    const held = byPrincipal.get(assignment.principalId) ?? [];
    held.push(assignment);
    byPrincipal.set(assignment.principalId, held);
  }
  const gaps = lists.flatMap(({ gap }) => (gap === undefined ? [] : [gap]));
  // Where no group holds any role, nobody's memberships matter.
  const mayHoldByGroup = [...byId.values()].some(
    ({ principalType }) => principalType !== "ServicePrincipal" && principalType !== "User",
  );
  const memory = new Map<string, Promise<Listed<HeldRight>>>();
  return {
    byPrincipal,
    rightsOf(principalId, through) {
      const key = `${principalId.toLowerCase()} ${through}`;
      const withGroups = through === "groups too" && mayHoldByGroup;
      const reading = memory.get(key) ?? readRights(estate, byPrincipal, summarize(gaps), principalId, withGroups);
      memory.set(key, reading);
      return reading;
    },
  };
}

/** One sentence for several gaps. */
export function summarize(gaps: readonly string[]): string | undefined {
  const different = [...new Set(gaps)];
  if (different.length <= 1) return different[0];
  return `${different[0]}, and ${different.length - 1} more like it`;
}

async function readRights(
  estate: Estate,
  byPrincipal: AllAssignments["byPrincipal"],
  gap: string | undefined,
  principalId: string,
  withGroups: boolean,
): Promise<Listed<HeldRight>> {
  const gaps = gap === undefined ? [] : [gap];
  const holders: (string | undefined)[] = [undefined];
  if (withGroups) {
    const groups = await estate.groupsOf(principalId);
    if (groups.known) holders.push(...(groups.value ?? []));
    else gaps.push(groups.reason);
  }
  const items: HeldRight[] = [];
  for (const group of holders) {
    for (const held of byPrincipal.get((group ?? principalId).toLowerCase()) ?? []) {
      const role = await estate.role(held.roleDefinitionId);
      if (!role.known) gaps.push(role.reason);
      const definition = role.known ? role.value : undefined;
      items.push({
        scope: held.scope,
        roleGuid: held.roleGuid,
        roleName: definition?.name ?? held.roleGuid,
        role: definition,
        conditional: held.conditional,
        through: group,
      });
    }
  }
  return { items, gap: summarize(gaps) };
}

/** The rights that allow an action at a scope, without conditions. */
export function rightsFor(
  rights: readonly HeldRight[],
  scope: string,
  action: string,
  kind: "action" | "data action" = "action",
): HeldRight[] {
  return rights.filter(
    ({ role, conditional, scope: at }) =>
      role !== undefined &&
      !conditional &&
      isWithin(scope, at === "/" ? "" : at) &&
      (kind === "action" ? allows(role, action) : allowsData(role, action)),
  );
}
