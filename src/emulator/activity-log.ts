import { type ArmReply, type ArmRequest, pageOf } from "./arm.ts";
import { keyOf, resourceGroupOf, subscriptionOf } from "./ids.ts";
import type { JsonObject } from "./json.ts";
import { isoOf } from "./timeline.ts";
import type { World } from "./world.ts";

interface Write {
  readonly atMs: number;
  readonly id: string;
  readonly view: JsonObject;
}

/** The writes that were served, as Azure Monitor's activity log tells them. */
export class ActivityLog {
  readonly #writes: Write[] = [];

  /** Notes a write and how it was answered. */
  add(world: World, request: ArmRequest, status: number): void {
    const { target, method } = request;
    const verb = method === "DELETE" ? "delete" : method === "POST" ? "action" : "write";
    const resourceId = target.kind === "item" ? target.path : target.parentId;
    const eventId = world.ids.nextGuid();
    const operationName = {
      value: `${target.typeAsWritten}/${verb}`,
      localizedValue: `${target.typeAsWritten}/${verb}`,
    };
    const ending = status < 300 ? (status === 200 || status === 204 ? "Succeeded" : "Accepted") : "Failed";
    this.#writes.push({
      atMs: world.nowMs,
      id: resourceId,
      view: {
        id: `${resourceId}/events/${eventId}/ticks/${world.nowMs * 10_000 + 621_355_968_000_000_000}`,
        eventDataId: eventId,
        caller: request.caller.name,
        claims: { "http://schemas.microsoft.com/identity/claims/objectidentifier": request.caller.objectId },
        channels: "Operation",
        category: { value: "Administrative", localizedValue: "Administrative" },
        correlationId: request.correlationId,
        operationId: request.correlationId,
        level: status < 400 ? "Informational" : "Error",
        operationName,
        resourceGroupName: resourceGroupOf(resourceId) ?? "",
        resourceId,
        resourceType: { value: target.typeAsWritten, localizedValue: target.typeAsWritten },
        status: { value: ending, localizedValue: ending },
        subStatus: { value: "", localizedValue: `HTTP Status Code: ${status}` },
        httpRequest: {
          method,
          clientRequestId: request.headers["x-ms-client-request-id"] ?? eventId,
          uri: request.url.pathname,
        },
        eventTimestamp: isoOf(world.nowMs),
        submissionTimestamp: isoOf(world.nowMs),
        subscriptionId: subscriptionOf(resourceId) ?? "",
        tenantId: world.principals.tenantId,
      },
    });
  }

  /** The writes of a subscription, newest first; `$filter` knows times, resource group, resource and correlation id. */
  list(world: World, request: ArmRequest): ArmReply {
    const filter = request.query.get("$filter") ?? "";
    const text = (field: string) => new RegExp(`${field}\\s+eq\\s+'([^']*)'`, "i").exec(filter)?.[1]?.toLowerCase();
    const time = (comparison: string) =>
      Date.parse(new RegExp(`eventTimestamp\\s+${comparison}\\s+'([^']*)'`, "i").exec(filter)?.[1] ?? "");
    const [from, to] = [time("ge"), time("le")];
    const [group, resource, correlation] = [
      text("resourceGroupName"),
      text("resourceUri") ?? text("resourceId"),
      text("correlationId"),
    ];
    const subscription = `/subscriptions/${request.target.subscription}`;
    const found = this.#writes.filter(
      (write) =>
        keyOf(write.id).startsWith(keyOf(subscription)) &&
        (Number.isNaN(from) || write.atMs >= from) &&
        (Number.isNaN(to) || write.atMs <= to) &&
        (group === undefined || (resourceGroupOf(write.id) ?? "").toLowerCase() === group) &&
        (resource === undefined || keyOf(write.id) === resource) &&
        (correlation === undefined || String(write.view["correlationId"]).toLowerCase() === correlation),
    );
    return pageOf(found.map((write) => write.view).reverse(), request, world.behaviour.pageSize);
  }
}
