import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../src/emulator/json.ts";
import { CLUSTER, GROUP, Harness, NODE_GROUP, plainWorld } from "./harness.ts";

const APPS = `${CLUSTER}/agentPools/apps`;

async function drains(harness: Harness): Promise<JsonObject[]> {
  return (await harness.events()).filter((event) => event.kind === "nodeDrained");
}

describe("upgradeNodeImageVersion", () => {
  it("answers 202 with both headers and the pool, and takes its time per node", async () => {
    const harness = await Harness.with(plainWorld());
    const { latestNodeImageVersion } = (await harness.get(`${APPS}/upgradeProfiles/default`)).properties;
    const post = await harness.call("POST", `${APPS}/upgradeNodeImageVersion`);
    expect(post.status).toBe(202);
    expect(post.body.properties.provisioningState).toBe("UpgradingNodeImageVersion");
    expect(post.body.id).toContain("/resourcegroups/rg-app/");
    const operation = new URL(post.headers["azure-asyncoperation"]!);
    const result = new URL(post.headers["location"]!);
    expect((await harness.get(operation.pathname + operation.search)).status).toBe("InProgress");
    expect((await harness.call("GET", result.pathname + result.search)).status).toBe(202);
    await harness.advance("14m59s");
    expect((await harness.get(APPS)).properties.provisioningState).toBe("UpgradingNodeImageVersion");
    expect((await harness.get(CLUSTER)).properties.provisioningState).toBe("Succeeded");
    await harness.advance("1s");
    const after = await harness.get(APPS);
    expect(after.properties).toMatchObject({
      provisioningState: "Succeeded",
      nodeImageVersion: latestNodeImageVersion,
    });
    expect((await harness.get(operation.pathname + operation.search)).status).toBe("Succeeded");
    expect((await harness.call("GET", result.pathname + result.search)).body.name).toBe("apps");
    expect(await drains(harness)).toHaveLength(3);
  });

  it("does nothing, quickly, when the image is the newest", async () => {
    const harness = await Harness.with(plainWorld(), { newerNodeImage: false });
    const before = await harness.get(APPS);
    expect((await harness.get(`${APPS}/upgradeProfiles/default`)).properties.latestNodeImageVersion).toBe(
      before.properties.nodeImageVersion,
    );
    await harness.expect(202, "POST", `${APPS}/upgradeNodeImageVersion`);
    await harness.advance("10s");
    expect((await harness.get(APPS)).properties.provisioningState).toBe("Succeeded");
    expect(await drains(harness)).toEqual([]);
  });

  it("has a newer image from a date on, and takes it once", async () => {
    const harness = await Harness.with(plainWorld(), { newerNodeImage: "2026-11-25T00:00:00Z" });
    const latest = async () => (await harness.get(`${APPS}/upgradeProfiles/default`)).properties.latestNodeImageVersion;
    const own = (await harness.get(APPS)).properties.nodeImageVersion;
    expect(await latest()).toBe(own);
    await harness.advance("3d");
    const newer = await latest();
    expect(newer > own).toBe(true);
    await harness.expect(202, "POST", `${APPS}/upgradeNodeImageVersion`);
    await harness.advance("30m");
    expect(await latest()).toBe(newer);
  });

  it("has the image that was put in for a pool, and a release more from its date on", async () => {
    const nodeImages = {
      apps: { latest: "AKSUbuntu-2204gen2containerd-202611.03.0", nextFrom: "2026-11-25T00:00:00Z" },
    };
    const harness = await Harness.with(plainWorld({}, { _emulator: { nodeImages } }), { newerNodeImage: false });
    const latest = async () => (await harness.get(`${APPS}/upgradeProfiles/default`)).properties.latestNodeImageVersion;
    expect(await latest()).toBe(nodeImages.apps.latest);
    await harness.expect(202, "POST", `${APPS}/upgradeNodeImageVersion`);
    await harness.advance("30m");
    expect((await harness.get(APPS)).properties.nodeImageVersion).toBe(nodeImages.apps.latest);
    expect(await latest()).toBe(nodeImages.apps.latest);
    await harness.advance("3d");
    expect(await latest()).toBe("AKSUbuntu-2204gen2containerd-202611.10.0");
  });

  it("runs on two pools at once, and holds up an update of the cluster", async () => {
    const harness = await Harness.with(plainWorld());
    await harness.expect(202, "POST", `${APPS}/upgradeNodeImageVersion`);
    await harness.expect(202, "POST", `${CLUSTER}/agentPools/system/upgradeNodeImageVersion`);
    await harness.expect(409, "POST", `${APPS}/upgradeNodeImageVersion`);
    await harness.expect(409, "PUT", CLUSTER, await harness.get(CLUSTER));
  });

  it("images as many nodes at a time as the surge allows", async () => {
    const pools = [
      { name: "system", count: 1, mode: "System" },
      { name: "apps", count: 3, upgradeSettings: { maxSurge: "50%" } },
    ];
    const harness = await Harness.with(plainWorld({ agentPoolProfiles: pools }));
    await harness.expect(202, "POST", `${APPS}/upgradeNodeImageVersion`);
    await harness.advance("10m");
    expect((await harness.get(APPS)).properties.provisioningState).toBe("Succeeded");
    expect((await drains(harness)).map((event) => event["at"])).toEqual([
      "2026-11-22T08:00:00.000Z",
      "2026-11-22T08:00:00.000Z",
      "2026-11-22T08:05:00.000Z",
    ]);
  });

  it("waits as long after each node as the pool says", async () => {
    const pools = [
      { name: "system", count: 1, mode: "System" },
      { name: "apps", count: 2, upgradeSettings: { nodeSoakDurationInMinutes: 10 } },
    ];
    const harness = await Harness.with(plainWorld({ agentPoolProfiles: pools }));
    await harness.expect(202, "POST", `${APPS}/upgradeNodeImageVersion`);
    await harness.advance("29m");
    expect((await drains(harness)).map((event) => event["at"])).toEqual([
      "2026-11-22T08:00:00.000Z",
      "2026-11-22T08:15:00.000Z",
    ]);
    expect((await harness.get(APPS)).properties.provisioningState).toBe("UpgradingNodeImageVersion");
    await harness.advance("1m");
    expect((await harness.get(APPS)).properties.provisioningState).toBe("Succeeded");
  });

  it.each([
    ["1.34.2", "Failed", 0],
    ["1.35.0", "Succeeded", 3],
  ])("with Kubernetes %s, a surge that there are no cores for ends %s", async (version, ending, drained) => {
    const pools = [
      { name: "system", count: 1, mode: "System" },
      { name: "apps", count: 3, orchestratorVersion: version, upgradeSettings: { maxSurge: "3" } },
    ];
    // Four nodes of two cores each, and room for one more.
    const harness = await Harness.with(plainWorld({ agentPoolProfiles: pools }), { coreQuota: 10 });
    await harness.expect(202, "POST", `${APPS}/upgradeNodeImageVersion`);
    await harness.advance("15m");
    expect((await harness.get(APPS)).properties.provisioningState).toBe(ending);
    expect(new Set((await drains(harness)).map((event) => event["at"])).size, "one node at a time").toBe(drained);
  });

  it.each([
    ["azure", undefined, "Failed"],
    ["azure", "overlay", "Succeeded"],
    ["kubenet", undefined, "Succeeded"],
  ])("a surge needs addresses in the nodes' subnet, with pods in it one for each: %s %s ends %s", async (networkPlugin, networkPluginMode, ending) => {
    const network = `${GROUP}/providers/Microsoft.Network/virtualNetworks/vnet`;
    const vnetSubnetID = `${network}/subnets/nodes`;
    const subnet = { name: "nodes", id: vnetSubnetID, properties: { addressPrefix: "10.0.0.0/25" } };
    const pools = [
      { name: "system", count: 1, mode: "System", vnetSubnetID },
      { name: "apps", count: 2, vnetSubnetID },
    ];
    // Three nodes take 93 of 128 addresses with Azure CNI, five are Azure's own, and one more node takes 31.
    const harness = await Harness.with([
      { id: network, type: "Microsoft.Network/virtualNetworks", properties: { subnets: [subnet] } },
      ...plainWorld({
        agentPoolProfiles: pools,
        networkProfile: { networkPlugin, ...(networkPluginMode ? { networkPluginMode } : {}) },
      }),
    ]);
    const accepted = await harness.call("POST", `${APPS}/upgradeNodeImageVersion`);
    await harness.advance("10m");
    expect((await harness.get(APPS)).properties.provisioningState).toBe(ending);
    const { pathname, search } = new URL(accepted.headers["azure-asyncoperation"]!);
    expect((await harness.get(pathname + search)).error?.code).toBe(ending === "Failed" ? "SubnetIsFull" : undefined);
  });

  it("images Spot nodes without draining them", async () => {
    const pools = [
      { name: "system", count: 1, mode: "System" },
      { name: "apps", count: 2, scaleSetPriority: "Spot" },
    ];
    const harness = await Harness.with(plainWorld({ agentPoolProfiles: pools }));
    await harness.expect(202, "POST", `${APPS}/upgradeNodeImageVersion`);
    await harness.advance("10m");
    const kinds = (await harness.events()).filter((event) => event.kind.startsWith("node")).map((event) => event.kind);
    expect(kinds).toEqual(["nodeReimaged", "nodeReimaged"]);
  });

  it("is refused for availability sets, whose nodes are single machines", async () => {
    const pools = [{ name: "system", count: 2, mode: "System", type: "AvailabilitySet" }];
    const harness = await Harness.with(plainWorld({ agentPoolProfiles: pools }));
    const post = await harness.call("POST", `${CLUSTER}/agentPools/system/upgradeNodeImageVersion`);
    expect([post.status, post.body.code]).toEqual([400, "BadRequest"]);
    expect((await harness.get(`${NODE_GROUP}/providers/Microsoft.Compute/virtualMachines`)).value).toHaveLength(2);
  });

  it("is refused for a disruption budget that can never be met", async () => {
    const harness = await Harness.with([
      ...plainWorld(),
      {
        type: "Kubernetes/PodDisruptionBudget",
        cluster: CLUSTER,
        metadata: { name: "never" },
        spec: { maxUnavailable: 0 },
      } as never,
    ]);
    const post = await harness.call("POST", `${APPS}/upgradeNodeImageVersion`);
    expect([post.status, post.body.code]).toEqual([400, "UnsatisfiablePDB"]);
  });

  it("fails after the drain timeout when a budget allows no eviction, and leaves pool and operation Failed", async () => {
    const harness = await Harness.with([
      ...plainWorld(),
      {
        type: "Kubernetes/PodDisruptionBudget",
        cluster: CLUSTER,
        pools: ["apps"],
        metadata: { name: "tight", namespace: "shop" },
        status: { disruptionsAllowed: 0 },
      } as never,
    ]);
    const post = await harness.call("POST", `${APPS}/upgradeNodeImageVersion`);
    await harness.advance("30m");
    expect((await harness.get(APPS)).properties.provisioningState).toBe("Failed");
    const operation = new URL(post.headers["azure-asyncoperation"]!);
    const body = await harness.get(operation.pathname + operation.search);
    expect(body).toMatchObject({ status: "Failed", error: { code: "UpgradeFailed" } });
    expect(body.error.message).toContain("shop/tight");
  });
});

describe("pools", () => {
  it("are listed and shown as resources of their own", async () => {
    const harness = await Harness.with(plainWorld());
    const { value } = await harness.get(`${CLUSTER}/agentPools`);
    expect(value.map((pool: { name: string }) => pool.name)).toEqual(["system", "apps"]);
    expect(value[0].type).toBe("Microsoft.ContainerService/managedClusters/agentPools");
    expect((await harness.call("GET", `${CLUSTER}/agentPools/none`)).status).toBe(404);
  });

  it("grow, appear and go away", async () => {
    const harness = await Harness.with(plainWorld());
    const instances = async () =>
      (await harness.get("/_emulator/resources")).filter((item: { instanceId?: string }) => item.instanceId);
    await harness.expect(200, "PUT", APPS, { properties: { count: 5 } });
    await harness.advance("2m");
    expect(await instances()).toHaveLength(7);
    await harness.expect(201, "PUT", `${CLUSTER}/agentPools/more`, {
      properties: { count: 1, vmSize: "Standard_D2s_v5" },
    });
    await harness.advance("2m");
    expect(await instances()).toHaveLength(8);
    await harness.expect(202, "DELETE", APPS);
    await harness.advance("2m");
    expect(await instances()).toHaveLength(3);
    expect((await harness.call("DELETE", `${CLUSTER}/agentPools/system`)).status).toBe(400);
  });
});

describe("abort", () => {
  it("leaves cluster and pools Canceled, and the next update goes on with the roll", async () => {
    const harness = await Harness.with(plainWorld(), { identityUpdateReimagesNodes: true });
    const put = await harness.call("PUT", CLUSTER, await harness.clusterBody({ identity: { type: "SystemAssigned" } }));
    await harness.advance("8m30s");
    const abort = await harness.call("POST", `${CLUSTER}/abort`);
    expect(abort.status).toBe(202);
    await harness.advance("10s");
    expect((await harness.get(CLUSTER)).properties.provisioningState).toBe("Canceled");
    const result = new URL(abort.headers["location"]!);
    expect((await harness.call("GET", result.pathname + result.search)).status).toBe(204);
    const operation = new URL(put.headers["azure-asyncoperation"]!);
    expect((await harness.get(operation.pathname + operation.search)).status).toBe("Canceled");
    await harness.advance("60m");
    const imaged = async () => (await harness.events()).filter((event) => event.kind === "nodeReimaged").length;
    expect(await imaged()).toBe(1);
    await harness.expect(200, "PUT", CLUSTER, await harness.get(CLUSTER));
    await harness.advance("60m");
    expect(await imaged()).toBe(5);
    expect((await harness.get(CLUSTER)).properties.identityProfile.kubeletidentity.objectId).toBeTruthy();
  });

  it("is refused when nothing runs", async () => {
    const harness = await Harness.with(plainWorld());
    expect((await harness.call("POST", `${CLUSTER}/abort`)).status).toBe(409);
  });
});

describe("making and deleting a cluster", () => {
  it("is refused for a service principal that the directory does not know", async () => {
    const harness = await Harness.with(plainWorld());
    const put = await harness.call("PUT", `${CLUSTER}2`, {
      location: "westeurope",
      properties: {
        agentPoolProfiles: [{ name: "system", count: 1 }],
        servicePrincipalProfile: { clientId: "http://none", secret: "x" },
      },
    });
    expect([put.status, put.body.code]).toEqual([400, "ServicePrincipalNotFound"]);
    expect(put.body.message).toMatch(/^Service principal clientID: http:\/\/none not found in Active Directory tenant/);
    expect(JSON.stringify(await harness.get("/_emulator/requests"))).not.toContain('"x"');
  });

  it("takes a system-assigned identity, with the kubelet identity when it is done", async () => {
    const harness = await Harness.with(plainWorld());
    const body = {
      location: "westeurope",
      identity: { type: "SystemAssigned" },
      properties: { agentPoolProfiles: [{ name: "system", count: 1, mode: "System" }] },
    };
    const put = await harness.expect(201, "PUT", `${CLUSTER}2`, body);
    expect(put.properties.provisioningState).toBe("Creating");
    await harness.advance("5m");
    const made = await harness.get(`${CLUSTER}2`);
    expect(made.properties).toMatchObject({
      provisioningState: "Succeeded",
      servicePrincipalProfile: { clientId: "msi" },
    });
    expect(made.properties.identityProfile.kubeletidentity.resourceId).toMatch(/web2-agentpool$/);
    await harness.expect(202, "DELETE", `${CLUSTER}2`);
    await harness.advance("5m");
    const gone = await harness.call("GET", `${CLUSTER}2`);
    expect([gone.status, gone.body.error.code]).toEqual([404, "ResourceNotFound"]);
    expect(gone.body.error.message).toBe(
      "The Resource 'Microsoft.ContainerService/managedClusters/web2' under resource group 'rg-app' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
    );
  });
});
