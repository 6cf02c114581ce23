import { AuthorizationManagementClient } from "@azure/arm-authorization";
import { type AssignedRole, assignRole, type RoleToAssign } from "./assign-role.ts";
import { clientPerSubscription } from "./clients.ts";
import { hasStatus } from "./errors.ts";
import { normalizeId, subscriptionOf } from "./ids.ts";
import { asArray, asDate, asObject, asString, at, type Json } from "./json.ts";
import { type EffectivePermissions, type RoleDefinition, readDefinition } from "./role-definitions.ts";
import { callSdk } from "./sdk-call.ts";
import type { Transport } from "./transport.ts";

/** A role that a principal holds on a scope. */
export interface RoleAssignment {
  readonly id: string;
  /** Empty for the root. */
  readonly scope: string;
  /** The GUID at the end of the role definition's id. */
  readonly roleGuid: string;
  readonly roleDefinitionId: string;
  readonly principalId: string;
  /** `ServicePrincipal`, `Group`, `User`, …; undefined when Azure does not say. */
  readonly principalType: string | undefined;
  /** The later of `createdOn` and `updatedOn`; undefined when Azure gives neither. */
  readonly since: Date | undefined;
  /** An attribute-based condition narrows it. */
  readonly conditional: boolean;
}

/** Role assignments and definitions (Microsoft.Authorization). */
export interface Roles {
  /** What a principal holds itself, at, above and below a subscription. */
  listForPrincipal(subscription: string, principalId: string): Promise<RoleAssignment[]>;
  /** Every assignment at, above and below a subscription, whoever holds it. */
  listAll(subscription: string): Promise<RoleAssignment[]>;
  /** What a principal holds at, above and below a subscription, itself and through groups. */
  listAssignedTo(subscription: string, principalId: string): Promise<RoleAssignment[]>;
  /** When an assignment was made, `unknown` where Azure does not say. @returns undefined when there is no such assignment */
  createdAt(id: string): Promise<Date | "unknown" | undefined>;
  /** @returns undefined when there is no such role */
  definition(roleDefinitionId: string): Promise<RoleDefinition | undefined>;
  /** What the caller may do at a scope, role by role. @returns undefined when Azure does not say */
  permissions(scope: string): Promise<EffectivePermissions[] | undefined>;
  /** Assigns a role, unless one like it is in force there: see `assignRole`. */
  assign(grant: RoleToAssign): Promise<AssignedRole>;
  /** Deletes the assignment if it is there. */
  remove(id: string): Promise<void>;
}

/** Roles over @azure/arm-authorization. */
export function createRoles(transport: Transport): Roles {
  const { retry, arm } = transport;
  const abort = retry.signal ? { abortSignal: retry.signal } : {};
  const clientFor = clientPerSubscription(
    (subscription) =>
      new AuthorizationManagementClient(transport.credential, subscription, {
        ...transport.clientOptions,
        $host: transport.clientOptions.endpoint,
      }),
  );
  const client = (scope: string) => clientFor(subscriptionOf(scope) ?? "");
  const list = async (scope: string, filter?: string) => {
    const query = filter === undefined ? "" : `&$filter=${encodeURIComponent(filter)}`;
    const path = `${scope}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01${query}`;
    return (await arm.list(`list the role assignments at ${scope}`, path)).map(fromWire);
  };
  const definitions = new Map<string, Promise<RoleDefinition | undefined>>();

  return {
    listForPrincipal: (subscription, principalId) =>
      list(`/subscriptions/${subscription}`, `principalId eq '${principalId}'`),
    listAll: (subscription) => list(`/subscriptions/${subscription}`),
    listAssignedTo: (subscription, principalId) =>
      list(`/subscriptions/${subscription}`, `assignedTo('${principalId}')`),
    async createdAt(id) {
      try {
        const { body } = await arm.get(`read role assignment ${id.split("/").at(-1)}`, `${id}?api-version=2022-04-01`);
        return asDate(at(body, "properties", "createdOn")) ?? "unknown";
      } catch (error) {
        if (hasStatus(error, 404)) return undefined;
        throw error;
      }
    },
    definition(roleDefinitionId) {
      const key = roleDefinitionId.toLowerCase();
      const known = definitions.get(key) ?? readDefinition(transport, roleDefinitionId);
      definitions.set(key, known);
      return known;
    },
    async permissions(scope) {
      try {
        const path = `${scope}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01`;
        return (await arm.list(`read what you may do at ${scope.split("/").at(-1)}`, path))
          .map(asObject)
          .map((entry) => ({
            actions: asArray(entry["actions"]).map(String),
            notActions: asArray(entry["notActions"]).map(String),
          }));
      } catch (error) {
        if (hasStatus(error, 403) || hasStatus(error, 404)) return undefined;
        throw error;
      }
    },
    assign: (grant) => assignRole(grant, client(grant.scope), (scope) => list(scope, "atScope()"), retry),
    async remove(id) {
      const [scope, name] = id.split("/providers/Microsoft.Authorization/roleAssignments/") as [string, string];
      await callSdk(`delete role assignment ${name}`, retry, () =>
        client(scope).roleAssignments.delete(scope.replace(/^\//, ""), name, abort),
      );
    },
  };
}

/** The GUID at the end of a role definition's id, in lower case: for built-in roles the same in every subscription. */
export function roleGuidOf(roleDefinitionId: string): string {
  return roleDefinitionId.split("/").at(-1)!.toLowerCase();
}

function fromWire(value: Json): RoleAssignment {
  const properties = asObject(at(value, "properties"));
  const roleDefinitionId = asString(properties["roleDefinitionId"]) ?? "";
  const dates = ["createdOn", "updatedOn"].flatMap((key) => asDate(properties[key])?.getTime() ?? []);
  return {
    id: normalizeId(asString(at(value, "id")) ?? ""),
    scope: normalizeId(asString(properties["scope"]) ?? "/"),
    roleGuid: roleGuidOf(roleDefinitionId),
    roleDefinitionId,
    principalId: (asString(properties["principalId"]) ?? "").toLowerCase(),
    principalType: asString(properties["principalType"]),
    since: dates.length > 0 ? new Date(Math.max(...dates)) : undefined,
    conditional: asString(properties["condition"]) !== undefined,
  };
}
