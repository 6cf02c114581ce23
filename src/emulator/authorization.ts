import { callerPermissions } from "./access.ts";
import type { ArmReply, ArmRequest } from "./arm.ts";
import { ASSIGNMENT_TYPE, DEFINITION_TYPE } from "./rights.ts";
import { listAssignments, serveAssignment } from "./role-assignments.ts";
import { getDefinition, listDefinitions } from "./role-definitions.ts";
import type { World } from "./world.ts";

/** Serves role assignments, role definitions and permissions at any scope; undefined for what else there is. */
export function serveAuthorization(world: World, request: ArmRequest): ArmReply | undefined {
  const isItem = request.target.kind === "item";
  switch (request.target.type) {
    case ASSIGNMENT_TYPE:
      return isItem ? serveAssignment(world, request) : listAssignments(world, request);
    case DEFINITION_TYPE:
      if (request.method !== "GET") return undefined;
      return isItem ? getDefinition(world, request) : listDefinitions(world, request);
    case "microsoft.authorization/permissions":
      return { status: 200, body: { value: callerPermissions(world, request.caller, request.target.parentId) } };
    default:
      return undefined;
  }
}
