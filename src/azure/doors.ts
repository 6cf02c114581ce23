import {
  createHttpHeaders,
  createPipelineRequest,
  type HttpClient,
  type PipelineRequest,
  type PipelineResponse,
} from "@azure/core-rest-pipeline";
import type { WireRequest, WireResponse } from "../engine/wire.ts";
import { createNetworkClient } from "./http.ts";

/**
 * An HTTP client that sends everything to an emulator on loopback. The SDK refuses a bearer token over http, so it
 * keeps believing in https: only a copy of the request is rewritten, and the real host travels in `Host`.
 */
export function createLoopbackClient(emulator: URL): HttpClient {
  const inner = createNetworkClient();
  return {
    async sendRequest(request: PipelineRequest): Promise<PipelineResponse> {
      const asked = new URL(request.url);
      const url = new URL(emulator);
      url.pathname = asked.pathname;
      url.search = asked.search;
      const copy = createPipelineRequest({
        ...request,
        url: url.toString(),
        headers: createHttpHeaders({ ...request.headers.toJSON(), host: asked.host, "x-forwarded-proto": "https" }),
        allowInsecureConnection: true,
      });
      return { ...(await inner.sendRequest(copy)), request };
    },
  };
}

/** An HTTP client that hands everything to an emulator in this process. */
export function createInProcessClient(handle: (request: WireRequest) => Promise<WireResponse>): HttpClient {
  return {
    async sendRequest(request: PipelineRequest): Promise<PipelineResponse> {
      const body = typeof request.body === "string" ? { body: request.body } : {};
      const headers = { ...request.headers.toJSON(), host: new URL(request.url).host, "x-forwarded-proto": "https" };
      const response = await handle({ method: request.method, url: request.url, headers, ...body });
      return {
        request,
        status: response.status,
        headers: createHttpHeaders({ ...response.headers }),
        bodyAsText: response.body,
      };
    },
  };
}
