import { afterEach, beforeEach, expect, test } from "vitest";
import { connect } from "../../src/azure/connection.ts";
import { loadScenario } from "../../src/emulator/scenario.ts";
import { type RunningServer, startServer } from "../../src/emulator/server.ts";
import { TransientError } from "../../src/engine/errors.ts";

let server: RunningServer;
beforeEach(async () => {
  server = await startServer({ port: 0, timeScale: 36_000, scenario: await loadScenario("kubenet-plain") });
});
afterEach(() => server.close());

async function control<T>(method: string, path: string, body?: object): Promise<T> {
  const init = body ? { method, body: JSON.stringify(body) } : { method };
  return (await (await fetch(`${server.endpoint}/_emulator/${path}`, init)).json()) as T;
}

async function open() {
  const azure = (await connect({ cloud: "AzureCloud", emulator: server.endpoint })).azure();
  const [subscription] = await azure.resources.subscriptions();
  const [cluster] = await azure.clusters.list(subscription!.id);
  return { azure, id: String(cluster!["id"]) };
}

async function updates(): Promise<number> {
  const requests = await control<{ method: string; path: string }[]>("GET", "requests");
  return requests.filter(({ method, path }) => method === "PUT" && /managedClusters\/[^/]+$/i.test(path)).length;
}

test("a read whose answer breaks off is asked again", async () => {
  const { azure, id } = await open();
  const match = { method: "GET", pathPattern: "/managedClusters/" };
  await control("POST", "faults", { match, fault: { drop: "within" }, times: 2 });
  expect((await azure.clusters.get(id))?.["id"]).toBeDefined();
});

test("an update whose answer breaks off is not sent again: nobody knows but Azure", async () => {
  const { azure, id } = await open();
  await control("POST", "faults", { match: { method: "PUT" }, fault: { drop: "within" }, times: 9 });
  const update = azure.clusters.update(id, (body) => ({ ...body, tags: { changed: "yes" } }));
  await expect(update).rejects.toBeInstanceOf(TransientError);
  expect(await updates()).toBe(1);
});
