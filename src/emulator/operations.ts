import { MINUTE_MS } from "../engine/clock.ts";
import type { JsonObject } from "./json.ts";
import type { Operation } from "./operation.ts";
import { isoOf } from "./timeline.ts";
import type { World } from "./world.ts";

/**
 * Begins an operation on a cluster or a pool.
 * @param place the subscription and location under which it is polled
 */
export function beginOperation(
  world: World,
  place: { subscription: string; location: string },
  kind: string,
  resultId?: string,
): Operation {
  const operation: Operation = {
    id: world.ids.nextGuid(),
    subscription: place.subscription,
    location: place.location,
    kind,
    startMs: world.nowMs,
    endMs: undefined,
    status: "InProgress",
    error: undefined,
    resultId,
  };
  world.operations.set(operation.id, operation);
  return operation;
}

/** Ends an operation; one that has ended already stays as it is. */
export function endOperation(
  world: World,
  operation: Operation,
  status: "Succeeded" | "Failed" | "Canceled",
  error?: JsonObject,
): void {
  if (operation.endMs !== undefined) return;
  operation.endMs = world.nowMs;
  operation.status = status;
  if (error) operation.error = error;
}

/** The body of an operation (recorded 2021-2024): name, status, times, and on failure the error. */
export function operationBody(world: World, operation: Operation): JsonObject {
  const error = operation.error ?? (world.behaviour.etagMismatchInOperation ? ETAG_MISMATCH : undefined);
  return {
    name: operation.id,
    status: operation.status,
    startTime: isoOf(operation.startMs),
    ...(operation.endMs === undefined ? {} : { endTime: isoOf(operation.endMs) }),
    ...(error ? { error } : {}),
  };
}

/** An internal conflict that Azure was seen to carry through an operation that succeeds (recorded 2024). */
const ETAG_MISMATCH: JsonObject = {
  code: "EtagMismatch",
  message:
    "Failed to save control plane with ID 65dd4aa16cb22200016588eb. Operation is not allowed: Another operation is in progress",
  details: [{ code: "", message: "rpc error: code = FailedPrecondition desc = Control Plane etag mismatch" }],
};

/** The interval that clients poll with when nothing tells them another: 30 seconds (az 2.45, measured). */
export const POLL_SECONDS = 30;

const SIGNATURE_LIFE_MS = 240 * MINUTE_MS;

/**
 * Where an operation is polled: with an api-version of its own and a long signature, which clients have to send back
 * as they got it (recorded 2024).
 */
export function operationUrl(
  world: World,
  operation: Operation,
  origin: string,
  what: "operations" | "operationresults",
): string {
  const { subscription, location, id } = operation;
  const ticks = (operation.startMs + SIGNATURE_LIFE_MS) * 10_000 + 621_355_968_000_000_000;
  const signature = [
    `t=${ticks}`,
    `c=${world.ids.signatureOf(`certificate ${id}`, 1400)}`,
    `s=${world.ids.signatureOf(`signature ${id}`, 342)}`,
    `h=${world.ids.signatureOf(`hash ${id}`, 43)}`,
  ].join("&");
  const path = `/subscriptions/${subscription}/providers/Microsoft.ContainerService/locations/${location}/${what}/${id}`;
  return `${origin}${path}?api-version=2017-08-31&${signature}`;
}
