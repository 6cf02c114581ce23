import { callerMay } from "./access.ts";
import { type ArmReply, type ArmRequest, pageOf, targetName } from "./arm.ts";
import { enveloped } from "./arm-error.ts";
import { isAtOrBelow, isSameId, keyOf, nameOf, subscriptionOf } from "./ids.ts";
import { type JsonObject, objectAt, type Resource, textAt } from "./json.ts";
import { ASSIGNMENT_TYPE, scopeOfAssignment } from "./rights.ts";
import { roleDefinitionId } from "./role-definitions.ts";
import { isoOf } from "./timeline.ts";
import type { World } from "./world.ts";

/** How old an assignment looks that was put in without a creation time: it has long been in force. */
const LONG_AGO_MS = 365 * 24 * 3_600_000;

/**
 * Serves one role assignment: read, put, deleted.
 * @throws ArmError 404 `RoleAssignmentNotFound`, 409 `RoleAssignmentExists`, 400 for what it may not be
 */
export function serveAssignment(world: World, request: ArmRequest): ArmReply {
  const { method, target } = request;
  if (method === "PUT") return putAssignment(world, request);
  const known = findAssignment(world, request);
  if (method === "DELETE") {
    if (!known) return { status: 204 };
    world.store.delete(known.id);
    return { status: 200, body: assignmentView(world, known) };
  }
  if (!known)
    throw enveloped(404, "RoleAssignmentNotFound", `The role assignment '${targetName(target)}' is not found.`);
  return { status: 200, body: assignmentView(world, known) };
}

function findAssignment(world: World, request: ArmRequest): Resource | undefined {
  return world.store.get(request.target.path);
}

function putAssignment(world: World, request: ArmRequest): ArmReply {
  const properties = objectAt(request.body, "properties") ?? {};
  const principalId = textAt(properties, "principalId")?.toLowerCase();
  const roleId = textAt(properties, "roleDefinitionId");
  if (!principalId || !roleId)
    throw enveloped(
      400,
      "InvalidRequestContent",
      "The request content was invalid: principalId and roleDefinitionId are required.",
    );
  const scope = request.target.parentId;
  const roleGuid = nameOf(roleId).toLowerCase();
  if (world.rights.permissionsOf(roleGuid).length === 0)
    throw enveloped(
      404,
      "RoleDefinitionDoesNotExist",
      `The specified role definition with ID '${roleGuid.replaceAll("-", "")}' does not exist.`,
    );
  const known = findAssignment(world, request);
  if (known) return repeatAssignment(world, known, principalId, roleGuid, properties);
  ensureNew(world, scope, principalId, roleGuid);
  ensureRoom(world, scope);
  ensurePrincipal(world, principalId, textAt(properties, "principalType"));
  const now = isoOf(world.nowMs);
  const assignment: Resource = {
    properties: {
      roleDefinitionId: roleDefinitionId(scope, roleGuid),
      principalId,
      principalType:
        textAt(properties, "principalType") ?? world.principals.get(principalId)?.kind ?? "ServicePrincipal",
      scope,
      condition: properties["condition"] ?? null,
      conditionVersion: properties["conditionVersion"] ?? null,
      createdOn: now,
      updatedOn: now,
      createdBy: null,
      updatedBy: request.caller.objectId,
      delegatedManagedIdentityResourceId: properties["delegatedManagedIdentityResourceId"] ?? null,
      description: properties["description"] ?? null,
    },
    id: request.target.path,
    type: "Microsoft.Authorization/roleAssignments",
    name: targetName(request.target),
  };
  world.store.put(assignment);
  return { status: 201, body: assignmentView(world, assignment) };
}

/** The same name again: 200 when it says the same, else what cannot be changed is refused (documentation). */
function repeatAssignment(
  world: World,
  known: Resource,
  principalId: string,
  roleGuid: string,
  properties: JsonObject,
): ArmReply {
  const isSame =
    isSameId(textAt(known, "properties", "principalId"), principalId) &&
    nameOf(textAt(known, "properties", "roleDefinitionId") ?? "").toLowerCase() === roleGuid;
  if (!isSame)
    throw enveloped(
      400,
      "RoleAssignmentUpdateNotPermitted",
      "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
    );
  const description = textAt(properties, "description");
  if (description !== undefined) {
    const changed = objectAt(known, "properties")!;
    changed["description"] = description;
    changed["updatedOn"] = isoOf(world.nowMs);
  }
  return { status: 200, body: assignmentView(world, known) };
}

function ensureNew(world: World, scope: string, principalId: string, roleGuid: string): void {
  const exists = world.store
    .ofPrincipal(principalId)
    .some(
      (other) =>
        isSameId(scopeOfAssignment(other), scope) &&
        nameOf(textAt(other, "properties", "roleDefinitionId") ?? "").toLowerCase() === roleGuid,
    );
  // The text is compared by az, full stop included.
  if (exists) throw enveloped(409, "RoleAssignmentExists", "The role assignment already exists.");
}

/**
 * A subscription takes only so many assignments, those of its resource groups and resources included (Azure documentation).
 * @throws ArmError 400 `RoleAssignmentLimitExceeded`: code and text from memory
 */
function ensureRoom(world: World, scope: string): void {
  const subscription = subscriptionOf(scope);
  if (subscription === undefined) return;
  const own = world.store
    .ofType(ASSIGNMENT_TYPE)
    .filter((assignment) => isSameId(subscriptionOf(scopeOfAssignment(assignment)), subscription));
  if (own.length < world.behaviour.roleAssignmentLimit) return;
  throw enveloped(400, "RoleAssignmentLimitExceeded", "No more role assignments can be created.");
}

/** Without a principalType the directory is asked, and a principal that it has not replicated yet is unknown (recorded 2022). */
function ensurePrincipal(world: World, principalId: string, principalType: string | undefined): void {
  if (principalType !== undefined) return;
  const principal = world.principals.get(principalId);
  if (principal && principal.knownFromMs <= world.nowMs) return;
  throw enveloped(
    400,
    "PrincipalNotFound",
    `Principal ${principalId.replaceAll("-", "")} does not exist in the directory ${world.principals.tenantId}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype`,
  );
}

function assignmentView(world: World, assignment: Resource): JsonObject {
  const { _emulator: _, ...view } = assignment;
  const properties = objectAt(assignment, "properties") ?? {};
  const scope = scopeOfAssignment(assignment);
  const longAgo = isoOf(world.startMs - LONG_AGO_MS);
  return {
    ...view,
    name: nameOf(assignment.id),
    type: "Microsoft.Authorization/roleAssignments",
    properties: {
      ...properties,
      roleDefinitionId: roleDefinitionId(scope, nameOf(textAt(properties, "roleDefinitionId") ?? "").toLowerCase()),
      principalType:
        properties["principalType"] ??
        world.principals.get(String(properties["principalId"]))?.kind ??
        "ServicePrincipal",
      scope,
      createdOn: properties["createdOn"] ?? longAgo,
      updatedOn: properties["updatedOn"] ?? properties["createdOn"] ?? longAgo,
    },
  };
}

/**
 * Lists at a scope: `atScope()` is there and above, no filter is there, above and below; `principalId eq` and
 * `assignedTo()` narrow it to a principal, the latter with its groups.
 */
export function listAssignments(world: World, request: ArmRequest): ArmReply {
  const scope = request.target.parentId;
  const filter = request.query.get("$filter") ?? "";
  const direct = /principalId\s+eq\s+'([^']*)'/i.exec(filter)?.[1]?.toLowerCase();
  const assigned = /assignedTo\('([^']*)'\)/i.exec(filter)?.[1]?.toLowerCase();
  const isUpwards = /atScope\(\)/i.test(filter);
  const holder = direct ?? assigned;
  const holders = holder === undefined ? undefined : [holder, ...(assigned ? world.principals.groupsOf(assigned) : [])];
  const candidates = holders
    ? holders.flatMap((principal) => world.store.ofPrincipal(principal))
    : world.store.ofType(ASSIGNMENT_TYPE);
  const found = candidates.filter((assignment) => {
    const at = scopeOfAssignment(assignment);
    if (!isAtOrBelow(scope, at) && (isUpwards || !keyOf(at).startsWith(`${keyOf(scope)}/`))) return false;
    return callerMay(
      world,
      request.caller,
      "Microsoft.Authorization/roleAssignments/read",
      isAtOrBelow(scope, at) ? scope : at,
    );
  });
  const page = pageOf(
    found.map((assignment) => assignmentView(world, assignment)),
    request,
    world.behaviour.pageSize,
  );
  return page;
}
