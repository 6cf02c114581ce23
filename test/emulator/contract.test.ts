import { describe, expect, it } from "vitest";
import type { Json } from "../../src/emulator/json.ts";
import {
  CLUSTER,
  GROUP,
  Harness,
  NODE_GROUP,
  plainWorld,
  REGISTRY,
  ROLES,
  roleId,
  SERVICE_PRINCIPAL,
  SUBSCRIPTION,
} from "./harness.ts";

const AT = `/subscriptions/${SUBSCRIPTION}`;
const CLUSTERS = CLUSTER.replace(/\/web$/, "");
const APPS = `${CLUSTER}/agentPools/apps`;
const NOWHERE = `${AT}/resourceGroups/nowhere`;
const ASSIGNMENT = `${REGISTRY}/providers/Microsoft.Authorization/roleAssignments/a0000000-0000-4000-8000-000000000001`;
const IDENTITY = "providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-web";

/** Status and code of an answer, whether its error is flat or in an envelope. */
async function refusal(
  harness: Harness,
  method: string,
  path: string,
  body?: Json,
  headers: Record<string, string> = {},
) {
  const answer = await harness.call(method, path, body, headers);
  return [answer.status, answer.body?.error?.code ?? answer.body?.code];
}

describe("the methods of a path", () => {
  const cases: [string, string][] = [
    ["POST", CLUSTER],
    ["PUT", CLUSTERS],
    ["DELETE", CLUSTERS],
    ["PATCH", APPS],
    ["DELETE", `${CLUSTER}/agentPools`],
    ["PUT", `${APPS}/upgradeProfiles/default`],
    ["GET", `${APPS}/upgradeNodeImageVersion`],
    ["GET", `${CLUSTER}/abort`],
    ["GET", `${CLUSTER}/resetServicePrincipalProfile`],
    ["PUT", `${CLUSTER}/runCommand`],
    ["PUT", `${GROUP}/providers/Microsoft.Authorization/roleAssignments`],
    ["PATCH", ASSIGNMENT],
    ["POST", `${GROUP}/${IDENTITY}`],
    ["POST", REGISTRY],
    ["POST", GROUP],
    ["PUT", AT],
    ["DELETE", `${GROUP}/resources`],
  ];

  it.each(cases)("are not %s where %s does not take it", async (method, path) => {
    const harness = await Harness.with(plainWorld());
    const before = await harness.get("/_emulator/resources");
    expect(await refusal(harness, method, path)).toEqual([405, "MethodNotAllowed"]);
    expect(await harness.get("/_emulator/resources")).toEqual(before);
  });

  it("are those of an operation: GET alone", async () => {
    const harness = await Harness.with(plainWorld());
    const put = await harness.call("PUT", CLUSTER, await harness.get(CLUSTER));
    const { pathname, search } = new URL(put.headers["azure-asyncoperation"]!);
    expect(await refusal(harness, "DELETE", pathname + search)).toEqual([405, "MethodNotAllowed"]);
    expect((await harness.get(pathname + search)).status).toBe("InProgress");
  });
});

describe("resource groups", () => {
  it("are asked for with HEAD, and changed with PATCH where they are there", async () => {
    const harness = await Harness.with(plainWorld());
    expect(await harness.call("HEAD", GROUP)).toMatchObject({ status: 204, body: undefined });
    expect(await harness.call("HEAD", NOWHERE)).toMatchObject({ status: 404, body: undefined });
    expect(await refusal(harness, "PATCH", NOWHERE, { tags: { a: "b" } })).toEqual([404, "ResourceGroupNotFound"]);
    expect((await harness.expect(200, "PATCH", GROUP, { tags: { a: "b" } })).tags).toEqual({ a: "b" });
  });

  it("are neither shown nor deleted under a path that is not theirs", async () => {
    const harness = await Harness.with(plainWorld());
    expect(await refusal(harness, "GET", `${GROUP}/nonsense`)).toEqual([404, "InvalidResourceType"]);
    expect((await harness.call("DELETE", `${GROUP}/nonsense`)).status).toBe(405);
    await harness.get(CLUSTER);
  });

  it("stay while they, or anything in them, are locked against deletion", async () => {
    const harness = await Harness.with(plainWorld());
    for (const scope of [AT, GROUP, REGISTRY]) {
      await harness.expect(200, "PATCH", "/_emulator/behaviour", { locks: [{ scope, level: "CanNotDelete" }] });
      expect(await refusal(harness, "DELETE", GROUP)).toEqual([409, "ScopeLocked"]);
      await harness.expect(200, "PATCH", GROUP, { tags: { of: "team" } });
    }
  });

  it("are deleted while the client asks where it was told to: 202 until they are gone, then 200, without a body", async () => {
    const harness = await Harness.with(plainWorld());
    const accepted = await harness.call("DELETE", GROUP);
    expect([accepted.status, accepted.body, accepted.headers["retry-after"]]).toEqual([202, undefined, "15"]);
    const { pathname, search } = new URL(accepted.headers["location"]!);
    const [, , subscription, , job] = pathname.split("/");
    expect(subscription).toBe(SUBSCRIPTION);
    expect(JSON.parse(Buffer.from(job!, "base64url").toString())).toEqual({
      jobId: "RESOURCEGROUPDELETIONJOB-RG-APP-WESTEUROPE",
      jobLocation: "westeurope",
    });
    const ask = () => harness.call("GET", pathname + search);
    expect(await ask()).toMatchObject({
      status: 202,
      body: undefined,
      headers: { location: accepted.headers["location"] },
    });
    expect((await harness.get(GROUP)).properties.provisioningState).toBe("Deleting");
    expect((await harness.get(CLUSTER)).properties.provisioningState).toBe("Deleting");
    expect(await refusal(harness, "PUT", CLUSTER, await harness.get(CLUSTER))).toEqual([409, "OperationNotAllowed"]);
    const again = await harness.call("DELETE", GROUP);
    expect([again.status, again.headers["location"]]).toEqual([202, accepted.headers["location"]]);
    await harness.advance("5m");
    expect(await ask()).toMatchObject({ status: 200, body: undefined });
    for (const path of [GROUP, CLUSTER, NODE_GROUP])
      expect(await refusal(harness, "GET", path)).toEqual([404, "ResourceGroupNotFound"]);
    expect(await refusal(harness, "GET", `${AT}/operationresults/other`)).toEqual([404, "OperationNotFound"]);
  });

  it("that were deleted can be made again, and are deleted again", async () => {
    const harness = await Harness.with(plainWorld());
    for (const _ of [1, 2]) {
      const { headers } = await harness.call("DELETE", GROUP);
      await harness.advance("5m");
      const { pathname, search } = new URL(headers["location"]!);
      expect((await harness.call("GET", pathname + search)).status).toBe(200);
      await harness.expect(201, "PUT", GROUP, { location: "westeurope" });
    }
    expect((await harness.get(GROUP)).properties.provisioningState).toBe("Succeeded");
  });

  it("that are not there are said so by every provider in them; what is to be deleted there is gone", async () => {
    const harness = await Harness.with(plainWorld());
    for (const path of [
      `${NOWHERE}/${IDENTITY}`,
      CLUSTER.replace("rg-app", "nowhere"),
      CLUSTERS.replace("rg-app", "nowhere"),
    ])
      expect(await refusal(harness, "GET", path)).toEqual([404, "ResourceGroupNotFound"]);
    await harness.expect(204, "DELETE", `${NOWHERE}/${IDENTITY}`);
    await harness.expect(204, "DELETE", CLUSTER.replace("rg-app", "nowhere"));
  });
});

describe("preconditions", () => {
  const missing = `${CLUSTER}2`;
  const body = {
    location: "westeurope",
    properties: { agentPoolProfiles: [{ name: "system", count: 1, mode: "System" }] },
  };

  it("fail a PUT of what is not there, and neither a PATCH (404) nor a DELETE (204)", async () => {
    const harness = await Harness.with(plainWorld());
    for (const eTag of ["*", '"other"']) {
      const headers = { "if-match": eTag };
      expect(await refusal(harness, "PUT", missing, body, headers)).toEqual([412, "PreconditionFailed"]);
      expect(await refusal(harness, "PATCH", missing, { tags: {} }, headers)).toEqual([404, "ResourceNotFound"]);
      expect((await harness.call("DELETE", missing, undefined, headers)).status).toBe(204);
    }
  });

  it("hold for what is there: its eTag quoted or not, a star, and none at all", async () => {
    const harness = await Harness.with(plainWorld());
    const { eTag } = await harness.get(CLUSTER);
    const patch = async (match: string) =>
      (await harness.call("PATCH", CLUSTER, { tags: {} }, { "if-match": match })).status;
    expect(await patch('"other"')).toBe(412);
    expect(await patch(`"${eTag}"`)).toBe(200);
    expect(await patch(eTag)).toBe(412);
    expect([await patch("*"), await patch("")]).toEqual([200, 200]);
    expect((await harness.call("DELETE", CLUSTER, undefined, { "if-match": "other" })).status).toBe(412);
  });

  it("make a PUT create only, with If-None-Match", async () => {
    const harness = await Harness.with(plainWorld());
    const headers = { "if-none-match": "*" };
    expect(await refusal(harness, "PUT", CLUSTER, await harness.get(CLUSTER), headers)).toEqual([
      412,
      "PreconditionFailed",
    ]);
    expect((await harness.call("PATCH", CLUSTER, { tags: {} }, headers)).status).toBe(200);
    expect((await harness.call("PUT", missing, body, headers)).status).toBe(201);
  });
});

describe("operations", () => {
  it("that were canceled say so in an error, like those that failed", async () => {
    const harness = await Harness.with(plainWorld());
    const put = await harness.call("PUT", CLUSTER, await harness.get(CLUSTER));
    await harness.expect(202, "POST", `${CLUSTER}/abort`);
    await harness.advance("1m");
    const { pathname, search } = new URL(put.headers["azure-asyncoperation"]!);
    expect(await harness.get(pathname + search)).toMatchObject({ status: "Canceled", error: { code: "Canceled" } });
    expect((await harness.get(CLUSTER)).properties.provisioningState).toBe("Canceled");
  });

  it("are not begun for a pool that is stopped", async () => {
    const harness = await Harness.with(plainWorld());
    await harness.expect(200, "PUT", APPS, { properties: { powerState: { code: "Stopped" } } });
    await harness.advance("5m");
    const { nodeImageVersion } = (await harness.get(APPS)).properties;
    expect(await refusal(harness, "POST", `${APPS}/upgradeNodeImageVersion`)).toEqual([409, "OperationNotAllowed"]);
    expect((await harness.get(APPS)).properties).toMatchObject({ nodeImageVersion, provisioningState: "Succeeded" });
  });

  it("of a pool that is not there cannot be aborted", async () => {
    const harness = await Harness.with(plainWorld());
    expect(await refusal(harness, "POST", `${CLUSTER}/agentPools/none/abort`)).toEqual([404, "NotFound"]);
  });

  it("are not begun for an image that a pool has already, where the answer to that is 304", async () => {
    const harness = await Harness.with(plainWorld(), { newerNodeImage: false, upToDateImageUpgrade: "notModified" });
    const post = await harness.call("POST", `${APPS}/upgradeNodeImageVersion`);
    expect(post).toMatchObject({ status: 304, body: undefined });
    expect(post.headers).not.toHaveProperty("azure-asyncoperation");
    expect((await harness.get(APPS)).properties.provisioningState).toBe("Succeeded");
    await harness.expect(200, "PATCH", "/_emulator/behaviour", { newerNodeImage: true });
    await harness.expect(202, "POST", `${APPS}/upgradeNodeImageVersion`);
  });
});

it("an identity keeps what it is sent, but for its ids, and what is not sent again", async () => {
  const harness = await Harness.with(plainWorld());
  const path = `${GROUP}/${IDENTITY}`;
  const properties = { isolationScope: "Regional", principalId: SERVICE_PRINCIPAL };
  const made = await harness.expect(201, "PUT", path, { location: "westeurope", tags: { of: "team" }, properties });
  expect(made.properties.isolationScope).toBe("Regional");
  expect(made.properties.principalId).not.toBe(SERVICE_PRINCIPAL);
  const again = path.toUpperCase().replace("/SUBSCRIPTIONS", "/subscriptions");
  expect(await harness.expect(200, "PUT", again, { location: "westeurope" })).toEqual(made);
  expect(await refusal(harness, "PUT", path, {})).toEqual([400, "LocationRequired"]);
});

it("errors of AKS come flat and without a charset, those of ARM in an envelope and with one", async () => {
  const harness = await Harness.with(plainWorld());
  const flat = await harness.call("POST", `${CLUSTER}/abort`);
  expect([flat.headers["content-type"], Object.keys(flat.body)]).toEqual([
    "application/json",
    ["code", "details", "message", "subcode"],
  ]);
  const missing = await harness.call("GET", `${CLUSTER}2`);
  expect([missing.headers["content-type"], Object.keys(missing.body)]).toEqual([
    "application/json; charset=utf-8",
    ["error"],
  ]);
});

it("a PUT of the cluster adds no pool", async () => {
  const harness = await Harness.with(plainWorld());
  const cluster = await harness.get(CLUSTER);
  cluster.properties.agentPoolProfiles.push({ name: "more", count: 1 });
  expect(await refusal(harness, "PUT", CLUSTER, cluster)).toEqual([400, "BadRequest"]);
  expect((await harness.get(CLUSTER)).properties.agentPoolProfiles).toHaveLength(2);
});

describe("throttling", () => {
  const limits = (headers: Readonly<Record<string, string>>) =>
    Object.keys(headers).filter((name) => name.startsWith("x-ms-ratelimit-remaining-"));

  it("counts what no provider serves, for the subscription or the tenant", async () => {
    const harness = await Harness.with(plainWorld(), { throttles: { reads: { size: 1, perSecond: 0 } } });
    for (const [path, kind] of [
      [`${AT}/resources`, "subscription"],
      ["/subscriptions", "tenant"],
    ] as const) {
      const first = await harness.call("GET", path);
      expect([first.status, limits(first.headers)]).toEqual([200, [`x-ms-ratelimit-remaining-${kind}-reads`]]);
      expect(await refusal(harness, "GET", path)).toEqual([429, "SubscriptionRequestsThrottled"]);
    }
  });

  it("by AKS leaves a header that shows how much is left at ARM", async () => {
    const harness = await Harness.with(plainWorld(), { throttles: { clusterReads: { size: 0, perSecond: 1 } } });
    const refused = await harness.call("GET", CLUSTER);
    expect([refused.status, refused.body.code]).toEqual([429, "Throttled"]);
    expect(Number(refused.headers["x-ms-ratelimit-remaining-subscription-reads"])).toBeGreaterThan(200);
  });

  it("of cluster writes is for PUT, and lists of a group have a bucket of their own", async () => {
    const none = { size: 0, perSecond: 1 };
    const harness = await Harness.with(plainWorld(), { throttles: { clusterWrites: none, groupClusterLists: none } });
    await harness.expect(200, "PATCH", CLUSTER, { tags: {} });
    await harness.expect(429, "PUT", CLUSTER, await harness.get(CLUSTER));
    await harness.expect(429, "GET", CLUSTERS);
    await harness.get(`${AT}/providers/Microsoft.ContainerService/managedClusters`);
  });

  it("counts all other calls to AKS together, for a subscription and a region", async () => {
    const elsewhere = CLUSTER.replace(/web$/, "east");
    const [, , , , web] = plainWorld();
    const harness = await Harness.with(
      [...plainWorld(), { ...structuredClone(web!), id: elsewhere, location: "East US" }],
      { throttles: { otherCalls: { size: 3, perSecond: 0.1 } } },
    );
    await harness.get(APPS);
    await harness.get(`${APPS}/upgradeProfiles/default`);
    await harness.expect(202, "POST", `${APPS}/upgradeNodeImageVersion`);
    const refused = await harness.call("GET", `${CLUSTER}/agentPools`);
    expect([refused.status, refused.body.code, refused.headers["retry-after"]]).toEqual([429, "Throttled", "10"]);
    expect(refused.body.message).toContain("The GetAgentPoolsHandler.GET request limit has been exceeded");
    const versions = `${AT}/providers/Microsoft.ContainerService/locations/westeurope/kubernetesVersions`;
    expect((await harness.call("GET", versions)).status).toBe(429);
    await harness.get(CLUSTER);
    await harness.get(`${elsewhere}/agentPools`);
    await harness.advance("10s");
    await harness.get(versions);
  });
});

describe("an update while another operation is under way", () => {
  it.each([
    ["OperationNotAllowed", { subcode: "" }],
    [
      "EtagMismatch",
      {
        message: "Operation is not allowed: Another operation is in progress",
        details: [{ code: "Unspecified", message: "rpc error: code = FailedPrecondition desc = Etag mismatched" }],
        subcode: "PutManagedClusterAndComponents_FailedPrecondition",
      },
    ],
  ])("is refused with 409 %s, flat, and nothing else is", async (updateConflict, shown) => {
    const harness = await Harness.with(plainWorld(), { updateConflict });
    const cluster = await harness.get(CLUSTER);
    await harness.expect(202, "POST", `${APPS}/upgradeNodeImageVersion`);
    const refused = await harness.call("PUT", CLUSTER, cluster);
    expect([refused.status, refused.body]).toMatchObject([409, { code: updateConflict, ...shown }]);
    expect(refused.body).not.toHaveProperty("error");
    expect(await refusal(harness, "PATCH", CLUSTER, { tags: {} })).toEqual([409, "OperationNotAllowed"]);
    await harness.advance("1h");
    await harness.expect(200, "PUT", CLUSTER, await harness.get(CLUSTER));
  });
});

it.each<Record<string, Json>>([
  { match: { path: "managedClusters" }, fault: { status: 500 } },
  { match: { method: 1 }, fault: { status: 500 } },
  { match: { pathPattern: 1 }, fault: { status: 500 } },
  { match: [], fault: { status: 500 } },
  { fault: { status: 500, retryafter: 5 } },
  { fault: { status: 429, retryAfter: "5" } },
  { fault: { status: 429.5 } },
  { fault: { status: 500, code: 1 } },
])("a fault that would strike something else than was meant is refused: %j", async (fault) => {
  const harness = await Harness.with(plainWorld());
  expect(await refusal(harness, "POST", "/_emulator/faults", fault)).toEqual([400, "InvalidControlInput"]);
  await harness.get(CLUSTER);
});

it("scopes, names and principals in another case are the same assignment", async () => {
  const harness = await Harness.with(plainWorld());
  const upper = ASSIGNMENT.slice(AT.length).toUpperCase();
  const properties = {
    roleDefinitionId: roleId(ROLES.acrPull).toUpperCase(),
    principalId: SERVICE_PRINCIPAL.toUpperCase(),
    principalType: "ServicePrincipal",
  };
  const again = await harness.expect(200, "PUT", `${AT}${upper}`, { properties });
  expect(again.id).toBe(ASSIGNMENT);
  const other = `${AT}${upper.slice(0, -1)}2`;
  expect(await refusal(harness, "PUT", other, { properties })).toEqual([409, "RoleAssignmentExists"]);
});
