import type { ArmReply, ArmRequest } from "./arm.ts";
import { enveloped, resourceGroupNotFound } from "./arm-error.ts";
import { serveAuthorization } from "./authorization.ts";
import { serveContainerService } from "./container-service.ts";
import { groupIdOf, nameOf } from "./ids.ts";
import { identityNotFound, identityView, patchIdentity, putIdentity } from "./managed-identity.ts";
import { listUsages, USAGES_TYPE } from "./quotas.ts";
import { serveResource } from "./resources.ts";
import type { World } from "./world.ts";

const METHODS = ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"];

/**
 * Hands a request to the provider it is for; what no provider models is stored and returned as it is.
 * @throws ArmError 405 for a method that nothing here takes, and what the provider throws
 */
export function serveProvider(world: World, request: ArmRequest): ArmReply {
  if (!METHODS.includes(request.method))
    throw enveloped(405, "MethodNotAllowed", `The method '${request.method}' is not allowed.`);
  if (request.method === "PUT") ensureGroup(world, request);
  return modelled(world, request) ?? serveResource(world, request);
}

function modelled(world: World, request: ArmRequest): ArmReply | undefined {
  const { type, kind } = request.target;
  if (type.startsWith("microsoft.containerservice/")) return serveContainerService(world, request);
  if (type.startsWith("microsoft.authorization/")) return serveAuthorization(world, request);
  if (type === USAGES_TYPE && kind === "collection" && request.method === "GET") return listUsages(world, request);
  if (type === "microsoft.managedidentity/userassignedidentities" && kind === "item")
    return serveIdentity(world, request);
  return undefined;
}

function serveIdentity(world: World, request: ArmRequest): ArmReply | undefined {
  if (request.method === "PUT") return putIdentity(world, request);
  if (request.method === "PATCH") return patchIdentity(world, request);
  if (request.method === "DELETE") return undefined;
  const identity = world.store.get(request.target.path);
  if (!identity) throw identityNotFound(request);
  return { status: 200, body: identityView(identity) };
}

/** A PUT needs its resource group; in the model every group that an id names is there. */
function ensureGroup(world: World, request: ArmRequest): void {
  const group = groupIdOf(request.target.path);
  if (group && !world.store.hasGroup(group)) throw resourceGroupNotFound(nameOf(group));
}
