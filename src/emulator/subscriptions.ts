import { callerMay, ensureCallerMay, ensureUnlocked, holdsAnythingAround } from "./access.ts";
import { removeCluster } from "./adopt-cluster.ts";
import { type ArmReply, type ArmRequest, pageOf } from "./arm.ts";
import { enveloped, resourceGroupNotFound } from "./arm-error.ts";
import { groupIdOf, isSameId, keyOf, nameOf, subscriptionOf } from "./ids.ts";
import { isObject, type JsonObject, objectAt, type Resource, textAt } from "./json.ts";
import { ensureMethod } from "./methods.ts";
import type { World } from "./world.ts";

const GROUP_TYPE = "Microsoft.Resources/resourceGroups";

type PlainRequest = Omit<ArmRequest, "target">;

/**
 * Serves what lies above resource providers: tenants, subscriptions, resource groups, and lists of all resources.
 * @throws ArmError 404 for an unknown path or subscription, 405 for writes to anything but a resource group
 */
export function serveSubscriptions(world: World, request: PlainRequest, path: string): ArmReply {
  const [, first = "", subscription = "", second = "", group, ...rest] = path.split("/");
  const isGroup = /^subscriptions$/i.test(first) && /^resourcegroups$/i.test(second);
  if (isGroup && group && rest.length === 0)
    return serveGroup(world, request, `/subscriptions/${subscription}/resourceGroups/${group}`);
  ensureMethod(["GET"], request.method, path);
  if (/^tenants$/i.test(first)) return { status: 200, body: { value: [tenant(world)] } };
  if (!/^subscriptions$/i.test(first)) throw unknownPath(path);
  if (subscription === "") return listSubscriptions(world, request);
  ensureSubscription(world, subscription);
  const at = `/subscriptions/${subscription}`;
  switch ([second, ...(isGroup ? rest : [])].join("/").toLowerCase()) {
    case "":
      return { status: 200, body: subscriptionView(world, subscription) };
    case "resourcegroups":
      return listGroups(world, request, at);
    case "resourcegroups/resources":
      return listAll(world, request, `${at}/resourceGroups/${group}`);
    case "resources":
      return listAll(world, request, at);
    case "locations":
      return {
        status: 200,
        body: { value: LOCATIONS.map((name) => ({ id: `${at}/locations/${name}`, name, displayName: name })) },
      };
    case "providers":
      return {
        status: 200,
        body: group ? provider(at, group) : { value: PROVIDERS.map((name) => provider(at, name)) },
      };
    default:
      throw unknownPath(path);
  }
}

const LOCATIONS = ["westeurope", "northeurope", "eastus", "westus2", "uksouth", "swedencentral"];
const PROVIDERS = [
  "Microsoft.Authorization",
  "Microsoft.Compute",
  "Microsoft.ContainerRegistry",
  "Microsoft.ContainerService",
  "Microsoft.ManagedIdentity",
  "Microsoft.Network",
];

function unknownPath(path: string): Error {
  return enveloped(404, "InvalidResourceType", `The resource type could not be found for the path '${path}'.`);
}

function ensureSubscription(world: World, subscription: string): void {
  if (world.store.hasSubscription(subscription)) return;
  throw enveloped(404, "SubscriptionNotFound", `The subscription '${subscription}' could not be found.`);
}

function tenant(world: World): JsonObject {
  const tenantId = world.principals.tenantId;
  return {
    id: `/tenants/${tenantId}`,
    tenantId,
    displayName: "Contoso",
    defaultDomain: "contoso.com",
    countryCode: "NL",
  };
}

function provider(at: string, namespace: string): JsonObject {
  return { id: `${at}/providers/${namespace}`, namespace, registrationState: "Registered", resourceTypes: [] };
}

function listSubscriptions(world: World, request: PlainRequest): ArmReply {
  const visible = world.store
    .subscriptions()
    .filter((id) => holdsAnythingAround(world, request.caller, `/subscriptions/${id}`));
  return pageOf(
    visible.map((id) => subscriptionView(world, id)),
    request,
    1000,
  );
}

/** A subscription: whatever an id names is there and enabled, all in one tenant. */
function subscriptionView(world: World, subscription: string): JsonObject {
  const given = world.store.get(`/subscriptions/${subscription}`);
  return {
    id: `/subscriptions/${subscription}`,
    subscriptionId: subscription,
    displayName:
      textAt(given, "displayName") ??
      textAt(given, "properties", "displayName") ??
      `Subscription ${subscription.slice(0, 8)}`,
    state: "Enabled",
    tenantId: world.principals.tenantId,
    authorizationSource: "RoleBased",
    subscriptionPolicies: {
      locationPlacementId: "Public_2014-09-01",
      quotaId: "EnterpriseAgreement_2014-09-01",
      spendingLimit: "Off",
    },
    managedByTenants: [],
  };
}

function listGroups(world: World, request: PlainRequest, at: string): ArmReply {
  const found = world.store.groups().filter((id) => keyOf(id).startsWith(`${keyOf(at)}/`));
  const readable = found.filter((id) =>
    callerMay(world, request.caller, "Microsoft.Resources/subscriptions/resourceGroups/read", id),
  );
  return pageOf(
    readable.map((id) => groupView(world, id)),
    request,
    world.behaviour.pageSize,
  );
}

const GROUP_VERBS: Readonly<Record<string, string>> = {
  GET: "read",
  HEAD: "read",
  PUT: "write",
  PATCH: "write",
  DELETE: "delete",
};

/** One resource group: made, changed, deleted with all that is in it; HEAD asks whether it is there (API description). */
function serveGroup(world: World, request: PlainRequest, id: string): ArmReply {
  const { method } = request;
  ensureMethod(Object.keys(GROUP_VERBS), method, id);
  if (method !== "PUT") ensureSubscription(world, subscriptionOf(id)!);
  const verb = GROUP_VERBS[method];
  ensureCallerMay(world, request.caller, `Microsoft.Resources/subscriptions/resourceGroups/${verb}`, id);
  const isThere = world.store.hasGroup(id);
  if (!isThere && method !== "PUT") throw resourceGroupNotFound(nameOf(id));
  if (method === "HEAD") return { status: 204 };
  if (method === "GET") return { status: 200, body: groupView(world, id) };
  ensureUnlocked(world, method, id);
  if (method !== "DELETE") return putGroup(world, request, id, isThere);
  for (const cluster of world.clusters.values()) if (isSameId(groupIdOf(cluster.id), id)) removeCluster(world, cluster);
  for (const resource of world.store.inGroup(id)) world.store.delete(resource.id);
  world.store.forgetGroup(id);
  return { status: 200 };
}

function putGroup(world: World, request: PlainRequest, id: string, isThere: boolean): ArmReply {
  const present: JsonObject = world.store.get(id) ?? {};
  const body = request.body ?? {};
  const tags = isObject(body["tags"]) ? { tags: body["tags"] } : {};
  const group: Resource = { ...present, ...body, ...tags, id, name: nameOf(id), type: GROUP_TYPE };
  world.store.put(group);
  world.store.noteGroup(id);
  return { status: isThere ? 200 : 201, body: groupView(world, id) };
}

/** A resource group: as it was put in, or with the location of what lies in it. */
function groupView(world: World, id: string): JsonObject {
  const given = world.store.get(id);
  const { _emulator: _, ...shown }: JsonObject = given ?? {};
  const location =
    textAt(given, "location") ??
    world.store
      .inGroup(id)
      .map((item) => textAt(item, "location"))
      .find(Boolean) ??
    "westeurope";
  return {
    ...shown,
    id: `/subscriptions/${subscriptionOf(id)}/resourceGroups/${nameOf(id)}`,
    name: nameOf(id),
    type: GROUP_TYPE,
    location,
    properties: { provisioningState: "Succeeded", ...(objectAt(given, "properties") ?? {}) },
  };
}

/** All resources of a subscription or group; `$filter` knows resourceType and resourceGroup, without regard to case. */
function listAll(world: World, request: PlainRequest, at: string): ArmReply {
  const filter = request.query.get("$filter") ?? "";
  const type = /resourceType\s+eq\s+'([^']*)'/i.exec(filter)?.[1]?.toLowerCase();
  const group = /resourceGroup\s+eq\s+'([^']*)'/i.exec(filter)?.[1]?.toLowerCase();
  const name = /\bname\s+eq\s+'([^']*)'/i.exec(filter)?.[1]?.toLowerCase();
  const candidates = type === undefined ? world.store.all() : world.store.ofType(type);
  const found = candidates.filter(
    (item) =>
      keyOf(item.id).startsWith(`${keyOf(at)}/`) &&
      isTopLevel(item) &&
      (group === undefined || nameOf(groupIdOf(item.id) ?? "").toLowerCase() === group) &&
      (name === undefined || nameOf(item.id).toLowerCase() === name) &&
      callerMay(world, request.caller, `${item.type}/read`, item.id),
  );
  return pageOf(
    found.map((item) => summary(world, item, request.query.get("$expand") ?? "")),
    request,
    1000,
  );
}

/** Lists of all resources leave out children and what is attached to others. */
function isTopLevel(resource: Resource): boolean {
  const type = resource.type.toLowerCase();
  return (
    type.split("/").length === 2 && !type.startsWith("microsoft.authorization/") && type !== GROUP_TYPE.toLowerCase()
  );
}

const SUMMARY = ["kind", "managedBy", "sku", "identity", "zones", "location", "systemData"];

/** A resource in a list of all: without properties; times and state only when `$expand` asks for them (recorded 2021). */
function summary(world: World, resource: Resource, expand: string): JsonObject {
  const picked = Object.fromEntries(SUMMARY.filter((key) => key in resource).map((key) => [key, resource[key]]));
  const started = new Date(world.startMs).toISOString();
  const expanded: JsonObject = {
    createdTime: started,
    changedTime: started,
    provisioningState: textAt(resource, "properties", "provisioningState") ?? "Succeeded",
  };
  return {
    id: resource.id,
    name: nameOf(resource.id),
    type: resource.type,
    ...picked,
    tags: resource["tags"] ?? {},
    ...Object.fromEntries(Object.entries(expanded).filter(([key]) => expand.includes(key))),
  };
}
