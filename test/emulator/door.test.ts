import { describe, expect, it } from "vitest";
import { defaultBehaviour } from "../../src/emulator/behaviour.ts";
import type { JsonObject } from "../../src/emulator/json.ts";
import {
  APPLICATION,
  CLUSTER,
  GROUP,
  Harness,
  plainWorld,
  REGISTRY,
  SERVICE_PRINCIPAL,
  SUBSCRIPTION,
} from "./harness.ts";

const AT = `/subscriptions/${SUBSCRIPTION}`;
const ASSIGNMENT = `${REGISTRY}/providers/Microsoft.Authorization/roleAssignments/b0000000-0000-4000-8000-000000000001`;

describe("the control API", () => {
  it("tells and sets behaviour, and refuses keys and values that it does not know", async () => {
    const harness = new Harness();
    const all = await harness.expect(200, "PATCH", "/_emulator/behaviour", { identityUpdate: "4m" });
    expect(all).toEqual({ ...defaultBehaviour(), identityUpdate: "4m" });
    for (const bad of [
      { unknown: 1 },
      { reimage: "sideways" },
      { rolePropagation: 20 },
      { newerNodeImage: "soon" },
      { caller: { role: "x" } },
      [],
    ]) {
      const answer = await harness.call("PATCH", "/_emulator/behaviour", bad);
      expect([answer.status, answer.body.error.code]).toEqual([400, "InvalidControlInput"]);
    }
    const named = await harness.call("PATCH", "/_emulator/behaviour", { reimage: "sideways" });
    expect(named.body.error.message).toContain("one of inPlace, replacesInstance");
  });

  it("tells the time and puts it forward", async () => {
    const harness = new Harness();
    expect(await harness.get("/_emulator/clock")).toEqual({ now: "2026-11-22T08:00:00.000Z", scale: 1 });
    expect(await harness.expect(200, "POST", "/_emulator/clock", { advance: "1h30m" })).toEqual({
      now: "2026-11-22T09:30:00.000Z",
      scale: 1,
    });
    for (const bad of [{ advance: "soon" }, { advance: "-5m" }, { advance: "99999999d" }, { advance: "1m", scale: 9 }])
      expect((await harness.call("POST", "/_emulator/clock", bad)).body.error.code).toBe("InvalidControlInput");
    expect((await harness.get("/_emulator/clock")).now).toBe("2026-11-22T09:30:00.000Z");
    expect((await harness.call("POST", "/_emulator/nonsense")).status).toBe(404);
  });

  it("refuses resources that are none", async () => {
    const harness = new Harness();
    for (const bad of [{}, [1], [{ type: "x" }], [{ id: "not an id", type: "Microsoft.Network/x" }]])
      expect((await harness.call("POST", "/_emulator/resources", bad)).status).toBe(400);
  });

  it.each<[string, JsonObject]>([
    ["properties is not an object", { id: REGISTRY, properties: 5 }],
    ["agentPoolProfiles is not a list", { id: CLUSTER, properties: { agentPoolProfiles: {} } }],
    ["agentPoolProfiles[0] has no name", { id: CLUSTER, properties: { agentPoolProfiles: [{ count: 1 }] } }],
    ["count of pool 'a' is -2,", { id: CLUSTER, properties: { agentPoolProfiles: [{ name: "a", count: -2 }] } }],
    ["_emulator.registries is not a list", { id: CLUSTER, _emulator: { registries: REGISTRY } }],
    ["it has no properties.principalId", { id: ASSIGNMENT }],
    [
      "createdOn 'once' is no date",
      { id: ASSIGNMENT, properties: { principalId: SERVICE_PRINCIPAL, roleDefinitionId: "r", createdOn: "once" } },
    ],
    ["its credentials are not a list", { id: "app", type: "Microsoft.Graph/applications", passwordCredentials: {} }],
    ["it has no cluster", { type: "Kubernetes/PodDisruptionBudget", metadata: { name: "web" } }],
  ])("refuses what would be without effect or break the model, and takes nothing of the array: %s", async (says, bad) => {
    const harness = new Harness();
    const answer = await harness.call("POST", "/_emulator/resources", [...plainWorld(), bad]);
    expect(answer.body.error).toMatchObject({ code: "InvalidControlInput", message: expect.stringContaining(says) });
    expect(await harness.get("/_emulator/resources")).toEqual([]);
  });

  it("refuses pools that make no sense from clients too", async () => {
    const harness = await Harness.with(plainWorld());
    const pool = { properties: { count: -1 } };
    const puts: [path: string, body: JsonObject][] = [
      [`${CLUSTER}/agentPools/apps`, pool],
      [`${CLUSTER}/agentPools/new`, pool],
      [CLUSTER, { location: "westeurope", properties: { agentPoolProfiles: [{ name: "apps", count: 1001 }] } }],
      [`${CLUSTER}2`, { location: "westeurope", properties: { agentPoolProfiles: [{ count: 1 }] } }],
    ];
    for (const [path, body] of puts)
      expect((await harness.call("PUT", path, body)).body).toMatchObject({ code: "InvalidParameter", subcode: "" });
  });

  it("logs requests with their emulated time, and writes with bodies without secrets", async () => {
    const harness = await Harness.with(plainWorld());
    await harness.advance("1m");
    const body = { location: "westeurope", properties: { clientSecret: "hush", adminPassword: "hush", keep: "this" } };
    await harness.expect(201, "PUT", `${GROUP}/providers/Contoso.Things/things/one`, body);
    await harness.get(`${GROUP}/providers/Contoso.Things/things/one`);
    await harness.get("/_emulator/clock");
    const log = await harness.get("/_emulator/requests");
    expect(log).toEqual([
      {
        at: "2026-11-22T08:01:00.000Z",
        method: "PUT",
        path: `${GROUP}/providers/Contoso.Things/things/one`,
        apiVersion: "2026-04-01",
        status: 201,
        body: {
          location: "westeurope",
          properties: { clientSecret: "REDACTED", adminPassword: "REDACTED", keep: "this" },
        },
      },
      expect.objectContaining({ method: "GET", status: 200 }),
    ]);
    expect(log[1]).not.toHaveProperty("body");
  });
});

describe("faults", () => {
  it("answer in Azure's place, once unless told otherwise, counting matches from the call", async () => {
    const harness = await Harness.with(plainWorld());
    await harness.expect(200, "POST", "/_emulator/faults", {
      match: { method: "GET", pathPattern: "MANAGEDCLUSTERS/web\\?", nth: 2 },
      fault: { status: 429, code: "Throttled", message: "later", retryAfter: 7 },
    });
    const statuses = [];
    for (let round = 0; round < 4; round++) statuses.push((await harness.call("GET", CLUSTER)).status);
    expect(statuses).toEqual([200, 429, 200, 200]);
    await harness.expect(200, "POST", "/_emulator/faults", {
      match: {},
      fault: { status: 503, retryAfter: 7 },
      times: 2,
    });
    const first = await harness.call("GET", CLUSTER);
    expect([first.status, first.headers["retry-after"], first.body.error.code]).toEqual([
      503,
      "7",
      "ServiceUnavailable",
    ]);
    expect((await harness.call("GET", CLUSTER)).status).toBe(503);
    expect((await harness.call("GET", CLUSTER)).status).toBe(200);
  });

  it("drop the connection before or after the service acted", async () => {
    const harness = await Harness.with(plainWorld());
    const thing = (name: string) => `${GROUP}/providers/Contoso.Things/things/${name}`;
    await harness.expect(200, "POST", "/_emulator/faults", {
      match: { pathPattern: "things/before" },
      fault: { drop: "before" },
    });
    await harness.expect(200, "POST", "/_emulator/faults", {
      match: { pathPattern: "things/after" },
      fault: { drop: "after" },
    });
    await expect(harness.call("PUT", thing("before"), {})).rejects.toMatchObject({ name: "ConnectionDropped" });
    await expect(harness.call("PUT", thing("after"), {})).rejects.toMatchObject({ name: "ConnectionDropped" });
    expect((await harness.call("GET", thing("before"))).status).toBe(404);
    expect((await harness.call("GET", thing("after"))).status).toBe(200);
    const log = await harness.get("/_emulator/requests");
    expect(log.filter((entry: { method: string }) => entry.method === "PUT")).toHaveLength(1);
  });

  it("delay an answer by real milliseconds", async () => {
    const harness = await Harness.with(plainWorld());
    await harness.expect(200, "POST", "/_emulator/faults", { match: {}, fault: { delayMs: 40 } });
    const began = performance.now();
    await harness.get(CLUSTER);
    expect(performance.now() - began).toBeGreaterThanOrEqual(39);
  });

  it("are refused when they make no sense", async () => {
    const harness = new Harness();
    for (const bad of [
      {},
      { fault: {} },
      { fault: { drop: "sometimes" } },
      { fault: { status: 200 } },
      { match: { pathPattern: "(" }, fault: { status: 500 } },
      { fault: { status: 500 }, times: 0 },
    ])
      expect((await harness.call("POST", "/_emulator/faults", bad)).status).toBe(400);
  });
});

describe("Azure Resource Manager", () => {
  it("wants an api-version, and takes any", async () => {
    const harness = await Harness.with(plainWorld());
    const without = await harness.emulator.handle({
      method: "GET",
      url: `https://management.azure.com${CLUSTER}`,
      headers: {},
    });
    expect(without.status).toBe(400);
    expect(JSON.parse(without.body).error.code).toBe("MissingApiVersionParameter");
    expect((await harness.get(`${CLUSTER}?api-version=2024-09-01`)).eTag).toBeTruthy();
    expect(await harness.get(`${CLUSTER}?api-version=2022-11-01`)).not.toHaveProperty("eTag");
  });

  it("does not care how a path is cased, and shows clusters with lower-case resourcegroups", async () => {
    const harness = await Harness.with(plainWorld());
    const cluster = await harness.get(CLUSTER.toUpperCase().replace("/SUBSCRIPTIONS", "/subscriptions"));
    expect(cluster.id).toBe(CLUSTER.replace("/resourceGroups/", "/resourcegroups/"));
    expect(cluster.type).toBe("Microsoft.ContainerService/ManagedClusters");
  });

  it("keeps resources of types that it does not know, as they are", async () => {
    const harness = await Harness.with(plainWorld());
    const thing = `${GROUP}/providers/Contoso.Things/things/one`;
    await harness.expect(201, "PUT", thing, { location: "mars", odd: { deep: [1, null, "x"] } });
    await harness.expect(200, "PATCH", thing, { odd: { more: true } });
    expect(await harness.get(thing)).toEqual({
      id: thing,
      name: "one",
      type: "Contoso.Things/things",
      location: "mars",
      odd: { deep: [1, null, "x"], more: true },
    });
    expect((await harness.get(`${AT}/providers/Contoso.Things/things`)).value).toHaveLength(1);
    await harness.expect(200, "DELETE", thing);
    await harness.expect(204, "DELETE", thing);
    expect((await harness.call("GET", thing)).body.error.code).toBe("ResourceNotFound");
  });

  it("answers for children that stand inline in their parent, and keeps both in step", async () => {
    const network = `${GROUP}/providers/Microsoft.Network/virtualNetworks/vnet`;
    const harness = await Harness.with([
      {
        id: network,
        type: "Microsoft.Network/virtualNetworks",
        properties: { subnets: [{ name: "nodes", properties: { addressPrefix: "10.0.0.0/24" } }] },
      },
    ]);
    expect(await harness.get(`${network}/subnets/nodes`)).toMatchObject({
      name: "nodes",
      properties: { addressPrefix: "10.0.0.0/24" },
    });
    await harness.expect(200, "PUT", `${network}/subnets/nodes`, { properties: { addressPrefix: "10.0.1.0/24" } });
    await harness.expect(201, "PUT", `${network}/subnets/pods`, { properties: { addressPrefix: "10.0.2.0/24" } });
    const { properties } = await harness.get(network);
    expect(
      properties.subnets.map((subnet: { properties: { addressPrefix: string } }) => subnet.properties.addressPrefix),
    ).toEqual(["10.0.1.0/24", "10.0.2.0/24"]);
    expect((await harness.get(`${network}/subnets`)).value).toHaveLength(2);
  });

  it("has the subscriptions and groups that ids name, and 404s for others", async () => {
    const harness = await Harness.with(plainWorld());
    const { value } = await harness.get("/subscriptions");
    expect(value).toMatchObject([{ subscriptionId: SUBSCRIPTION, state: "Enabled" }]);
    const groups = await harness.get(`${AT}/resourcegroups`);
    expect(groups.value.map((group: { name: string }) => group.name)).toEqual(["rg-app", "MC_rg-app_web_westeurope"]);
    const none = await harness.call("GET", `${AT}/resourcegroups/none`);
    expect([none.status, none.body.error]).toEqual([
      404,
      { code: "ResourceGroupNotFound", message: "Resource group 'none' could not be found." },
    ]);
    await harness.expect(201, "PUT", `${AT}/resourcegroups/none`, { location: "westeurope" });
    await harness.expect(201, "PUT", `${AT}/resourceGroups/none/providers/Contoso.Things/things/one`, {});
    const into = await harness.call("PUT", `${AT}/resourceGroups/nowhere/providers/Contoso.Things/things/one`, {});
    expect([into.status, into.body.error.code]).toEqual([404, "ResourceGroupNotFound"]);
  });

  it("lists all resources of a subscription by type and by group", async () => {
    const harness = await Harness.with(plainWorld());
    const list = async (filter: string) =>
      (await harness.get(`${AT}/resources?$filter=${encodeURIComponent(filter)}`)).value;
    expect(await list("resourceType eq 'microsoft.containerregistry/REGISTRIES'")).toMatchObject([
      { id: REGISTRY, location: "westeurope", tags: {} },
    ]);
    expect((await list("resourceGroup eq 'RG-APP'")).map((item: { name: string }) => item.name).sort()).toEqual([
      "web",
      "webimages",
    ]);
  });

  it("pages long lists, with links back to the host that was asked", async () => {
    const harness = await Harness.with(plainWorld(), { pageSize: 2 });
    for (const name of ["a", "b", "c"])
      await harness.expect(201, "PUT", `${GROUP}/providers/Contoso.Things/things/${name}`, {});
    const headers = { host: "localhost:8443", "x-forwarded-proto": "https" };
    const first = await harness.call("GET", `${AT}/providers/Contoso.Things/things`, undefined, headers);
    expect(first.body.value).toHaveLength(2);
    expect(first.body.nextLink).toMatch(/^https:\/\/localhost:8443\/subscriptions\/.*skiptoken=2/);
    const next = new URL(first.body.nextLink);
    const second = await harness.get(next.pathname + next.search);
    expect(second.value.map((item: { name: string }) => item.name)).toEqual(["c"]);
    expect(second).not.toHaveProperty("nextLink");
  });

  it("tells how many requests are left, and throttles when told to", async () => {
    const harness = await Harness.with(plainWorld());
    const { headers } = await harness.call("GET", REGISTRY);
    expect(Number(headers["x-ms-ratelimit-remaining-subscription-reads"])).toBeGreaterThan(200);
    await harness.expect(200, "PATCH", "/_emulator/behaviour", { throttles: { reads: { size: 2, perSecond: 0.5 } } });
    const statuses = [];
    for (let round = 0; round < 3; round++) statuses.push((await harness.call("GET", REGISTRY)).status);
    expect(statuses).toContain(429);
    const refused = await harness.call("GET", REGISTRY);
    expect(refused.body.error.code).toBe("SubscriptionRequestsThrottled");
    expect(refused.headers).toMatchObject({ "retry-after": "2", "x-ms-ratelimit-remaining-subscription-reads": "0" });
    await harness.advance("2s");
    await harness.get(REGISTRY);
  });

  it("throttles cluster updates as AKS does, with a flat body", async () => {
    const harness = await Harness.with(plainWorld(), { throttles: { clusterWrites: { size: 1, perSecond: 0.01 } } });
    const body = await harness.get(CLUSTER);
    await harness.expect(200, "PUT", CLUSTER, body);
    const refused = await harness.call("PUT", CLUSTER, body);
    expect([refused.status, refused.body.code, refused.headers["retry-after"]]).toEqual([429, "Throttled", "100"]);
    expect(refused.body.message).toContain("PutManagedClusterHandler.PUT request limit has been exceeded");
  });

  it("may carry an internal conflict through an operation that succeeds", async () => {
    const harness = await Harness.with(plainWorld(), { etagMismatchInOperation: true });
    const put = await harness.call("PUT", CLUSTER, await harness.get(CLUSTER));
    const operation = new URL(put.headers["azure-asyncoperation"]!);
    await harness.advance("10m");
    expect(await harness.get(operation.pathname + operation.search)).toMatchObject({
      status: "Succeeded",
      error: { code: "EtagMismatch" },
    });
  });

  it("makes the same ids from the same seed", async () => {
    const ids = await Promise.all(
      [1, 2].map(async () => (await (await Harness.with(plainWorld())).identity("id-web")).principalId),
    );
    expect(ids[0]).toBe(ids[1]);
  });
});

describe("Microsoft Graph and tokens", () => {
  it("finds service principals by any of their names, applications with their credentials, objects by id", async () => {
    const harness = await Harness.with(plainWorld());
    const identity = await harness.identity("id-web");
    await harness.advance("1m");
    const by = async (filter: string) =>
      (await harness.get(`/v1.0/servicePrincipals?$filter=${encodeURIComponent(filter)}`)).value;
    for (const filter of [
      `servicePrincipalNames/any(c:c eq 'http://sp-web')`,
      `appId eq '${APPLICATION}'`,
      "displayName eq 'sp-web'",
    ])
      expect(await by(filter)).toMatchObject([{ id: SERVICE_PRINCIPAL, appId: APPLICATION }]);
    expect(await by(`servicePrincipalNames/any(c:c eq '${SERVICE_PRINCIPAL}')`)).toEqual([]);
    expect(await by(`appId eq '${identity.clientId}'`)).toMatchObject([
      { id: identity.principalId, servicePrincipalType: "ManagedIdentity" },
    ]);
    const { value } = await harness.get(
      `/v1.0/applications?$filter=${encodeURIComponent(`appId eq '${APPLICATION}'`)}`,
    );
    expect(value[0].passwordCredentials[0]).toMatchObject({ endDateTime: "2027-03-01T00:00:00Z", secretText: null });
    const objects = await harness.expect(200, "POST", "/v1.0/directoryObjects/getByIds", {
      ids: [SERVICE_PRINCIPAL, "none"],
    });
    expect(objects.value).toMatchObject([
      { "@odata.type": "#microsoft.graph.servicePrincipal", id: SERVICE_PRINCIPAL },
    ]);
    expect((await harness.call("GET", "/v1.0/servicePrincipals/none")).status).toBe(404);
  });

  it("refuses everything when Graph is denied", async () => {
    const harness = await Harness.with(plainWorld(), { graphDenied: true });
    const answer = await harness.call("GET", "/v1.0/servicePrincipals");
    expect([answer.status, answer.body.error.code]).toEqual([403, "Authorization_RequestDenied"]);
  });

  it("gives tokens in three parts to whoever asks", async () => {
    const harness = await Harness.with(plainWorld());
    const forms = ["/msi/token?resource=https%3A%2F%2Fmanagement.azure.com%2F", "/contoso.com/oauth2/v2.0/token"];
    for (const path of forms) {
      const { access_token: token, token_type } = await harness.expect(
        200,
        path.startsWith("/msi") ? "GET" : "POST",
        path,
      );
      expect(token_type).toBe("Bearer");
      const claims = JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());
      expect(claims).toMatchObject({ oid: expect.any(String), appid: expect.any(String), tid: expect.any(String) });
    }
    const msi = await harness.get(forms[0]!);
    expect(msi.expires_on).toMatch(/^\d+$/);
  });
});
