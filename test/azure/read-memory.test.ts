import { createHttpHeaders, createPipelineRequest, type HttpMethods } from "@azure/core-rest-pipeline";
import { describe, expect, it } from "vitest";
import { AFRESH, ReadMemory } from "../../src/azure/read-memory.ts";
import { MINUTE_MS, VirtualClock } from "../../src/engine/clock.ts";

const CLUSTER = "https://management.azure.com/subscriptions/s/managedClusters/c";
const ROLES = `${CLUSTER}/providers/Microsoft.Authorization/roleAssignments?$filter=atScope()`;

/** A memory in front of a service that counts what reaches it. */
function bench(statuses: number[] = []) {
  const clock = new VirtualClock();
  const memory = new ReadMemory(clock);
  const sent: string[] = [];
  const client = memory.in({
    sendRequest: async (request) => {
      sent.push(`${request.method} ${request.url}`);
      return { request, status: statuses.shift() ?? 200, headers: createHttpHeaders(), bodyAsText: "{}" };
    },
  });
  const send = (method: HttpMethods, url: string, body?: unknown, headers: Record<string, string> = {}) =>
    client.sendRequest(
      createPipelineRequest({
        method,
        url,
        headers: createHttpHeaders(headers),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
  return { clock, memory, sent, send };
}

describe("the memory of one look", () => {
  it("asks once, also for what is asked for twice at a time", async () => {
    const { send, sent } = bench();
    await Promise.all([send("GET", CLUSTER), send("GET", CLUSTER)]);
    const { request } = await send("GET", CLUSTER);
    expect([sent.length, request.url]).toEqual([1, CLUSTER]);
  });

  it("looks again after waiting, after some time, and at the beginning of another look", async () => {
    const { clock, memory, send, sent } = bench();
    await send("GET", CLUSTER);
    await memory.clock.sleep(1);
    await send("GET", CLUSTER);
    await clock.sleep(MINUTE_MS + 1);
    await send("GET", CLUSTER);
    memory.afresh();
    await send("GET", CLUSTER);
    expect(sent).toHaveLength(4);
  });

  it("looks again where nothing read before may stand for it, and remembers that answer", async () => {
    const { send, sent } = bench();
    await send("GET", CLUSTER);
    await send("GET", CLUSTER, undefined, AFRESH);
    await send("GET", CLUSTER);
    expect(sent).toHaveLength(2);
  });

  it("looks again after a write, but for what a role assignment cannot have changed", async () => {
    const { send, sent } = bench();
    const look = async () => {
      await send("GET", CLUSTER);
      await send("GET", ROLES);
    };
    await look();
    await send("PUT", `${CLUSTER}/providers/Microsoft.Authorization/roleAssignments/a`);
    await look();
    expect(sent.filter((request) => request.startsWith("GET"))).toEqual([
      `GET ${CLUSTER}`,
      `GET ${ROLES}`,
      `GET ${ROLES}`,
    ]);
    await send("PUT", CLUSTER);
    await look();
    expect(sent.slice(-2)).toEqual([`GET ${CLUSTER}`, `GET ${ROLES}`]);
  });

  it("keeps what one principal holds when another is given a role", async () => {
    const { send, sent } = bench();
    const heldBy = (who: string) =>
      `https://management.azure.com/subscriptions/s/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&$filter=${encodeURIComponent(who)}`;
    const lists = ["principalId eq 'a'", "principalId eq 'b'", "assignedTo('b')"].map(heldBy);
    const assign = (properties: object) =>
      send("PUT", `${CLUSTER}/providers/Microsoft.Authorization/roleAssignments/x`, { properties });
    const look = async () => {
      sent.length = 0;
      for (const list of lists) await send("GET", list);
      return sent.map((request) => decodeURIComponent(request).split("filter=")[1]);
    };
    await look();
    await assign({ principalId: "A" });
    expect(await look()).toEqual(["principalId eq 'a'", "assignedTo('b')"]);
    await assign({});
    expect(await look()).toHaveLength(3);
    await send("DELETE", `${CLUSTER}/providers/Microsoft.Authorization/roleAssignments/x`);
    expect(await look()).toHaveLength(3);
  });

  it("remembers that something is not there, but no failure", async () => {
    const { send, sent } = bench([503, 404]);
    expect((await send("GET", CLUSTER)).status).toBe(503);
    expect((await send("GET", CLUSTER)).status).toBe(404);
    expect((await send("GET", CLUSTER)).status).toBe(404);
    expect(sent).toHaveLength(2);
  });
});
