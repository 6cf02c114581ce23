import { expect, it } from "vitest";
import type { JsonObject, Resource } from "../../src/emulator/json.ts";
import { Lab } from "../support/lab.ts";
import { copyOfScenario } from "../support/scenarios.ts";
import {
  CLUSTER,
  GROUP,
  Harness,
  kubeletIdentity,
  NODE_GROUP,
  plainWorld,
  SUBSCRIPTION,
  userAssigned,
} from "./harness.ts";

const BIG = "Standard_D8ds_v5";
const SMALL = "Standard_D4ds_v5";
const MACHINES = `${NODE_GROUP}/providers/Microsoft.Compute/virtualMachines`;

const mixed = {
  name: "mixed",
  type: "VirtualMachines",
  virtualMachinesProfile: {
    scale: {
      manual: [
        { size: BIG, count: 1 },
        { size: SMALL, count: 2 },
      ],
    },
  },
};
const withMixed = () =>
  plainWorld({ agentPoolProfiles: [{ name: "system", count: 1, mode: "System", vmSize: SMALL }, { ...mixed }] });

async function sizesOf(harness: Harness): Promise<string[]> {
  const { value } = await harness.get(MACHINES);
  return value.map(
    (machine: Resource) => (machine["properties"] as { hardwareProfile: JsonObject }).hardwareProfile["vmSize"],
  );
}

it("a pool of several sizes has a machine for each that its sizes count, no scale set, and no count of its own", async () => {
  const harness = await Harness.with(withMixed());
  expect(await sizesOf(harness)).toEqual([BIG, SMALL, SMALL]);
  const { value } = await harness.get(`${NODE_GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets`);
  expect(value).toHaveLength(1);
  const pool = (await harness.get(`${CLUSTER}/agentPools/mixed`)).properties;
  expect(pool).not.toHaveProperty("count");
  expect(pool.virtualMachineNodesStatus).toEqual([
    { size: BIG, count: 1 },
    { size: SMALL, count: 2 },
  ]);
  const { value: usages } = await harness.get(
    `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Compute/locations/westeurope/usages`,
  );
  const used = Object.fromEntries(
    usages.map((usage: { name: { value: string }; currentValue: number }) => [usage.name.value, usage.currentValue]),
  );
  expect(used).toEqual({ cores: 20, standardDdsv5Family: 20 });
});

it.each([
  ["of its mode alone", { name: "own", mode: "Machines" }, 2],
  [
    "of its sizes, and one more to their count",
    {
      name: "own",
      type: "VirtualMachines",
      virtualMachinesProfile: { scale: { manual: [{ size: SMALL, count: 3 }] } },
    },
    3,
  ],
  ["of an availability set", { name: "own", type: "AvailabilitySet", count: 2 }, 2],
])("machines that were put in are those of their pool, by tag or name: %s", async (_, pool, count) => {
  const machine = (name: string, tags?: JsonObject): Resource => ({
    id: `${MACHINES}/${name}`,
    type: "Microsoft.Compute/virtualMachines",
    location: "westeurope",
    ...(tags ? { tags } : {}),
    properties: { hardwareProfile: { vmSize: SMALL }, timeCreated: "2026-01-01T00:00:00Z" },
  });
  const harness = await Harness.with([
    machine("aks-own-1"),
    machine("worker", { "aks-managed-poolName": "own" }),
    machine("jumphost"),
    ...plainWorld({ agentPoolProfiles: [{ name: "system", count: 1, mode: "System" }, pool] }),
  ]);
  const machines = async (): Promise<Resource[]> => (await harness.get(MACHINES)).value;
  expect(await machines()).toHaveLength(count + 1);
  const { controlPlane, kubelet } = await harness.preparedIdentities();
  const body = await harness.clusterBody({ identity: userAssigned(controlPlane.id) }, kubeletIdentity(kubelet.id));
  await harness.expect(200, "PUT", CLUSTER, body);
  await harness.advance("1h");
  const left = (await machines()).filter(
    ({ properties }) => (properties as JsonObject)["timeCreated"] === "2026-01-01T00:00:00Z",
  );
  expect(left.map(({ id }) => id)).toEqual([`${MACHINES}/jumphost`]);
});

it("each of its sizes is scaled by itself", async () => {
  const harness = await Harness.with(withMixed());
  const manual = [
    { size: BIG, count: 2 },
    { size: SMALL, count: 1 },
  ];
  const properties = { type: "VirtualMachines", virtualMachinesProfile: { scale: { manual } } };
  await harness.expect(200, "PUT", `${CLUSTER}/agentPools/mixed`, { properties });
  await harness.advance("2m");
  expect((await sizesOf(harness)).sort()).toEqual([SMALL, BIG, BIG]);
});

it("its machines carry the kubelet identity with the update, and are made anew by the roll and by an image upgrade", async () => {
  const harness = await Harness.with(withMixed());
  const { controlPlane, kubelet } = await harness.preparedIdentities();
  const body = await harness.clusterBody({ identity: userAssigned(controlPlane.id) }, kubeletIdentity(kubelet.id));
  await harness.expect(200, "PUT", CLUSTER, body);
  await harness.advance("1h");
  const made = async () =>
    (await harness.get(MACHINES)).value.map((machine: { properties: JsonObject }) => machine.properties["timeCreated"]);
  const rolled = await made();
  for (const machine of (await harness.get(MACHINES)).value)
    expect(Object.keys(machine.identity.userAssignedIdentities)).toContain(kubelet.id);
  const before = (await harness.get(`${CLUSTER}/agentPools/mixed`)).properties.nodeImageVersion;
  await harness.expect(202, "POST", `${CLUSTER}/agentPools/mixed/upgradeNodeImageVersion`);
  await harness.advance("1h");
  expect((await harness.get(`${CLUSTER}/agentPools/mixed`)).properties.nodeImageVersion).not.toBe(before);
  for (const [index, time] of (await made()).entries()) expect(time > rolled[index]).toBe(true);
});

it("in a network of one's own, and with encrypted etcd, only a user-assigned control plane is taken", async () => {
  const vnetSubnetID = `${GROUP}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/nodes`;
  for (const properties of [
    {
      agentPoolProfiles: [
        { name: "system", count: 1, mode: "System" },
        { ...mixed, vnetSubnetID },
      ],
    },
    { securityProfile: { azureKeyVaultKms: { enabled: true } } },
  ]) {
    const harness = await Harness.with(plainWorld(properties));
    const refused = await harness.call(
      "PUT",
      CLUSTER,
      await harness.clusterBody({ identity: { type: "SystemAssigned" } }),
    );
    expect([refused.status, refused.body.code]).toEqual([400, "OnlySupportedOnUserAssignedMSICluster"]);
  }
});

it("a cluster with such a pool is migrated, and its machines are proven", async () => {
  const scenario = await copyOfScenario("kubenet-plain");
  const cluster = scenario.resources.find(({ type }) => /managedClusters$/i.test(type))!;
  const pools = (cluster["properties"] as { agentPoolProfiles: JsonObject[] }).agentPoolProfiles;
  pools.push({ ...mixed, mode: "User", osType: "Linux" });
  const lab = await Lab.open({}, scenario);
  const { results } = await lab.apply(await lab.plan());
  expect(results.map(({ outcome }) => outcome.kind)).toEqual(["done"]);
  expect((await lab.plan()).clusters[0]!.path).toBe("none");
});
