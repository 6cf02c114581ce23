import { ContainerServiceClient } from "@azure/arm-containerservice";
import {
  bearerTokenAuthenticationPolicy,
  createHttpHeaders,
  createPipelineFromOptions,
  createPipelineRequest,
  type HttpClient,
  type HttpMethods,
  type Pipeline,
} from "@azure/core-rest-pipeline";
import type { TokenCredential } from "@azure/identity";
import { AksMiError, TransientError } from "../engine/errors.ts";
import { withoutTracing } from "./clients.ts";
import type { Cloud } from "./clouds.ts";
import { translateResponse } from "./errors.ts";
import { createNetworkClient } from "./http.ts";
import { asArray, asObject, asString, type Json } from "./json.ts";
import { withPacedReads } from "./pace.ts";
import { ensureEnds } from "./pages.ts";
import type { ReadMemory } from "./read-memory.ts";
import { rememberAnswers } from "./remember-secrets.ts";
import { once, type RetryContext, withRetry } from "./retry.ts";

/** What every adapter is made from. */
export interface Transport {
  readonly cloud: Cloud;
  readonly credential: TokenCredential;
  /** Options for the SDK's clients: the door to go through, and no waiting of their own. */
  readonly clientOptions: {
    readonly endpoint: string;
    readonly credentialScopes: string[];
    readonly httpClient: HttpClient;
    readonly retryOptions: { readonly maxRetries: 0 };
  };
  readonly retry: RetryContext;
  readonly arm: RawClient;
  readonly graph: RawClient;
}

/** An answer as it came. */
export interface RawResponse {
  readonly status: number;
  readonly body: Json;
  /** A header of the answer, by its name in any case. */
  header(name: string): string | undefined;
}

/** Sends requests whose bodies no SDK model may touch. */
export interface RawClient {
  /** Reads; repeated while the failure may pass. @throws AzureError */
  get(what: string, pathAndQuery: string, headers?: Record<string, string>): Promise<RawResponse>;
  /** Reads every page of a list. @throws AzureError; AksMiError `AZURE_ERROR` for a list that never ends */
  list(what: string, pathAndQuery: string): Promise<Json[]>;
  /** Writes, once; a POST may be answered `NOT_MODIFIED`. @throws TransientError when nobody knows whether Azure acted */
  send(
    what: string,
    method: HttpMethods,
    pathAndQuery: string,
    body?: Json,
    headers?: Record<string, string>,
  ): Promise<RawResponse>;
}

/** The answer to an action that found nothing to do; no redirect. */
export const NOT_MODIFIED = 304;

/** Makes the transport for one cloud, one credential and one door. */
export function createTransport(options: {
  cloud: Cloud;
  credential: TokenCredential;
  httpClient?: HttpClient | undefined;
  retry: RetryContext;
  /** Reads go out no faster than Azure refills its token buckets: for whoever reads a whole estate. */
  pacedReads?: boolean | undefined;
  /** Asked before each request that may change something; throws where it must not be sent. */
  beforeWrite?: (() => void) | undefined;
  /** What the same look has read already. */
  memory?: ReadMemory | undefined;
  /** Told the service's own time with each answer. */
  onDate?: ((date: Date) => void) | undefined;
}): Transport {
  const { cloud, credential, retry } = options;
  const door = rememberAnswers(withDates(options.httpClient ?? createNetworkClient(), options.onDate));
  const direct = guardWrites(door, options.beforeWrite);
  const paced = options.pacedReads
    ? withPacedReads(direct, { endpoint: cloud.resourceManager, clock: retry.clock, signal: retry.signal })
    : direct;
  const httpClient = options.memory?.in(paced) ?? paced;
  const toResourceManager = guardHost(httpClient, cloud.resourceManager);
  const clientOptions = {
    endpoint: cloud.resourceManager,
    credentialScopes: [`${cloud.resourceManager}/.default`],
    httpClient: toResourceManager,
    retryOptions: { maxRetries: 0 as const },
  };
  const client = new ContainerServiceClient(credential, {
    ...clientOptions,
    credentials: { scopes: clientOptions.credentialScopes },
  });
  const graphPipeline = createPipelineFromOptions({ retryOptions: { maxRetries: 0 } });
  graphPipeline.addPolicy(bearerTokenAuthenticationPolicy({ credential, scopes: `${cloud.graph}/.default` }));
  return {
    cloud,
    credential,
    clientOptions,
    retry,
    arm: rawClient(cloud.resourceManager, withoutTracing(client.pipeline), toResourceManager, retry),
    graph: rawClient(cloud.graph, withoutTracing(graphPipeline), guardHost(httpClient, cloud.graph), retry),
  };
}

/** The SDK follows the links that a response names, token and all: nothing leaves for another host than the token is for. */
function guardHost(inner: HttpClient, endpoint: string): HttpClient {
  const own = new URL(endpoint);
  return {
    sendRequest(request) {
      ensureSameHost(new URL(request.url), own);
      return inner.sendRequest(request);
    },
  };
}

/** Also a request that is sent again after a long wait is asked about. */
function guardWrites(inner: HttpClient, beforeWrite: (() => void) | undefined): HttpClient {
  if (!beforeWrite) return inner;
  return {
    async sendRequest(request) {
      if (request.method !== "GET") beforeWrite();
      return inner.sendRequest(request);
    },
  };
}

function withDates(inner: HttpClient, onDate: ((date: Date) => void) | undefined): HttpClient {
  if (!onDate) return inner;
  return {
    async sendRequest(request) {
      const response = await inner.sendRequest(request);
      const date = Date.parse(response.headers.get("date") ?? "");
      if (!Number.isNaN(date)) onDate(new Date(date));
      return response;
    },
  };
}

function rawClient(endpoint: string, pipeline: Pipeline, httpClient: HttpClient, retry: RetryContext): RawClient {
  const host = new URL(endpoint);
  const attempt = async (
    what: string,
    method: HttpMethods,
    target: string,
    body?: Json,
    headers?: Record<string, string>,
  ) => {
    const url = new URL(target, host);
    ensureSameHost(url, host);
    const request = createPipelineRequest({
      url: url.toString(),
      method,
      headers: createHttpHeaders({
        accept: "application/json",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      }),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(retry.signal ? { abortSignal: retry.signal } : {}),
    });
    const response = await pipeline.sendRequest(httpClient, request);
    const text = response.bodyAsText ?? "";
    if (response.status >= 400) throw translateResponse(response.status, text, response.headers, what);
    const isDone = method === "POST" && response.status === NOT_MODIFIED;
    if (response.status >= 300 && !isDone) throw sentElsewhere(response.status, what);
    const header = (name: string) => response.headers.get(name);
    return { status: response.status, body: parseBody(text, what), header };
  };
  const get = (what: string, target: string, headers?: Record<string, string>) =>
    withRetry(what, retry, () => attempt(what, "GET", target, undefined, headers));
  return {
    get,
    async list(what, target) {
      const items: Json[] = [];
      let next: string | undefined = target;
      for (let page = 0; next !== undefined; page++) {
        ensureEnds(what, page);
        const body = asObject((await get(what, next)).body);
        items.push(...asArray(body["value"]));
        next = asString(body["nextLink"]) ?? asString(body["@odata.nextLink"]);
      }
      return items;
    },
    send: (what, method, target, body, headers) =>
      once(what, retry, () => attempt(what, method, target, body, headers)),
  };
}

/** A bearer token goes only to the host it is for, whatever URL a response named. */
function ensureSameHost(url: URL, own: URL): void {
  if (url.origin === own.origin) return;
  throw new AksMiError(
    "AZURE_ERROR",
    `Azure named ${url.host} as the place to go on, which is not ${own.host}: the request was not sent.`,
    "Check for a proxy that rewrites Azure's answers.",
  );
}

/** Azure does what it is asked itself. What is left here leads to another host: the SDK follows within the same one only. */
function sentElsewhere(status: number, what: string): AksMiError {
  return new AksMiError(
    "AZURE_ERROR",
    `The answer to "${what}" is a redirect (HTTP ${status}), which Azure does not send.`,
    "Check for a proxy that answers in Azure's place.",
  );
}

function parseBody(text: string, what: string): Json {
  if (text.trim() === "") return null;
  try {
    return JSON.parse(text) as Json;
  } catch {
    // An error of `JSON.parse` quotes what it could not read, so it goes no further.
    if (/^\s*[{[]/.test(text)) throw new TransientError("the answer broke off");
    throw new AksMiError(
      "AZURE_ERROR",
      `The answer to "${what}" is not JSON.`,
      "Check for a proxy that answers in Azure's place.",
    );
  }
}
