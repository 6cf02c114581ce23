import { callerMay, holdsAnythingAround } from "./access.ts";
import { type ArmReply, type ArmRequest, pageOf } from "./arm.ts";
import { enveloped } from "./arm-error.ts";
import { groupIdOf, keyOf, nameOf } from "./ids.ts";
import { type JsonObject, type Resource, textAt } from "./json.ts";
import { ensureMethod } from "./methods.ts";
import { getDeletion, listGroups, serveGroup } from "./resource-groups.ts";
import type { World } from "./world.ts";

type PlainRequest = Omit<ArmRequest, "target">;

/**
 * Serves what lies above resource providers: tenants, subscriptions, resource groups, and lists of all resources.
 * @throws ArmError 404 for an unknown path or subscription, 405 for writes to anything but a resource group
 */
export function serveSubscriptions(world: World, request: PlainRequest, path: string): ArmReply {
  const [, first = "", subscription = "", second = "", group, ...rest] = path.split("/");
  const isGroup = /^subscriptions$/i.test(first) && /^resourcegroups$/i.test(second);
  if (isGroup && group && rest.length === 0) {
    if (request.method !== "PUT") ensureSubscription(world, subscription);
    return serveGroup(world, request, `/subscriptions/${subscription}/resourceGroups/${group}`);
  }
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
    case "operationresults":
      return getDeletion(world, request, group ?? "");
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
    type.split("/").length === 2 &&
    !type.startsWith("microsoft.authorization/") &&
    type !== "microsoft.resources/resourcegroups"
  );
}

const SUMMARY = ["kind", "managedBy", "sku", "identity", "zones", "location", "systemData"];

/** A resource in a list of all: without properties; times and state only when `$expand` asks for them (recorded 2021). */
function summary(world: World, resource: Resource, expand: string): JsonObject {
  const picked = Object.fromEntries(SUMMARY.filter((key) => key in resource).map((key) => [key, resource[key]]));
  const started = new Date(world.startMs).toISOString();
  const expanded: JsonObject = {
    createdTime: textAt(resource, "_emulator", "createdAt") ?? started,
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
