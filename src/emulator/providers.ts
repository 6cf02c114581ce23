import type { ArmReply, ArmRequest } from "./arm.ts";
import { resourceGroupNotFound } from "./arm-error.ts";
import { serveAuthorization } from "./authorization.ts";
import { serveContainerService } from "./container-service.ts";
import { groupIdOf, nameOf } from "./ids.ts";
import { identityNotFound, identityView, patchIdentity, putIdentity } from "./managed-identity.ts";
import { ensureMethod, methodsOf } from "./methods.ts";
import { listUsages, USAGES_TYPE } from "./quotas.ts";
import { serveResource } from "./resources.ts";
import type { World } from "./world.ts";

/**
 * Hands a request to the provider it is for; what no provider models is stored and returned as it is.
 * @throws ArmError 405 for a method that the type does not take, 404 without its resource group, and what the provider throws
 */
export function serveProvider(world: World, request: ArmRequest): ArmReply {
  const { target, method } = request;
  ensureMethod(methodsOf(target.type, target.kind), method, target.path);
  ensureGroup(world, request);
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

/**
 * Where the resource group is not there, ARM says so before the provider is asked; in the model every group that an id names
 * is there. What is to be deleted is gone with it (204, ARM's contract for providers), and what is attached to scopes is the
 * provider's own.
 */
function ensureGroup(world: World, { target, method }: ArmRequest): void {
  const isAttached = target.type.startsWith("microsoft.authorization/");
  if (method === "DELETE" || (isAttached && method !== "PUT")) return;
  const group = groupIdOf(target.path);
  if (group && !world.store.hasGroup(group)) throw resourceGroupNotFound(nameOf(group));
}
