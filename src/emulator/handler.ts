import { realSleep } from "../engine/clock.ts";
import { ConnectionDropped, type WireRequest, type WireResponse } from "../engine/wire.ts";
import { callerOf, ensureAccess } from "./access.ts";
import { listActivities, noteRequest } from "./activity-log.ts";
import { type ArmReply, type ArmRequest, type Target, targetOf } from "./arm.ts";
import { ArmError, enveloped } from "./arm-error.ts";
import { serveControl } from "./control.ts";
import { type Fault, Faults } from "./faults.ts";
import { serveGraph } from "./graph.ts";
import { bodyForLog, bodyOf, decodedPathAndQuery, originOf, pathOf } from "./incoming.ts";
import type { Json } from "./json.ts";
import { serveProvider } from "./providers.ts";
import { RequestLog } from "./request-log.ts";
import { retryAfterHeaders } from "./retry-after.ts";
import { serveSubscriptions } from "./subscriptions.ts";
import { Throttles } from "./throttles.ts";
import { issueToken } from "./tokens.ts";
import type { World } from "./world.ts";

const TOLD_TO_DROP = "The emulator was told to drop this connection.";

/** What every request meets: control API, tokens, faults, throttles, rights, and then its provider. */
export class Handler {
  readonly #world: World;
  readonly #requests = new RequestLog();
  readonly #faults = new Faults();
  readonly #throttles = new Throttles();

  constructor(world: World) {
    this.#world = world;
  }

  async handle(request: WireRequest): Promise<WireResponse> {
    this.#world.settle();
    const url = new URL(request.url);
    const path = pathOf(url);
    const method = request.method.toUpperCase();
    if (path.toLowerCase().startsWith("/_emulator/")) return this.#control(request, method, path);
    if (/^\/(msi\/token|[^/]+\/oauth2\/(v2\.0\/)?token)$/i.test(path)) {
      const form = new URLSearchParams(request.body ?? "");
      return this.#send(issueToken(this.#world, path, url.searchParams, form), request);
    }
    const fault = this.#faults.strike(method, () => [decodedPathAndQuery(url), url.pathname + url.search]);
    if (fault?.delayMs) {
      await realSleep(fault.delayMs);
      this.#world.settle();
    }
    if (fault?.drop === "before") throw new ConnectionDropped(TOLD_TO_DROP);
    const reply = fault?.status === undefined ? this.#serve(request, method, url, path) : this.#faulty(fault);
    this.#note(request, method, url, reply);
    if (fault?.drop === "after") throw new ConnectionDropped(TOLD_TO_DROP);
    const response = this.#send(reply, request);
    if (fault?.drop === "within") throw new ConnectionDropped(TOLD_TO_DROP, response);
    return response;
  }

  #control(request: WireRequest, method: string, path: string): WireResponse {
    let body: Json | undefined;
    try {
      body = request.body ? (JSON.parse(request.body) as Json) : undefined;
    } catch {
      return this.#send(
        { status: 400, body: { error: { code: "InvalidControlInput", message: "The body is not JSON." } } },
        request,
      );
    }
    return this.#send(
      serveControl(this.#world, { requests: this.#requests, faults: this.#faults }, method, path, body),
      request,
    );
  }

  #faulty(fault: Fault): ArmReply {
    const headers = fault.retryAfter === undefined ? {} : retryAfterHeaders(this.#world, fault.retryAfter);
    return { status: fault.status!, body: { error: { code: fault.code, message: fault.message } }, headers };
  }

  /** Serves ARM and Graph; what is refused becomes the answer. */
  #serve(request: WireRequest, method: string, url: URL, path: string): ArmReply {
    try {
      return this.#dispatch(request, method, url, path);
    } catch (error) {
      if (error instanceof ArmError) return { status: error.status, body: error.body, headers: error.headers };
      throw error;
    }
  }

  #dispatch(request: WireRequest, method: string, url: URL, path: string): ArmReply {
    const world = this.#world;
    const arm = {
      method,
      query: url.searchParams,
      apiVersion: url.searchParams.get("api-version") ?? "",
      body: bodyOf(request),
      headers: request.headers,
      origin: originOf(request, url),
      url,
      caller: callerOf(world, request.headers["authorization"]),
      correlationId: request.headers["x-ms-correlation-request-id"] ?? world.ids.nextGuid(),
    };
    if (/^\/(v1\.0|beta\/auditLogs)\//i.test(path)) return serveGraph(world, arm, path);
    if (!arm.apiVersion)
      throw enveloped(
        400,
        "MissingApiVersionParameter",
        "The api-version query parameter (?api-version=) is required for all requests.",
      );
    const target = targetOf(path);
    if (!target || isSubscriptionLevel(path)) {
      const remaining = this.#throttles.take(world, arm, path);
      return withHeaders(remaining, () => serveSubscriptions(world, arm, path));
    }
    return this.#serveTarget({ ...arm, target });
  }

  #serveTarget(request: ArmRequest): ArmReply {
    const { target, correlationId, method } = request;
    const remaining = this.#throttles.take(this.#world, request, target.path, target);
    const isWrite = method !== "GET" && method !== "HEAD";
    const headers = { ...remaining, "x-ms-correlation-request-id": correlationId };
    return withHeaders(headers, () => {
      try {
        ensureAccess(this.#world, request);
        const reply = isActivityLog(target)
          ? listActivities(this.#world, request)
          : serveProvider(this.#world, request);
        if (isWrite) noteRequest(this.#world, request, reply.status);
        return { ...reply, headers: { ...contentType(target), ...reply.headers } };
      } catch (error) {
        if (!(error instanceof ArmError)) throw error;
        if (isWrite) noteRequest(this.#world, request, error.status);
        const headers = isFlat(error) ? { ...contentType(target), ...error.headers } : error.headers;
        throw new ArmError(error.status, error.message, error.body, headers);
      }
    });
  }

  #note(request: WireRequest, method: string, url: URL, reply: ArmReply): void {
    this.#requests.add({
      at: new Date(this.#world.nowMs).toISOString(),
      method,
      path: url.pathname + (url.searchParams.has("$filter") ? `?$filter=${url.searchParams.get("$filter")}` : ""),
      apiVersion: url.searchParams.get("api-version") ?? "",
      status: reply.status,
      body: bodyForLog(request),
    });
  }

  #send(reply: ArmReply, request: WireRequest): WireResponse {
    const isBare = reply.body === undefined || request.method.toUpperCase() === "HEAD";
    const body = isBare ? "" : JSON.stringify(reply.body);
    const clientRequestId = request.headers["x-ms-client-request-id"];
    const requestId = this.#world.ids.nextGuid();
    return {
      status: reply.status,
      headers: {
        "cache-control": "no-cache",
        pragma: "no-cache",
        expires: "-1",
        "strict-transport-security": "max-age=31536000; includeSubDomains",
        "x-content-type-options": "nosniff",
        date: new Date(this.#world.nowMs).toUTCString(),
        "x-ms-request-id": requestId,
        "x-ms-correlation-request-id": request.headers["x-ms-correlation-request-id"] ?? requestId,
        ...(clientRequestId ? { "x-ms-client-request-id": clientRequestId } : {}),
        ...(body === "" ? {} : { "content-type": "application/json; charset=utf-8" }),
        ...reply.headers,
      },
      body,
    };
  }
}

/** Serves a request; answer and refusal carry these headers beside their own. */
function withHeaders(headers: Readonly<Record<string, string>>, serve: () => ArmReply): ArmReply {
  try {
    const reply = serve();
    return { ...reply, headers: { ...reply.headers, ...headers } };
  } catch (error) {
    if (!(error instanceof ArmError)) throw error;
    throw new ArmError(error.status, error.message, error.body, { ...error.headers, ...headers });
  }
}

/** AKS answers without a charset, ARM with one (recorded). */
function contentType(target: Target): Record<string, string> {
  return target.type.startsWith("microsoft.containerservice/") ? { "content-type": "application/json" } : {};
}

/** True for an error of the AKS resource provider itself, false for one of ARM. */
function isFlat({ body }: ArmError): boolean {
  return body["error"] === undefined;
}

/** `/subscriptions/{s}/providers` and `/subscriptions/{s}/providers/{namespace}` name no resource. */
function isSubscriptionLevel(path: string): boolean {
  return /^\/subscriptions\/[^/]+\/providers(\/[^/]+)?$/i.test(path);
}

function isActivityLog(target: Target): boolean {
  return target.type === "microsoft.insights/eventtypes/values";
}
