import { createHash } from "node:crypto";
import { AuthorizationManagementClient } from "@azure/arm-authorization";
import { SECOND_MS } from "../engine/clock.ts";
import { clientPerSubscription } from "./clients.ts";
import { hasAzureCode, hasStatus } from "./errors.ts";
import { isWithin, normalizeId, subscriptionOf } from "./ids.ts";
import { asArray, asObject, asString, at, type Json } from "./json.ts";
import { waitToSendAgain } from "./retry.ts";
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

/** Role assignments and definitions (Microsoft.Authorization). */
export interface Roles {
  /** What a principal holds itself, at, above and below a subscription. */
  listForPrincipal(subscription: string, principalId: string): Promise<RoleAssignment[]>;
  /** Every assignment at, above and below a subscription, whoever holds it. */
  listAll(subscription: string): Promise<RoleAssignment[]>;
  /** What a principal holds at, above and below a subscription, itself and through groups. */
  listAssignedTo(subscription: string, principalId: string): Promise<RoleAssignment[]>;
  /** @returns undefined when there is no such role */
  definition(roleDefinitionId: string): Promise<RoleDefinition | undefined>;
  /** What the caller may do at a scope, role by role. @returns undefined when Azure does not say */
  permissions(scope: string): Promise<EffectivePermissions[] | undefined>;
  /**
   * Assigns a role. Sending it twice makes one assignment, and one that is there under another name is taken over, once
   * Azure shows it. A principal that Microsoft Entra has not replicated yet (`PrincipalNotFound`) is waited for.
   * @returns `adopted` when it was there before the first attempt
   */
  assign(grant: {
    scope: string;
    role: string;
    roleGuid: string;
    principalId: string;
  }): Promise<{ id: string; adopted: boolean; correlationId: string | undefined }>;
  /** Deletes the assignment if it is there. */
  remove(id: string): Promise<void>;
}

/**
 * Microsoft Entra was seen to take 15 to 120 s to replicate a principal; the longest report is several minutes. An
 * assignment that someone else made a moment ago may be as late in a list.
 */
const REPLICATION_LIMIT_MS = 600 * SECOND_MS;
const REPLICATION_POLL_MS = 10 * SECOND_MS;

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
    async assign({ scope, role, roleGuid, principalId }) {
      const name = assignmentName(scope, roleGuid, principalId);
      const subscription = subscriptionOf(scope);
      const roleDefinitionId = `${subscription ? `/subscriptions/${subscription}` : ""}/providers/Microsoft.Authorization/roleDefinitions/${roleGuid}`;
      const what = `assign ${role} on ${scope.split("/").at(-1)}`;
      // The SDK puts a slash before the scope; with two, a URL names another host.
      const path = scope.replace(/^\//, "");
      let giveUpAt: number | undefined;
      let attempts = 0;
      for (;;) {
        let correlationId: string | undefined;
        let status = 0;
        try {
          const made = await callSdk(what, retry, () => {
            attempts += 1;
            return client(scope).roleAssignments.create(
              path,
              name,
              { roleDefinitionId, principalId, principalType: "ServicePrincipal" },
              {
                ...abort,
                onResponse: (response) => {
                  status = response.status;
                  correlationId = response.headers.get("x-ms-correlation-request-id") ?? undefined;
                },
              },
            );
          });
          return { id: normalizeId(asString(made.id) ?? ""), adopted: status === 200 && attempts === 1, correlationId };
        } catch (error) {
          const isThere = hasAzureCode(error, "RoleAssignmentExists");
          const existing = (isThere ? await list(scope, "atScope()") : []).find(
            (held) =>
              held.roleGuid === roleGuid.toLowerCase() &&
              held.principalId === principalId &&
              isWithin(scope, held.scope),
          );
          if (existing) return { id: existing.id, adopted: true, correlationId };
          if (!isThere && !hasAzureCode(error, "PrincipalNotFound")) throw error;
          const now = retry.clock.now().getTime();
          // From the first refusal on: what other failures have cost before says nothing of replication.
          giveUpAt ??= now + REPLICATION_LIMIT_MS;
          if (now >= giveUpAt) throw error;
          const reason = isThere ? "RoleAssignmentExists, and it does not show yet" : "PrincipalNotFound";
          await waitToSendAgain(what, retry, reason, REPLICATION_POLL_MS);
        }
      }
    },
    async remove(id) {
      const [scope, name] = id.split("/providers/Microsoft.Authorization/roleAssignments/") as [string, string];
      await callSdk(`delete role assignment ${name}`, retry, () =>
        client(scope).roleAssignments.delete(scope.replace(/^\//, ""), name, abort),
      );
    },
  };
}

async function readDefinition({ arm }: Transport, roleDefinitionId: string): Promise<RoleDefinition | undefined> {
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

/**
 * The name of an assignment: a GUID made from scope, role and principal, so that a second attempt is the same request.
 * The principal is in it because a re-created identity has a new one (`RoleAssignmentUpdateNotPermitted`).
 */
export function assignmentName(scope: string, roleGuid: string, principalId: string): string {
  const hash = createHash("sha256")
    .update([normalizeId(scope), roleGuid, principalId].join("|").toLowerCase())
    .digest();
  hash[6] = (hash[6]! & 0x0f) | 0x80;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const hex = hash.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-");
}

/** The GUID at the end of a role definition's id, in lower case: for built-in roles the same in every subscription. */
export function roleGuidOf(roleDefinitionId: string): string {
  return roleDefinitionId.split("/").at(-1)!.toLowerCase();
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

function fromWire(value: Json): RoleAssignment {
  const properties = asObject(at(value, "properties"));
  const roleDefinitionId = asString(properties["roleDefinitionId"]) ?? "";
  const dates = ["createdOn", "updatedOn"]
    .map((key) => Date.parse(asString(properties[key]) ?? ""))
    .filter((time) => !Number.isNaN(time));
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
