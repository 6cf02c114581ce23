import type { ArmRequest, Caller } from "./arm.ts";
import { enveloped } from "./arm-error.ts";
import type { PolicySettings } from "./behaviour.ts";
import { isAtOrBelow, isSameId, keyOf, nameOf } from "./ids.ts";
import { type JsonObject, objectAt, type Resource, textAt } from "./json.ts";
import { grants, type RolePermissions } from "./permissions.ts";
import { BUILT_IN_ROLES } from "./roles.ts";
import type { World } from "./world.ts";

const LOCK_TYPE = "microsoft.authorization/locks";
const ASSIGN = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action";

/** Who calls: the principal in the token if it was put in, else the caller of the behaviour settings. */
export function callerOf(world: World, authorization: string | undefined): Caller {
  const oid = objectIdIn(authorization);
  const principal = oid === undefined ? undefined : world.principals.get(oid);
  if (principal) return { objectId: principal.id, name: principal.appId ?? principal.displayName, isConfigured: false };
  const { objectId, name } = world.behaviour.caller;
  return { objectId, name, isConfigured: true };
}

function objectIdIn(authorization: string | undefined): string | undefined {
  const payload = authorization?.split(" ")[1]?.split(".")[1];
  if (!payload) return undefined;
  try {
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as { oid?: unknown };
    return typeof claims.oid === "string" ? claims.oid : undefined;
  } catch {
    return undefined;
  }
}

/** True when the caller may do this at the scope. */
export function callerMay(world: World, caller: Caller, action: string, scope: string): boolean {
  if (world.rights.allows(caller.objectId, action, scope, world.nowMs)) return true;
  return configured(world, caller, scope).some((permissions) => grants(permissions, action, false));
}

/** The roles from the behaviour settings that hold at a scope. */
function configured(world: World, caller: Caller, scope: string): RolePermissions[] {
  if (!caller.isConfigured) return [];
  return world.behaviour.caller.roles
    .filter((given) => isAtOrBelow(scope, given.scope))
    .flatMap((given) => {
      const name = given.role.toLowerCase();
      const builtIn = BUILT_IN_ROLES.find((role) => role.guid === name || role.name.toLowerCase() === name);
      return builtIn ? [builtIn] : world.rights.permissionsOf(nameOf(name));
    });
}

/** True when the caller holds any role at, above or below a scope: what lies there is then listed as far as it may be read. */
export function holdsAnythingAround(world: World, caller: Caller, scope: string): boolean {
  const configuredScopes = caller.isConfigured ? world.behaviour.caller.roles.map((given) => given.scope) : [];
  return [...configuredScopes, ...world.rights.scopesOf(caller.objectId)].some(
    (held) => isAtOrBelow(scope, held) || isAtOrBelow(held, scope),
  );
}

/** What the permissions API tells the caller about itself at a scope. */
export function callerPermissions(world: World, caller: Caller, scope: string): JsonObject[] {
  const held = [
    ...configured(world, caller, scope),
    ...world.rights.permissionsAt(caller.objectId, scope, world.nowMs),
  ];
  return held.map(({ actions, notActions, dataActions, notDataActions }) => ({
    actions: [...actions],
    notActions: [...notActions],
    dataActions: [...dataActions],
    notDataActions: [...notDataActions],
  }));
}

/** Refuses what the caller may not do, in ARM's words (recorded 2024). @throws ArmError 403 `AuthorizationFailed` */
export function ensureCallerMay(world: World, caller: Caller, action: string, scope: string): void {
  if (callerMay(world, caller, action, scope)) return;
  throw enveloped(
    403,
    "AuthorizationFailed",
    `The client '${caller.name}' with object id '${caller.objectId}' does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  );
}

/** Checks everything that stands before a request reaches its provider: rights, locks, policies. */
export function ensureAccess(world: World, request: ArmRequest): void {
  const { target, method } = request;
  if (isOperationResource(target.type)) return;
  // Lists over a whole subscription leave out what the caller may not read, they are not refused.
  if (method === "GET" && isSubscriptionList(request) && holdsAnythingAround(world, request.caller, target.parentId))
    return;
  ensureCallerMay(world, request.caller, actionOf(request), target.kind === "item" ? target.path : target.parentId);
  if (method === "GET" || method === "HEAD") return;
  if (method === "PUT") ensureMayAssign(world, request);
  if (target.type !== LOCK_TYPE) ensureUnlocked(world, method, target.kind === "item" ? target.path : target.parentId);
  if (method === "PUT" || method === "PATCH") ensurePolicyAllows(world, request);
}

/** The action that a request needs: `…/read`, `…/write`, `…/delete`, or the POSTed verb itself. */
function actionOf(request: ArmRequest): string {
  const { typeAsWritten } = request.target;
  if (request.method === "GET" || request.method === "HEAD") return `${typeAsWritten}/read`;
  if (request.method === "DELETE") return `${typeAsWritten}/delete`;
  return request.method === "POST" ? `${typeAsWritten}/action` : `${typeAsWritten}/write`;
}

function isSubscriptionList({ target }: ArmRequest): boolean {
  return target.kind === "collection" && /^\/subscriptions\/[^/]+$/i.test(target.parentId);
}

/** Operations are read with their signed address, and the permissions API is everyone's own. */
function isOperationResource(type: string): boolean {
  return /\/locations\/operation(s|results)$/.test(type) || type === "microsoft.authorization/permissions";
}

/** Whoever puts a cluster with an identity needs to be allowed to assign that identity, at every PUT (AKS team, 2026). */
function ensureMayAssign(world: World, request: ArmRequest): void {
  if (request.target.type !== "microsoft.containerservice/managedclusters") return;
  const kubelet = textAt(request.body, "properties", "identityProfile", "kubeletidentity", "resourceId");
  const assigned = Object.keys(objectAt(request.body, "identity", "userAssignedIdentities") ?? {});
  const known = textAt(
    world.store.get(request.target.path),
    "properties",
    "identityProfile",
    "kubeletidentity",
    "resourceId",
  );
  const linked = kubelet && !isSameId(kubelet, known) ? [...assigned, kubelet] : assigned;
  const missing = linked.find((id) => !callerMay(world, request.caller, ASSIGN, id));
  if (!missing) return;
  const { caller, target } = request;
  throw enveloped(
    403,
    "LinkedAuthorizationFailed",
    `The client '${caller.name}' with object id '${caller.objectId}' has permission to perform action 'Microsoft.ContainerService/managedClusters/write' on scope '${target.path}'; however, it does not have permission to perform action '${ASSIGN}' on the linked scope(s) '${missing}' or the linked scope(s) are invalid.`,
  );
}

/**
 * A lock holds for what lies at or below its scope, and keeps a resource group, or a parent, from being deleted from under it
 * (documentation of locks). @throws ArmError 409 `ScopeLocked`
 */
export function ensureUnlocked(world: World, method: string, path: string): void {
  const verb = method === "DELETE" ? "delete" : "write";
  const holding = locksOf(world).find(({ scope, level }) =>
    verb === "delete"
      ? isAtOrBelow(path, scope) || isAtOrBelow(scope, path)
      : level === "ReadOnly" && isAtOrBelow(path, scope),
  );
  if (!holding) return;
  throw enveloped(
    409,
    "ScopeLocked",
    `The scope '${path}' cannot perform ${verb} operation because following scope(s) are locked: '${holding.scope}'. Please remove the lock and try again.`,
  );
}

/** Every lock: those put in as resources, and those of the behaviour settings. */
export function locksOf(world: World): { id: string; name: string; scope: string; level: string }[] {
  const stored = world.store.ofType(LOCK_TYPE).map((lock) => ({
    id: lock.id,
    name: nameOf(lock.id),
    scope: lock.id.slice(0, lock.id.toLowerCase().lastIndexOf("/providers/microsoft.authorization/locks/")),
    level: textAt(lock, "properties", "level") ?? "CanNotDelete",
  }));
  const configuredLocks = world.behaviour.locks.map((lock) => ({
    ...lock,
    id: `${lock.scope}/providers/Microsoft.Authorization/locks/${lock.name}`,
  }));
  return [...stored, ...configuredLocks];
}

/** The policy assignments that the behaviour settings stand for, as their list shows them. */
export function configuredPolicies(world: World): Resource[] {
  return world.behaviour.policies.map((policy) => assignmentOf(world, policy));
}

/** An assignment cannot stand at `/`: what holds everywhere is assigned to the root management group, named like the tenant. */
function assignmentOf(world: World, { name, scope }: PolicySettings): Resource {
  const root = `/providers/Microsoft.Management/managementGroups/${world.principals.tenantId}`;
  const at = scope === "/" ? root : scope;
  return {
    id: `${at}/providers/Microsoft.Authorization/policyAssignments/${name}`,
    name,
    type: "Microsoft.Authorization/policyAssignments",
    properties: {
      displayName: name,
      scope: at,
      policyDefinitionId: `${root}/providers/Microsoft.Authorization/policyDefinitions/${name}`,
      enforcementMode: "Default",
      notScopes: [],
      parameters: {},
    },
  };
}

function ensurePolicyAllows(world: World, request: ArmRequest): void {
  const { target } = request;
  const denying = world.behaviour.policies.find(
    (policy) => (policy.type === "*" || keyOf(policy.type) === target.type) && isAtOrBelow(target.path, policy.scope),
  );
  if (!denying) return;
  const assignment = assignmentOf(world, denying).id;
  const identifiers = JSON.stringify([{ policyAssignment: { name: denying.name, id: assignment } }]);
  const name = nameOf(target.path);
  throw enveloped(
    403,
    "RequestDisallowedByPolicy",
    `Resource '${name}' was disallowed by policy. Policy identifiers: '${identifiers}'.`,
    {
      target: name,
      additionalInfo: [
        {
          type: "PolicyViolation",
          info: { policyAssignmentName: denying.name, policyAssignmentId: assignment, policyDefinitionEffect: "deny" },
        },
      ],
    },
  );
}
