import { afterEach, describe, expect, it } from "vitest";
import type { JsonObject } from "../../src/emulator/json.ts";
import { textAt, valueAt } from "../../src/emulator/json.ts";
import { type RunningServer, startServer } from "../../src/emulator/server.ts";
import { CLUSTER, plainWorld } from "./harness.ts";

let server: RunningServer | undefined;
afterEach(() => server?.close());

async function open(timeScale: number, exchanges: JsonObject[] = []): Promise<RunningServer> {
  server = await startServer({ port: 0, timeScale, onRequest: (exchange) => exchanges.push(exchange) });
  const { endpoint } = server;
  await fetch(`${endpoint}/_emulator/resources`, { method: "POST", body: JSON.stringify(plainWorld()) });
  return server;
}

async function putCluster(endpoint: string): Promise<Response> {
  const url = `${endpoint}${CLUSTER}?api-version=2026-04-01`;
  const body = await (await fetch(url)).text();
  return fetch(url, { method: "PUT", body, headers: { "x-forwarded-proto": "https" } });
}

describe("the loopback door", () => {
  it("serves on 127.0.0.1 with links to itself, https where a proxy says so", async () => {
    const { endpoint } = await open(1);
    expect(endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const put = await putCluster(endpoint);
    expect(put.status).toBe(200);
    expect(put.headers.get("azure-asyncoperation")).toMatch(
      new RegExp(`^${endpoint.replace("http:", "https:")}/subscriptions/`),
    );
    expect(put.headers.get("retry-after")).toBeNull();
  });

  it("tells clients of a fast clock to poll faster: Retry-After divided, below a second in milliseconds", async () => {
    const { endpoint } = await open(300);
    const put = await putCluster(endpoint);
    expect([put.headers.get("retry-after"), put.headers.get("retry-after-ms")]).toEqual([null, "100"]);
    await fetch(`${endpoint}/_emulator/faults`, {
      method: "POST",
      body: JSON.stringify({ match: {}, fault: { status: 429, retryAfter: 3000 } }),
    });
    expect((await fetch(`${endpoint}/subscriptions?api-version=2022-12-01`)).headers.get("retry-after")).toBe("10");
  });

  it("runs its clock at the scale, from the machine's time", async () => {
    const { endpoint } = await open(3600);
    const read = async () =>
      (await (await fetch(`${endpoint}/_emulator/clock`)).json()) as { now: string; scale: number };
    const first = await read();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const second = await read();
    expect(first.scale).toBe(3600);
    expect(Date.parse(second.now) - Date.parse(first.now)).toBeGreaterThanOrEqual(300_000);
  });

  it("cuts the connection where a fault says so, and reports exchanges but not control calls", async () => {
    const exchanges: JsonObject[] = [];
    const { endpoint } = await open(1, exchanges);
    await fetch(`${endpoint}/_emulator/faults`, {
      method: "POST",
      body: JSON.stringify({ match: { method: "GET" }, fault: { drop: "after" } }),
    });
    await expect(fetch(`${endpoint}${CLUSTER}?api-version=2026-04-01`)).rejects.toThrow();
    expect((await fetch(`${endpoint}${CLUSTER}?api-version=2026-04-01`)).status).toBe(200);
    expect(
      exchanges.map((exchange) => [
        textAt(exchange, "request", "method"),
        valueAt(exchange, "response", "status", "code"),
      ]),
    ).toEqual([["GET", 200]]);
  });

  it("breaks off in the middle of an answer where a fault says so", async () => {
    const { endpoint } = await open(1);
    const post = (body: JsonObject) =>
      fetch(`${endpoint}/_emulator/faults`, { method: "POST", body: JSON.stringify(body) });
    await post({ match: { method: "PUT" }, fault: { drop: "within" } });
    const group = `${endpoint}/subscriptions/s/resourceGroups/rg?api-version=2021-04-01`;
    const answer = await fetch(group, { method: "PUT", body: JSON.stringify({ location: "westeurope" }) });
    expect(answer.status).toBe(201);
    await expect(answer.text()).rejects.toThrow();
    expect((await fetch(group)).status).toBe(200);
  });

  it("records exchanges without tokens and secrets", async () => {
    const exchanges: JsonObject[] = [];
    const { endpoint } = await open(1, exchanges);
    await fetch(`${endpoint}/msi/token?resource=x`);
    await fetch(`${endpoint}/subscriptions/s/resourceGroups/rg?api-version=2021-04-01`, {
      method: "PUT",
      body: JSON.stringify({ location: "westeurope", properties: { adminPassword: "hush" } }),
      headers: { authorization: "Bearer hush.hush.hush" },
    });
    expect(exchanges).toMatchObject([
      {
        request: {
          method: "PUT",
          uri: `${endpoint}/subscriptions/s/resourceGroups/rg?api-version=2021-04-01`,
          body: { location: "westeurope" },
        },
        response: { status: { code: 201, message: "Created" }, body: { name: "rg" } },
      },
    ]);
    expect(JSON.stringify(exchanges)).not.toContain('"hush"');
    expect(JSON.stringify(exchanges)).not.toContain("Bearer");
  });
});
