import { STATUS_CODES } from "node:http";
import type { WireRequest, WireResponse } from "../engine/wire.ts";
import type { Json, JsonObject } from "./json.ts";
import { withoutSecrets } from "./request-log.ts";

/** A request and its answer, as they went over loopback. */
export interface Exchange {
  readonly request: WireRequest;
  readonly response: WireResponse;
}

/** True for exchanges that are worth recording: ARM and Graph, not tokens and not the control API. */
export function isRecorded(request: WireRequest): boolean {
  const { pathname } = new URL(request.url);
  return !/^\/_emulator\/|\/oauth2\/|^\/msi\/token/i.test(pathname);
}

/** An exchange as one object of a recording: parsed bodies, no authorization header, no secrets. */
export function recordingOf({ request, response }: Exchange): JsonObject {
  const { authorization: _, cookie: __, ...headers } = request.headers;
  return {
    request: { method: request.method, uri: request.url, headers, body: parsed(request.body) },
    response: {
      status: { code: response.status, message: STATUS_CODES[response.status] ?? "" },
      headers: { ...response.headers },
      body: parsed(response.body),
    },
  };
}

function parsed(body: string | undefined): Json {
  if (!body) return null;
  try {
    return withoutSecrets(JSON.parse(body) as Json) ?? null;
  } catch {
    return null;
  }
}
