import { STATUS_CODES } from "node:http";
import { isSecretName, redactByLook } from "../engine/secrets.ts";
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

/** An exchange as one object of a recording: parsed bodies, no authorization header, no signatures, no secrets. */
export function recordingOf({ request, response }: Exchange): JsonObject {
  return {
    request: {
      method: request.method,
      uri: redactByLook(request.url),
      headers: recorded(request.headers),
      body: parsed(request.body),
    },
    response: {
      status: { code: response.status, message: STATUS_CODES[response.status] ?? "" },
      headers: recorded(response.headers),
      body: parsed(response.body),
    },
  };
}

/** Headers that are no credentials (`authorization`, `cookie`, `x-ms-authorization-auxiliary` are). */
function recorded(headers: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => !/authorization|cookie/i.test(name) && !isSecretName(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, redactByLook(value)]));
}

function parsed(body: string | undefined): Json {
  if (!body) return null;
  try {
    return withoutSecrets(JSON.parse(body) as Json) ?? null;
  } catch {
    return null;
  }
}
