import { createHttpHeaders, type HttpClient } from "@azure/core-rest-pipeline";
import { describe, expect, test } from "vitest";
import { createAzure } from "../../src/azure/azure.ts";
import { CLOUDS } from "../../src/azure/clouds.ts";
import { createTransport } from "../../src/azure/transport.ts";
import { VirtualClock } from "../../src/engine/clock.ts";

const SUBSCRIPTION = "3f0b6c1e-9a54-4d1c-8f27-5b1d7c0a9e01";

/** An Azure whose every list goes on at another host. */
function luring(asked: string[]): HttpClient {
  return {
    async sendRequest(request) {
      asked.push(new URL(request.url).host);
      const bodyAsText = JSON.stringify({ value: [], nextLink: "https://elsewhere.example/next" });
      return { request, status: 200, headers: createHttpHeaders({ "content-type": "application/json" }), bodyAsText };
    },
  };
}

describe("a bearer token", () => {
  const lists: Record<string, (azure: ReturnType<typeof createAzure>) => Promise<unknown>> = {
    clusters: (azure) => azure.clusters.list(SUBSCRIPTION),
    registries: (azure) => azure.registries.list(SUBSCRIPTION),
    identities: (azure) => azure.identities.list(SUBSCRIPTION),
    subscriptions: (azure) => azure.resources.subscriptions(),
  };

  test.each(Object.keys(lists))("goes to no other host that a list of %s names", async (name) => {
    const asked: string[] = [];
    const azure = createAzure(
      createTransport({
        cloud: CLOUDS.AzureCloud,
        credential: { getToken: async () => ({ token: "secret", expiresOnTimestamp: Number.MAX_SAFE_INTEGER }) },
        httpClient: luring(asked),
        retry: { clock: new VirtualClock(), signal: undefined, onRetry: undefined, toClockMs: (ms) => ms },
      }),
    );
    await expect(lists[name]!(azure)).rejects.toMatchObject({ code: "AZURE_ERROR" });
    expect(new Set(asked)).toEqual(new Set(["management.azure.com"]));
  });
});
