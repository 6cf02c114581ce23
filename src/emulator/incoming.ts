import type { WireRequest } from "../engine/wire.ts";
import { enveloped } from "./arm-error.ts";
import { isObject, type Json, type JsonObject } from "./json.ts";

/** The path with single slashes and without percent signs. */
export function pathOf(url: URL): string {
  const path = url.pathname.replaceAll(/\/{2,}/g, "/");
  const trimmed = path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
  try {
    return decodeURIComponent(trimmed);
  } catch {
    return trimmed;
  }
}

/** Path and query without percent signs, as a fault's pattern may be written. */
export function decodedPathAndQuery(url: URL): string {
  const query = url.search === "" ? "" : `?${[...url.searchParams].map(([key, value]) => `${key}=${value}`).join("&")}`;
  return pathOf(url) + query;
}

/** The JSON object of a body; undefined without a body. @throws ArmError 400 for anything else */
export function bodyOf(request: WireRequest): JsonObject | undefined {
  if (!request.body) return undefined;
  try {
    const parsed = JSON.parse(request.body) as Json;
    if (isObject(parsed)) return parsed;
  } catch {
    // Falls through to the refusal: ARM does not say where the text went wrong either.
  }
  throw enveloped(400, "InvalidRequestContent", "The request content was invalid and could not be deserialized.");
}

/** The body as the request log shows it; undefined when it is not JSON. */
export function bodyForLog(request: WireRequest): Json | undefined {
  try {
    return request.body ? (JSON.parse(request.body) as Json) : undefined;
  } catch {
    return undefined;
  }
}

/** Links lead back to the host that the client used, also through a proxy that ends TLS. */
export function originOf(request: WireRequest, url: URL): string {
  const protocol = request.headers["x-forwarded-proto"]?.split(",")[0]?.trim() ?? url.protocol.slice(0, -1);
  return `${protocol}://${request.headers["host"] ?? url.host}`;
}
