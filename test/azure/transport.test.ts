import { createHttpHeaders, type HttpClient, RestError } from "@azure/core-rest-pipeline";
import { describe, expect, test } from "vitest";
import { createAzure } from "../../src/azure/azure.ts";
import { CLOUDS } from "../../src/azure/clouds.ts";
import { createTransport } from "../../src/azure/transport.ts";
import { VirtualClock } from "../../src/engine/clock.ts";

const SUBSCRIPTION = "3f0b6c1e-9a54-4d1c-8f27-5b1d7c0a9e01";
const PROVIDERS = `/subscriptions/${SUBSCRIPTION}/resourceGroups/g/providers`;
const CLUSTER = `${PROVIDERS}/Microsoft.ContainerService/managedClusters/c`;
const IDENTITY = `${PROVIDERS}/Microsoft.ManagedIdentity/userAssignedIdentities/i`;

/** The adapters on a client, with a credential that must not get away. */
function azureOn(httpClient: HttpClient) {
  const credential = { getToken: async () => ({ token: "secret", expiresOnTimestamp: Number.MAX_SAFE_INTEGER }) };
  const retry = { clock: new VirtualClock(), signal: undefined, onRetry: undefined, toClockMs: (ms: number) => ms };
  return createAzure(createTransport({ cloud: CLOUDS.AzureCloud, credential, httpClient, retry }));
}

/** An Azure that answers everything so, and notes who was asked with a token. */
function answering(status: number, headers: Record<string, string>, asked: string[]): HttpClient {
  return {
    async sendRequest(request) {
      if (request.headers.has("authorization")) asked.push(request.url);
      const bodyAsText = JSON.stringify({ id: new URL(request.url).pathname, value: [], properties: {} });
      return { request, status, headers: createHttpHeaders(headers), bodyAsText };
    },
  };
}

/** An Azure whose every list goes on at another host. */
function luring(asked: string[], host: string): HttpClient {
  return {
    async sendRequest(request) {
      asked.push(new URL(request.url).host);
      const bodyAsText = JSON.stringify({ value: [], nextLink: `https://${host}/next` });
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

  // Microsoft Graph is Azure's own too, and no place for a token of the Resource Manager.
  test.each(
    Object.keys(lists).flatMap((name) => ["elsewhere.example", "graph.microsoft.com"].map((host) => ({ name, host }))),
  )("goes to no other host that a list of $name names: $host", async ({ name, host }) => {
    const asked: string[] = [];
    await expect(lists[name]!(azureOn(luring(asked, host)))).rejects.toMatchObject({ code: "AZURE_ERROR" });
    expect(new Set(asked)).toEqual(new Set(["management.azure.com"]));
  });

  test.each([
    "https://elsewhere.example/operations/1?t=1",
    "https://management.azure.com.elsewhere.example/operations/1",
    "https://management.azure.com@elsewhere.example/operations/1",
    "https://management.azure.com:8443/operations/1",
    "http://management.azure.com/operations/1",
    "//elsewhere.example/operations/1",
    "https://graph.microsoft.com/operations/1",
  ])("is not sent to the URL of an operation that is %s", async (url) => {
    const asked: string[] = [];
    const azure = azureOn(answering(200, {}, asked));
    await expect(azure.clusters.operation(url)).rejects.toMatchObject({ code: "AZURE_ERROR" });
    expect(asked).toEqual([]);
  });

  test("is not sent to where the result of a run command is said to be, unless that is Azure", async () => {
    const asked: string[] = [];
    const azure = azureOn(answering(202, { location: "https://elsewhere.example/result" }, asked));
    await expect(azure.runCommands.run(CLUSTER, "kubectl get pod", false)).rejects.toMatchObject({
      code: "AZURE_ERROR",
    });
    expect(asked.map((url) => new URL(url).host)).toEqual(["management.azure.com"]);
  });

  test.each([
    301, 302, 303, 307, 308,
  ])("follows no redirect (%i) to another host, and a redirected write is none", async (status) => {
    const asked: string[] = [];
    const azure = azureOn(answering(status, { location: "https://elsewhere.example/next" }, asked));
    for (const request of [
      () => azure.clusters.get(CLUSTER),
      () => azure.clusters.upgradeNodeImage(CLUSTER, "system"),
      () => azure.identities.get(IDENTITY),
      () => azure.identities.create(IDENTITY, "westeurope"),
    ])
      await expect(request()).rejects.toThrow(/redirect|HTTP 3|answer/);
    expect(new Set(asked.map((url) => new URL(url).host))).toEqual(new Set(["management.azure.com"]));
  });
});

test.each<[string, (azure: ReturnType<typeof createAzure>) => Promise<unknown>]>([
  ["clusters", (azure) => azure.clusters.list(SUBSCRIPTION)],
  ["registries", (azure) => azure.registries.list(SUBSCRIPTION)],
  ["identities", (azure) => azure.identities.list(SUBSCRIPTION)],
])("a list of %s whose pages lead to each other is left", async (_, list) => {
  const asked: string[] = [];
  await expect(list(azureOn(luring(asked, "management.azure.com")))).rejects.toThrow("has more than 1000 pages");
  expect(asked.length).toBeLessThanOrEqual(1_001);
});

describe("an answer that says more than it may", () => {
  test("is no list where it never ends: a part of it is not taken for the whole", async () => {
    const azure = azureOn({
      async sendRequest(request) {
        const bodyAsText = JSON.stringify({ value: [], nextLink: request.url });
        return { request, status: 200, headers: createHttpHeaders(), bodyAsText };
      },
    });
    await expect(azure.clusters.list(SUBSCRIPTION)).rejects.toMatchObject({
      code: "AZURE_ERROR",
      message: expect.stringContaining("more than 1000 pages"),
    });
  });

  test.each([
    "nonsense",
    "https://[",
    "/relative",
  ])("is accepted without an operation where that is at no URL: %s", async (url) => {
    const azure = azureOn(answering(202, { "azure-asyncoperation": url }, []));
    expect(await azure.clusters.upgradeNodeImage(CLUSTER, "system")).toMatchObject({
      operation: undefined,
      operationUrl: undefined,
    });
  });

  test.each([
    ["99999999999", 60 * 60_000],
    ["Sun, 22 Nov 2099 08:00:00 GMT", 60 * 60_000],
    ["120", 120_000],
  ])("is left alone for an hour at most: Retry-After %s", async (after, expected) => {
    const azure = azureOn(answering(503, { "retry-after": after }, []));
    await expect(azure.clusters.upgradeNodeImage(CLUSTER, "system")).rejects.toMatchObject({ retryAfterMs: expected });
  });

  test("is left alone until the moment that it names, by the clock that has dated it", async () => {
    const headers = { date: "Sun, 22 Nov 2099 08:00:00 GMT", "retry-after": "Sun, 22 Nov 2099 08:02:00 GMT" };
    const azure = azureOn(answering(503, headers, []));
    await expect(azure.clusters.upgradeNodeImage(CLUSTER, "system")).rejects.toMatchObject({ retryAfterMs: 120_000 });
  });

  test("is refused in words where the SDK cannot read it", async () => {
    for (const bodyAsText of ["null", "[]", "{}", '"x"']) {
      const azure = azureOn({
        sendRequest: async (request) => ({ request, status: 200, headers: createHttpHeaders(), bodyAsText }),
      });
      const registry = `${PROVIDERS}/Microsoft.ContainerRegistry/registries/r`;
      await expect(azure.registries.get(registry)).rejects.toMatchObject({ code: "AZURE_ERROR" });
      await expect(azure.registries.list(SUBSCRIPTION)).rejects.toMatchObject({ code: "AZURE_ERROR" });
    }
  });
});

test.each([
  "SELF_SIGNED_CERT_IN_CHAIN",
  "CERT_HAS_EXPIRED",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
])("a certificate that nobody trusts (%s) is no defect, and nothing is asked again", async (code) => {
  let asked = 0;
  const azure = azureOn({
    sendRequest() {
      asked += 1;
      throw new RestError("unable to verify", { code });
    },
  });
  await expect(azure.clusters.get(CLUSTER)).rejects.toMatchObject({
    code: "AZURE_UNREACHABLE",
    message: expect.stringContaining(code),
    remedy: expect.stringContaining("NODE_EXTRA_CA_CERTS"),
  });
  await expect(azure.identities.get(IDENTITY)).rejects.toMatchObject({ code: "AZURE_UNREACHABLE" });
  expect(asked).toBe(2);
});
