import { describe, expect, it } from "vitest";
import type { JsonObject, Resource } from "../../src/emulator/json.ts";
import {
  APPLICATION,
  assignment,
  CLUSTER,
  GROUP,
  Harness,
  kubeletIdentity,
  NODE_GROUP,
  plainWorld,
  REGISTRY,
  ROLES,
  SERVICE_PRINCIPAL,
  userAssigned,
} from "./harness.ts";

const SUBNET = `${GROUP}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/nodes`;
const ROUTES = `${GROUP}/providers/Microsoft.Network/routeTables/routes`;

function networkWorld(extra: Resource[] = []): Resource[] {
  const pools = [{ name: "system", count: 1, mode: "System", vnetSubnetID: SUBNET }];
  return [
    { id: ROUTES, type: "Microsoft.Network/routeTables", properties: {} },
    {
      id: `${GROUP}/providers/Microsoft.Network/virtualNetworks/vnet`,
      type: "Microsoft.Network/virtualNetworks",
      properties: { subnets: [{ name: "nodes", id: SUBNET, properties: { routeTable: { id: ROUTES } } }] },
    },
    ...extra,
    ...plainWorld({ agentPoolProfiles: pools }),
  ];
}

const onNetwork = [
  assignment("b0000000-0000-4000-8000-000000000001", SUBNET, ROLES.networkContributor, SERVICE_PRINCIPAL),
  assignment("b0000000-0000-4000-8000-000000000002", ROUTES, ROLES.networkContributor, SERVICE_PRINCIPAL),
];

function ofKind(events: JsonObject[], kind: string): JsonObject[] {
  return events.filter((event) => event["kind"] === kind);
}

describe("a cluster's daily work", () => {
  it("pulls on every node, attaches disks and reconciles the load balancer as the service principal, folded", async () => {
    const harness = await Harness.with(plainWorld());
    await harness.advance("24h");
    const events = await harness.events();
    expect(ofKind(events, "imagePull")).toHaveLength(5);
    expect(ofKind(events, "diskAttach")).toHaveLength(1);
    for (const event of events) expect(event).toMatchObject({ ok: true, identity: SERVICE_PRINCIPAL, times: 288 });
    expect(Date.parse(events[0].to) - Date.parse(events[0].from)).toBe(287 * 300_000);
  });

  it("fails without a right on the route table, once per round and with the missing action", async () => {
    const harness = await Harness.with(networkWorld([onNetwork[0]!]));
    await harness.advance("30m");
    const failures = ofKind(await harness.events(), "loadBalancer");
    expect(failures).toHaveLength(6);
    expect(failures[0]).toMatchObject({ ok: false, identity: SERVICE_PRINCIPAL });
    expect(failures[0]!["reason"]).toContain("Microsoft.Network/routeTables/write");
    expect(failures[0]).not.toHaveProperty("times");
    expect(failures.map((event) => Date.parse(String(event["at"])))).toEqual(
      [0, 1, 2, 3, 4, 5].map((round) => Date.parse(String(failures[0]!["at"])) + round * 300_000),
    );
    const disks = ofKind(await harness.events(), "diskAttach");
    expect(disks, "what succeeds beside that is folded").toMatchObject([{ ok: true, times: 6 }]);
  });

  it("works with Network Contributor on subnet and route table", async () => {
    const harness = await Harness.with(networkWorld(onNetwork));
    await harness.advance("30m");
    expect((await harness.events()).every((event) => event.ok)).toBe(true);
  });

  it("needs to read the disk encryption set to attach disks", async () => {
    const set = `${GROUP}/providers/Microsoft.Compute/diskEncryptionSets/des`;
    const harness = await Harness.with(plainWorld({ diskEncryptionSetID: set }));
    await harness.advance("10m");
    expect(ofKind(await harness.events(), "diskAttach")[0]!["reason"]).toContain("diskEncryptionSets/read");
    await harness.grant(set, ROLES.reader, SERVICE_PRINCIPAL);
    await harness.advance("60m");
    expect(ofKind(await harness.events(), "diskAttach").at(-1)).toMatchObject({ ok: true });
  });

  it("stops at once when the service principal is deleted, and says why", async () => {
    const harness = await Harness.with(plainWorld());
    await harness.advance("10m");
    await harness.expect(204, "DELETE", `/v1.0/servicePrincipals/${SERVICE_PRINCIPAL}`);
    await harness.advance("5m");
    const last = (await harness.events()).slice(-7);
    expect(last.every((event) => !event.ok && event.reason.includes("has been deleted"))).toBe(true);
  });

  it("stops when the last credential of the application has expired", async () => {
    const harness = await Harness.with(plainWorld());
    await harness.advance("100d");
    const failures = (await harness.events()).filter((event) => !event.ok);
    expect(failures[0].reason).toContain("AADSTS7000222");
    expect(failures[0].at >= "2027-03-01T00:00:00").toBe(true);
  });

  it("is like the last round until something changes: with the first round after a right is gone, and until it is back", async () => {
    const harness = await Harness.with(plainWorld());
    await harness.advance("26h");
    const [grant] = (await harness.get(`${REGISTRY}/providers/Microsoft.Authorization/roleAssignments`)).value;
    await harness.expect(200, "DELETE", grant.id);
    await harness.advance("1h");
    await harness.expect(201, "PUT", grant.id, { properties: grant.properties });
    await harness.advance("3h");
    const pulls = ofKind(await harness.events(), "imagePull").filter(({ node }) =>
      String(node).startsWith("aks-system"),
    );
    const [before, after] = [pulls.filter(({ ok }) => ok).slice(0, 2), pulls.filter(({ ok }) => ok).slice(2)];
    // The right works again twenty minutes after it was given: sixteen rounds fail on each of two nodes.
    expect([before, after].flat().map(({ times }) => times)).toEqual([312, 312, 32, 32]);
    expect(pulls.filter(({ ok }) => !ok)).toHaveLength(32);
  });

  it("pauses while the cluster is stopped", async () => {
    const harness = await Harness.with(plainWorld({ powerState: { code: "Stopped" } }));
    await harness.advance("24h");
    expect(await harness.events()).toEqual([]);
  });

  it("uses the registries that are named, and needs repository rights where the registry asks for them", async () => {
    const abac = `${GROUP}/providers/Microsoft.ContainerRegistry/registries/abac`;
    const harness = await Harness.with([
      {
        id: abac,
        type: "Microsoft.ContainerRegistry/registries",
        properties: { roleAssignmentMode: "AbacRepositoryPermissions" },
      },
      assignment("b0000000-0000-4000-8000-000000000003", abac, ROLES.acrPull, SERVICE_PRINCIPAL),
      ...plainWorld({}, { _emulator: { registries: [abac] } }),
    ]);
    await harness.advance("5m");
    const [pull] = ofKind(await harness.events(), "imagePull");
    expect(pull).toMatchObject({ ok: false, registry: abac });
    expect(pull!["reason"]).toContain("repositories/content/read");
    await harness.grant(abac, ROLES.repositoryReader, SERVICE_PRINCIPAL);
    await harness.advance("30m");
    expect(ofKind(await harness.events(), "imagePull").at(-1)).toMatchObject({ ok: true, registry: abac });
  });

  it("finds the registries of a cluster by roles at registry or resource group scope, not by wider ones", async () => {
    const far = `/subscriptions/99999999-9999-4999-8999-999999999999/resourceGroups/rg-far`;
    const near = `/subscriptions/88888888-8888-4888-8888-888888888888/resourceGroups/rg-near`;
    const registry = (group: string) => `${group}/providers/Microsoft.ContainerRegistry/registries/images`;
    const harness = await Harness.with([
      { id: registry(far), type: "Microsoft.ContainerRegistry/registries", properties: {} },
      { id: registry(near), type: "Microsoft.ContainerRegistry/registries", properties: {} },
      assignment(
        "b0000000-0000-4000-8000-000000000004",
        far.split("/resourceGroups")[0]!,
        ROLES.contributor,
        SERVICE_PRINCIPAL,
      ),
      assignment("b0000000-0000-4000-8000-000000000005", near, ROLES.contributor, SERVICE_PRINCIPAL),
      ...plainWorld(),
    ]);
    await harness.advance("5m");
    const used = new Set(ofKind(await harness.events(), "imagePull").map((event) => event["registry"]));
    expect(used).toEqual(new Set([REGISTRY, registry(near)]));
  });
});

describe("who acts after the switch", () => {
  async function switched(behaviour: JsonObject = {}) {
    const harness = await Harness.with(plainWorld(), behaviour);
    const { controlPlane, kubelet } = await harness.preparedIdentities();
    const body = await harness.clusterBody({ identity: userAssigned(controlPlane.id) }, kubeletIdentity(kubelet.id));
    await harness.expect(200, "PUT", CLUSTER, body);
    return { harness, controlPlane, kubelet };
  }

  it("the control plane acts as the service principal until its tokens are over, then as the new identity", async () => {
    const { harness, controlPlane } = await switched();
    await harness.advance("5h55m");
    expect(ofKind(await harness.events(), "loadBalancer").at(-1)).toMatchObject({
      identity: SERVICE_PRINCIPAL,
      ok: true,
    });
    await harness.advance("10m");
    expect(ofKind(await harness.events(), "loadBalancer").at(-1)).toMatchObject({
      identity: controlPlane.principalId,
      ok: true,
    });
  });

  it("deleting the service principal before that breaks the control plane, not the nodes", async () => {
    const { harness } = await switched();
    await harness.advance("60m");
    await harness.expect(204, "DELETE", `/v1.0/servicePrincipals/${SERVICE_PRINCIPAL}`);
    await harness.advance("5m");
    const failed = (await harness.events()).filter((event) => !event.ok);
    expect(new Set(failed.map((event) => event.kind))).toEqual(new Set(["diskAttach", "loadBalancer"]));
  });

  it("a node pulls as the service principal until it is imaged, then as the kubelet identity", async () => {
    const { harness, kubelet } = await switched({ combinedIdentityUpdate: "appliesWithoutRoll" });
    await harness.advance("60m");
    const latest = async () => ofKind(await harness.events(), "imagePull").slice(-5);
    expect(await latest()).toMatchObject(Array(5).fill({ identity: SERVICE_PRINCIPAL, ok: true }));
    await harness.expect(202, "POST", `${CLUSTER}/agentPools/apps/upgradeNodeImageVersion`);
    await harness.advance("30m");
    const byPool = Object.fromEntries((await latest()).map((pull) => [pull["pool"], pull["identity"]]));
    expect(byPool).toEqual({ system: SERVICE_PRINCIPAL, apps: kubelet.principalId });
  });

  it("a deleted identity fails at once", async () => {
    const { harness, kubelet } = await switched();
    await harness.advance("60m");
    await harness.expect(200, "DELETE", kubelet.id);
    await harness.advance("5m");
    expect(ofKind(await harness.events(), "imagePull").at(-1)!["reason"]).toContain("has been deleted");
  });
});

describe("the node resource group", () => {
  it("is made with a cluster that comes without one", async () => {
    const harness = await Harness.with(plainWorld());
    const { value } = await harness.get(`${NODE_GROUP}/resources`);
    const types = value.map((item: { type: string }) => item.type).sort();
    expect(types).toEqual([
      "Microsoft.Compute/virtualMachineScaleSets",
      "Microsoft.Compute/virtualMachineScaleSets",
      "Microsoft.Network/loadBalancers",
      "Microsoft.Network/publicIPAddresses",
    ]);
    const scaleSets = await harness.get(`${NODE_GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets`);
    expect(scaleSets.value[0].name).toMatch(/^aks-system-\d{8}-vmss$/);
    expect(scaleSets.value[0].tags).toEqual({ "aks-managed-poolName": "system" });
    expect(scaleSets.value[0]).not.toHaveProperty("identity");
    const grants = await harness.get(
      `${NODE_GROUP}/providers/Microsoft.Authorization/roleAssignments?$filter=atScope()`,
    );
    expect(grants.value.map((item: { properties: { principalId: string } }) => item.properties.principalId)).toEqual([
      SERVICE_PRINCIPAL,
    ]);
  });

  it("is kept when it is put in, with the instances that it has", async () => {
    const scaleSet = `${NODE_GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets/aks-system-12345678-vmss`;
    const harness = await Harness.with([
      {
        id: scaleSet,
        type: "Microsoft.Compute/virtualMachineScaleSets",
        tags: { "aks-managed-poolName": "system" },
        properties: {},
      },
      {
        id: `${scaleSet}/virtualMachines/7`,
        type: "Microsoft.Compute/virtualMachineScaleSets/virtualMachines",
        instanceId: "7",
        properties: {},
      },
      ...plainWorld({ agentPoolProfiles: [{ name: "system", count: 2, mode: "System" }] }),
    ]);
    const { value } = await harness.get(`${scaleSet}/virtualMachines`);
    expect(value.map((item: { instanceId: string }) => item.instanceId)).toEqual(["7", "8"]);
    expect((await harness.get(`${NODE_GROUP}/resources`)).value).toHaveLength(1);
  });

  it("follows the pools of a cluster that is put in again", async () => {
    const harness = await Harness.with(plainWorld());
    const again = plainWorld({
      agentPoolProfiles: [
        { name: "system", count: 1, mode: "System" },
        { name: "extra", count: 2 },
      ],
    });
    await harness.expect(200, "POST", "/_emulator/resources", again.slice(-1));
    const { value } = await harness.get(`${NODE_GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets`);
    const pools = value.map((item: { tags: Record<string, string>; sku: { capacity: number } }) => [
      item.tags["aks-managed-poolName"],
      item.sku.capacity,
    ]);
    expect(pools).toEqual([
      ["system", 1],
      ["extra", 2],
    ]);
  });

  it("of a cluster already on managed identity carries the kubelet identity, but not on pools left behind", async () => {
    const kubelet = `${NODE_GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web-agentpool`;
    const harness = await Harness.with(
      plainWorld(
        { servicePrincipalProfile: { clientId: "msi" }, identityProfile: { kubeletidentity: { resourceId: kubelet } } },
        {
          identity: { type: "SystemAssigned" },
          _emulator: { formerServicePrincipal: APPLICATION, poolsOnServicePrincipal: ["apps"], registries: [REGISTRY] },
        },
      ),
    );
    const cluster = await harness.get(CLUSTER);
    expect(cluster.identity.principalId).toMatch(/^[0-9a-f-]{36}$/);
    expect(cluster).not.toHaveProperty("_emulator");
    const { objectId } = cluster.properties.identityProfile.kubeletidentity;
    await harness.advance("5m");
    const pulls = ofKind(await harness.events(), "imagePull");
    expect(
      pulls.filter((pull) => pull["pool"] === "system").every((pull) => pull["identity"] === objectId && !pull["ok"]),
    ).toBe(true);
    expect(
      pulls
        .filter((pull) => pull["pool"] === "apps")
        .every((pull) => pull["identity"] === SERVICE_PRINCIPAL && pull["ok"]),
    ).toBe(true);
  });

  it("keeps who acts when a cluster is put in again as it is, and begins anew when it names somebody else", async () => {
    const harness = await Harness.with(plainWorld());
    const { id } = await harness.identity("id-web");
    await harness.expect(200, "PUT", CLUSTER, await harness.clusterBody({ identity: userAssigned(id) }));
    await harness.advance("10m");
    const all: Resource[] = await harness.get("/_emulator/resources");
    const again = all.filter((item) => item.id === CLUSTER);
    await harness.expect(200, "POST", "/_emulator/resources", again);
    await harness.advance("5m");
    expect((await harness.events()).at(-1)).toMatchObject({ identity: SERVICE_PRINCIPAL, ok: true });
    await harness.advance("7h");
    expect((await harness.events()).at(-1)).not.toMatchObject({ identity: SERVICE_PRINCIPAL });
    await harness.expect(200, "POST", "/_emulator/resources", plainWorld().slice(-1));
    await harness.advance("5m");
    expect((await harness.events()).at(-1)).toMatchObject({ identity: SERVICE_PRINCIPAL, ok: true });
  });
});
