import { type ArmReply, type ArmRequest, targetName } from "./arm.ts";
import { enveloped } from "./arm-error.ts";
import { isSameId, nameOf, subscriptionOf } from "./ids.ts";
import { type JsonObject, objectAt, textAt } from "./json.ts";
import { DEFINITION_TYPE } from "./rights.ts";
import { BUILT_IN_ROLES, type BuiltInRole } from "./roles.ts";
import type { World } from "./world.ts";

/** All roles at a scope; `roleName eq` ignores case, as az needs it. */
export function listDefinitions(world: World, request: ArmRequest): ArmReply {
  const prefix = definitionPrefix(request.target.parentId);
  const filter = request.query.get("$filter") ?? "";
  const name = /roleName\s+eq\s+'([^']*)'/i.exec(filter)?.[1]?.toLowerCase();
  const type = /type\s+eq\s+'([^']*)'/i.exec(filter)?.[1]?.toLowerCase();
  const value = [...BUILT_IN_ROLES.map((role) => definitionOf(role, prefix)), ...customRoles(world, prefix)].filter(
    (role) =>
      (name === undefined || textAt(role, "properties", "roleName")?.toLowerCase() === name) &&
      (type === undefined || textAt(role, "properties", "type")?.toLowerCase() === type),
  );
  return { status: 200, body: { value } };
}

function customRoles(world: World, prefix: string): JsonObject[] {
  return world.store.ofType(DEFINITION_TYPE).map((definition) => {
    const { _emulator: _, ...view } = definition;
    const guid = nameOf(definition.id);
    return {
      ...view,
      id: `${prefix}/providers/Microsoft.Authorization/roleDefinitions/${guid}`,
      name: guid,
      properties: { type: "CustomRole", ...(objectAt(definition, "properties") ?? {}) },
    };
  });
}

/** One role by its GUID. @throws ArmError 404 `RoleDefinitionDoesNotExist` */
export function getDefinition(world: World, request: ArmRequest): ArmReply {
  const prefix = definitionPrefix(request.target.parentId);
  const guid = targetName(request.target).toLowerCase();
  const builtIn = BUILT_IN_ROLES.find((role) => role.guid === guid);
  const found = builtIn
    ? definitionOf(builtIn, prefix)
    : customRoles(world, prefix).find((role) => isSameId(String(role["name"]), guid));
  if (!found)
    throw enveloped(
      404,
      "RoleDefinitionDoesNotExist",
      `The specified role definition with ID '${guid.replaceAll("-", "")}' does not exist.`,
    );
  return { status: 200, body: found };
}

/** One spelling of a role's id in definitions and assignments: clients compare them as text. */
export function roleDefinitionId(scope: string, roleGuid: string): string {
  return `${definitionPrefix(scope)}/providers/Microsoft.Authorization/roleDefinitions/${roleGuid}`;
}

function definitionPrefix(scope: string): string {
  const subscription = subscriptionOf(scope);
  return subscription ? `/subscriptions/${subscription}` : "";
}

/** A built-in role as the role definitions API shows it at a scope of the given subscription. */
function definitionOf(builtIn: BuiltInRole, idPrefix: string): JsonObject {
  return {
    properties: {
      roleName: builtIn.name,
      type: "BuiltInRole",
      description: builtIn.name,
      assignableScopes: ["/"],
      permissions: [
        {
          actions: [...builtIn.actions],
          notActions: [...builtIn.notActions],
          dataActions: [...builtIn.dataActions],
          notDataActions: [...builtIn.notDataActions],
        },
      ],
      createdOn: "2015-02-02T21:55:09.8806423Z",
      updatedOn: "2023-10-03T13:06:51.5196260Z",
      createdBy: null,
      updatedBy: null,
    },
    id: `${idPrefix}/providers/Microsoft.Authorization/roleDefinitions/${builtIn.guid}`,
    type: "Microsoft.Authorization/roleDefinitions",
    name: builtIn.guid,
  };
}
