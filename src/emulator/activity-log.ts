import { DAY_MS } from "../engine/clock.ts";
import type { Activity, Write } from "./activities.ts";
import { type ArmReply, type ArmRequest, pageOf } from "./arm.ts";
import { enveloped } from "./arm-error.ts";
import { durationMs } from "./behaviour.ts";
import { keyOf, resourceGroupOf, subscriptionOf } from "./ids.ts";
import { type JsonObject, objectAt, textsAt } from "./json.ts";
import { isoOf } from "./timeline.ts";
import type { World } from "./world.ts";

/** How long Azure keeps the activity log (Azure Monitor documentation). */
const RETENTION_MS = 90 * DAY_MS;

/** Notes a request and how it was answered. */
export function noteRequest(world: World, request: ArmRequest, status: number): void {
  const { target, method, correlationId } = request;
  world.activity.add({
    atMs: world.nowMs,
    resourceId: target.kind === "item" ? target.path : target.parentId,
    type: target.typeAsWritten,
    method,
    objectId: request.caller.objectId,
    status,
    ids: {
      event: world.ids.nextGuid(),
      correlation: correlationId,
      clientRequest: request.headers["x-ms-client-request-id"],
    },
  });
}

/**
 * The activities of a subscription, newest first, from `activityLogDelay` after they happened until they are 90 days
 * old. `$filter` has to say from when on; it also knows an end, resource group, resource and correlation id.
 * @throws ArmError 400 `BadRequest` without a start time
 */
export function listActivities(world: World, request: ArmRequest): ArmReply {
  const filter = request.query.get("$filter") ?? "";
  const text = (field: string) => new RegExp(`${field}\\s+eq\\s+'([^']*)'`, "i").exec(filter)?.[1]?.toLowerCase();
  const time = (comparison: string) =>
    Date.parse(new RegExp(`eventTimestamp\\s+${comparison}\\s+'([^']*)'`, "i").exec(filter)?.[1] ?? "");
  const [from, to] = [time("ge"), time("le")];
  if (Number.isNaN(from))
    throw enveloped(400, "BadRequest", "The $filter has to name a start time (eventTimestamp ge).");
  const [group, resource, correlation] = [
    text("resourceGroupName"),
    text("resourceUri") ?? text("resourceId"),
    text("correlationId"),
  ];
  const subscription = keyOf(`/subscriptions/${request.target.subscription}`);
  const newestMs = world.nowMs - durationMs(world.behaviour, "activityLogDelay");
  const isMeant = ({ resourceId }: Write) =>
    keyOf(resourceId).startsWith(subscription) &&
    (group === undefined || (resourceGroupOf(resourceId) ?? "").toLowerCase() === group) &&
    (resource === undefined || keyOf(resourceId) === resource);
  const oldestMs = Math.max(from, world.nowMs - RETENTION_MS);
  const found = world.activity
    .between(oldestMs, Number.isNaN(to) ? newestMs : Math.min(to, newestMs), isMeant)
    .filter((activity) => correlation === undefined || correlationOf(world, activity).toLowerCase() === correlation)
    .reverse();
  // Thousands of entries are made into JSON only where a page shows them.
  const { body, ...reply } = pageOf(Object.keys(found), request, world.behaviour.pageSize);
  const value = textsAt(body, "value").map((index) => viewOf(world, found[Number(index)]!));
  return { ...reply, body: { ...objectAt(body), value } };
}

const VERBS: Readonly<Record<string, string>> = { DELETE: "delete", POST: "action" };

function idOf(world: World, what: string, { objectId, resourceId, atMs }: Activity): string {
  return world.ids.guidOf(`${what} of ${objectId} on ${keyOf(resourceId)} at ${atMs}`);
}

function correlationOf(world: World, activity: Activity): string {
  return activity.ids?.correlation ?? idOf(world, "correlation", activity);
}

function viewOf(world: World, activity: Activity): JsonObject {
  const { atMs, resourceId, type, method, objectId, status } = activity;
  const eventId = activity.ids?.event ?? idOf(world, "event", activity);
  const correlationId = correlationOf(world, activity);
  const operation = `${type}/${VERBS[method] ?? "write"}`;
  const ending = status < 300 ? (status === 200 || status === 204 ? "Succeeded" : "Accepted") : "Failed";
  const principal = world.principals.get(objectId);
  const { caller } = world.behaviour;
  return {
    id: `${resourceId}/events/${eventId}/ticks/${atMs * 10_000 + 621_355_968_000_000_000}`,
    eventDataId: eventId,
    authorization: { action: operation, scope: resourceId },
    // A person has a name here; whoever signs in without one is told by its object id.
    caller: !principal && objectId === caller.objectId ? caller.name : objectId,
    claims: {
      appid: principal?.appId ?? world.ids.guidOf("application of the caller"),
      "http://schemas.microsoft.com/identity/claims/objectidentifier": objectId,
    },
    channels: "Operation",
    category: { value: "Administrative", localizedValue: "Administrative" },
    correlationId,
    operationId: correlationId,
    level: status < 400 ? "Informational" : "Error",
    operationName: { value: operation, localizedValue: operation },
    resourceGroupName: resourceGroupOf(resourceId) ?? "",
    resourceId,
    resourceType: { value: type, localizedValue: type },
    status: { value: ending, localizedValue: ending },
    subStatus: { value: "", localizedValue: `HTTP Status Code: ${status}` },
    httpRequest: { method, clientRequestId: activity.ids?.clientRequest ?? eventId, uri: resourceId },
    eventTimestamp: isoOf(atMs),
    submissionTimestamp: isoOf(atMs + durationMs(world.behaviour, "activityLogDelay")),
    subscriptionId: subscriptionOf(resourceId) ?? "",
    tenantId: world.principals.tenantId,
  };
}
