import { isAtOrBelow, keyOf, nameOf, scopeOf } from "./ids.ts";
import { isObject, type Json, type JsonObject, objectsAt, type Resource, textAt, textsAt } from "./json.ts";
import { grants, type RolePermissions } from "./permissions.ts";
import type { Principals } from "./principals.ts";
import { BUILT_IN_ROLES } from "./roles.ts";
import type { Store } from "./store.ts";

/** Type name of role assignments. */
export const ASSIGNMENT_TYPE = "microsoft.authorization/roleassignments";
/** Type name of role definitions. */
export const DEFINITION_TYPE = "microsoft.authorization/roledefinitions";

interface Held {
  readonly scope: string;
  readonly roleGuid: string;
  /** From when on the assignment exists; undefined: it has been there long enough. */
  readonly createdMs: number | undefined;
}

interface Memo {
  /** The next moment at which one more assignment comes into force. */
  validUntilMs: number;
  readonly decisions: Map<string, boolean>;
}

/** Which rights are in force, for whom, at an emulated moment. Decisions are remembered until something about them changes. */
export class Rights {
  readonly #principals: Principals;
  readonly #propagationMs: () => number;
  readonly #held = new Map<string, Map<string, Held>>();
  readonly #customRoles = new Map<string, RolePermissions[]>();
  readonly #memos = new Map<string, Memo>();
  readonly #onChange: (principalId?: string) => void;

  /** @param onChange told whose rights have changed, in lower case; without anybody, those of all may have */
  constructor(
    store: Store,
    principals: Principals,
    propagationMs: () => number,
    onChange: (principalId?: string) => void,
  ) {
    this.#principals = principals;
    this.#propagationMs = propagationMs;
    this.#onChange = onChange;
    store.onChange((key, now, before) => {
      const type = (now ?? before)!.type.toLowerCase();
      if (type === ASSIGNMENT_TYPE) this.#noteAssignment(key, now, before);
      else if (type === DEFINITION_TYPE) this.#noteDefinition(now ?? before!, now !== undefined);
      else if (type === "microsoft.graph/groups") this.forgetAll();
    });
  }

  /** Forgets every decision: a setting changed. */
  forgetAll(): void {
    this.#memos.clear();
    this.#onChange();
  }

  /** When time alone may change what the principal may do: one more assignment comes into force; else undefined. */
  changesAt(principalId: string, nowMs: number): number | undefined {
    const { validUntilMs } = this.#memoOf(principalId.toLowerCase(), nowMs);
    return validUntilMs === Number.POSITIVE_INFINITY ? undefined : validUntilMs;
  }

  /** True when an assignment in force at `nowMs` lets the principal do this at the scope. */
  allows(principalId: string, action: string, scope: string, nowMs: number, isDataAction = false): boolean {
    const id = principalId.toLowerCase();
    const memo = this.#memoOf(id, nowMs);
    const question = `${isDataAction ? "data " : ""}${action} ${keyOf(scope)}`;
    const known = memo.decisions.get(question);
    if (known !== undefined) return known;
    const answer = this.#heldBy(id).some(
      (held) =>
        this.#isInForce(held, nowMs) &&
        isAtOrBelow(scope, held.scope) &&
        this.permissionsOf(held.roleGuid).some((permissions) => grants(permissions, action, isDataAction)),
    );
    memo.decisions.set(question, answer);
    return answer;
  }

  /** The scopes at which the principal holds, in force or not yet, a role that lets it do this. */
  scopesAllowing(principalId: string, action: string, isDataAction = false): string[] {
    return this.#heldBy(principalId.toLowerCase())
      .filter((held) => this.permissionsOf(held.roleGuid).some((item) => grants(item, action, isDataAction)))
      .map((held) => held.scope);
  }

  /** The scopes at which the principal holds any role, in force or not yet. */
  scopesOf(principalId: string): string[] {
    return this.#heldBy(principalId.toLowerCase()).map((held) => held.scope);
  }

  /** The permissions that a principal's assignments in force give at a scope. */
  permissionsAt(principalId: string, scope: string, nowMs: number): RolePermissions[] {
    return this.#heldBy(principalId.toLowerCase())
      .filter((held) => this.#isInForce(held, nowMs) && isAtOrBelow(scope, held.scope))
      .flatMap((held) => this.permissionsOf(held.roleGuid));
  }

  /** The permissions of a role, built in or put in. */
  permissionsOf(roleGuid: string): readonly RolePermissions[] {
    const custom = this.#customRoles.get(roleGuid);
    if (custom) return custom;
    const builtIn = BUILT_IN.get(roleGuid);
    return builtIn ? [builtIn] : [];
  }

  #heldBy(id: string): Held[] {
    return [id, ...this.#principals.groupsOf(id)].flatMap((holder) => [...(this.#held.get(holder)?.values() ?? [])]);
  }

  #isInForce(held: Held, nowMs: number): boolean {
    return held.createdMs === undefined || held.createdMs + this.#propagationMs() <= nowMs;
  }

  #memoOf(id: string, nowMs: number): Memo {
    const known = this.#memos.get(id);
    if (known && nowMs < known.validUntilMs) return known;
    const pending = this.#heldBy(id).filter((held) => !this.#isInForce(held, nowMs));
    const memo: Memo = {
      validUntilMs: Math.min(Infinity, ...pending.map((held) => held.createdMs! + this.#propagationMs())),
      decisions: new Map(),
    };
    this.#memos.set(id, memo);
    return memo;
  }

  #noteAssignment(key: string, now: Resource | undefined, before: Resource | undefined): void {
    const old = before && textAt(before, "properties", "principalId")?.toLowerCase();
    if (old) {
      this.#held.get(old)?.delete(key);
      this.#forget(old);
    }
    const principal = now && textAt(now, "properties", "principalId")?.toLowerCase();
    if (!principal) return;
    const held = this.#held.get(principal) ?? new Map<string, Held>();
    held.set(key, heldOf(now));
    this.#held.set(principal, held);
    this.#forget(principal);
  }

  #forget(principal: string): void {
    // A group's assignment is held by its members: all of them have to be looked at again.
    if (this.#principals.get(principal)?.kind === "Group") this.forgetAll();
    else {
      this.#memos.delete(principal);
      this.#onChange(principal);
    }
  }

  #noteDefinition(definition: Resource, isThere: boolean): void {
    const guid = nameOf(definition.id).toLowerCase();
    if (isThere) this.#customRoles.set(guid, objectsAt(definition, "properties", "permissions").map(permissionsIn));
    else this.#customRoles.delete(guid);
    this.forgetAll();
  }
}

const BUILT_IN = new Map(BUILT_IN_ROLES.map((role) => [role.guid, role]));

function heldOf(assignment: Resource): Held {
  const created = textAt(assignment, "properties", "createdOn");
  const createdMs = created === undefined ? Number.NaN : Date.parse(created);
  return {
    scope: keyOf(scopeOfAssignment(assignment)),
    roleGuid: nameOf(textAt(assignment, "properties", "roleDefinitionId") ?? "").toLowerCase(),
    createdMs: Number.isNaN(createdMs) || isAtOnce(assignment) ? undefined : createdMs,
  };
}

/** The scope of an assignment: what it says, else what its id is attached to. */
export function scopeOfAssignment(assignment: Resource): string {
  return textAt(assignment, "properties", "scope") ?? scopeOf(assignment.id);
}

/** What AKS grants to itself works at once in the model; the mark travels with the resource. */
function isAtOnce(assignment: JsonObject): boolean {
  const mark: Json | undefined = assignment["_emulator"];
  return isObject(mark) && mark["inForce"] === "at once";
}

function permissionsIn(permission: JsonObject): RolePermissions {
  return {
    actions: textsAt(permission, "actions"),
    notActions: textsAt(permission, "notActions"),
    dataActions: textsAt(permission, "dataActions"),
    notDataActions: textsAt(permission, "notDataActions"),
  };
}
