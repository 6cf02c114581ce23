import { HOUR_MS } from "../engine/clock.ts";
import { AksMiError, type ErrorCode, TransientError } from "../engine/errors.ts";
import { redact } from "../engine/secrets.ts";
import { asObject, asString, type Json } from "./json.ts";
import { remedyFor } from "./remedies.ts";

/** An answer of Azure that is an error, with Azure's own code. */
export class AzureError extends AksMiError {
  readonly status: number;
  readonly azureCode: string;

  constructor(code: ErrorCode, status: number, azureCode: string, message: string, remedy: string, cause?: unknown) {
    super(code, message, remedy, { cause });
    this.status = status;
    this.azureCode = azureCode;
  }
}

/** True when Azure answered with one of these codes. Codes are compared, never texts. */
export function hasAzureCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof AzureError && codes.includes(error.azureCode);
}

/** True when Azure answered with this status. */
export function hasStatus(error: unknown, status: number): boolean {
  return error instanceof AzureError && error.status === status;
}

/** Answers after which the same request may well succeed. */
const TRANSIENT_STATUS = new Set([408, 429, 500, 502, 503, 504]);

/** What an SDK error says, in the parts that matter; every SDK generation has its own class for it. */
interface HttpFailure {
  readonly statusCode?: number;
  readonly code?: string;
  readonly name?: string;
  readonly message: string;
  readonly response?: {
    readonly bodyAsText?: string | null;
    readonly headers?: { get(name: string): string | undefined };
  };
}

/**
 * Turns whatever the SDK threw into an error of ours: `TransientError` when the request may be sent again, `AzureError`
 * with Azure's own code otherwise. Both `{"error":{"code"}}` (Azure Resource Manager) and flat `{"code"}` (the AKS
 * resource provider) are understood.
 */
export function translateError(thrown: unknown, what: string): Error {
  if (thrown instanceof AksMiError || thrown instanceof TransientError) return thrown;
  const failure = thrown as HttpFailure;
  if (failure.name === "AbortError") return thrown as Error;
  if (/Credential|Authentication/.test(failure.name ?? "")) return notSignedIn(what, failure);
  if (failure.statusCode === undefined) {
    if (NO_TRUST.test(failure.code ?? "")) return notTrusted(what, failure);
    return isNetworkFailure(failure)
      ? new TransientError(failure.code ?? failure.message, { cause: thrown })
      : (thrown as Error);
  }
  // The service acted and its answer broke off on the way. The SDK's error has the whole of it in its message.
  if (failure.statusCode < 400) return new TransientError("the answer broke off");
  return translateResponse(
    failure.statusCode,
    failure.response?.bodyAsText ?? "",
    failure.response?.headers,
    what,
    thrown,
  );
}

/** Turns an answer of status 400 and above into an error; see `translateError`. */
export function translateResponse(
  status: number,
  body: string,
  headers: { get(name: string): string | undefined } | undefined,
  what: string,
  cause?: unknown,
): Error {
  const { code, message } = readBody(body);
  const azureCode = code ?? `HTTP ${status}`;
  if (TRANSIENT_STATUS.has(status)) {
    const retryAfterMs = readRetryAfter(headers);
    return new TransientError(`${azureCode} (HTTP ${status})`, { cause, retryAfterMs });
  }
  const sentence = `Azure refused to ${what}: ${azureCode} (HTTP ${status})${message ? `: ${message}` : "."}`;
  if (status === 401) return new AzureError("NOT_SIGNED_IN", status, azureCode, sentence, SIGN_IN_REMEDY, cause);
  const remedy = remedyFor(status, azureCode, message);
  return new AzureError(status === 403 ? "AZURE_REFUSED" : "AZURE_ERROR", status, azureCode, sentence, remedy, cause);
}

const SIGN_IN_REMEDY =
  "Sign in with `az login` (or set the variables of your service principal) and run the command again.";

/** What Node calls a connection over TLS that did not come about, mostly for the certificate (its documentation of `tls`). */
const NO_TRUST = /CERT|^(ERR_TLS|ERR_SSL|EPROTO|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/;

function notTrusted(what: string, { code, message }: HttpFailure): AksMiError {
  return new AksMiError(
    "AZURE_UNREACHABLE",
    `Nothing was sent to ${what}: whoever answers there is not known to be Azure (${code}: ${message.split("\n")[0]}).`,
    "For a proxy that ends TLS, name the certificate of its authority in NODE_EXTRA_CA_CERTS; else check network and clock.",
  );
}

function notSignedIn(what: string, failure: HttpFailure): AksMiError {
  const first = failure.message.split("\n")[0]!.slice(0, 300);
  return new AksMiError("NOT_SIGNED_IN", `No Azure credential could be used to ${what}: ${first}`, SIGN_IN_REMEDY, {
    cause: failure,
  });
}

function readBody(body: string): { code: string | undefined; message: string | undefined } {
  let parsed: Json;
  try {
    parsed = JSON.parse(body) as Json;
  } catch {
    return { code: undefined, message: undefined };
  }
  const flat = asObject(parsed);
  const error = flat["error"] === undefined ? flat : asObject(flat["error"]);
  return { code: tell(error["code"])?.slice(0, 200), message: tell(error["message"])?.slice(0, 1000) };
}

/** A text of Azure as it may be shown: some services repeat what they were sent. */
export function tell(text: Json | undefined): string | undefined {
  const told = asString(text);
  return told === undefined ? undefined : redact(told.replace(/\s+/g, " "));
}

/** Azure asks for ten minutes at most (its RPC contract); whatever asks for much more is not obeyed. */
const LONGEST_RETRY_AFTER_MS = HOUR_MS;

/** Milliseconds that the service asks to be left alone, from `retry-after-ms` or `Retry-After` (seconds or a date). */
function readRetryAfter(headers: { get(name: string): string | undefined } | undefined): number | undefined {
  const asked = askedDelay(headers);
  return asked === undefined ? undefined : Math.min(asked, LONGEST_RETRY_AFTER_MS);
}

function askedDelay(headers: { get(name: string): string | undefined } | undefined): number | undefined {
  const ms = headers?.get("retry-after-ms") ?? headers?.get("x-ms-retry-after-ms");
  if (ms !== undefined && /^\d+$/.test(ms)) return Number(ms);
  const after = headers?.get("retry-after");
  if (after === undefined) return undefined;
  if (/^\d+$/.test(after)) return Number(after) * 1000;
  const date = Date.parse(after);
  // Both dates are of the service's clock, from which ours may differ.
  const answered = Date.parse(headers?.get("date") ?? "");
  return Number.isNaN(date) ? undefined : Math.max(0, date - (Number.isNaN(answered) ? Date.now() : answered));
}

function isNetworkFailure(failure: HttpFailure): boolean {
  return (
    failure.name === "ConnectionDropped" ||
    /^(REQUEST_SEND_ERROR|ECONN|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EPIPE|EHOST|ENET|HPE_|UND_ERR|PARSE_ERROR|ERR_STREAM)/.test(
      failure.code ?? "",
    )
  );
}
