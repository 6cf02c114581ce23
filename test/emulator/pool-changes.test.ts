import { describe, expect, test } from "vitest";
import { CLUSTER, Harness, NODE_GROUP, plainWorld, userAssigned } from "./harness.ts";

const APPS = `${CLUSTER}/agentPools/apps`;
const MACHINES = `${NODE_GROUP}/providers/Microsoft.Compute/virtualMachines`;

/** Puts a pool with some properties changed. */
async function putPool(harness: Harness, properties: object) {
  return harness.expect(200, "PUT", APPS, { properties: { ...(await harness.get(APPS)).properties, ...properties } });
}

async function imaged(harness: Harness, pool: string): Promise<number> {
  return (await harness.events()).filter((event) => event.kind === "nodeReimaged" && event.pool === pool).length;
}

describe("a Kubernetes upgrade", () => {
  test("of a pool images each of its nodes once, and brings the newest node image", async () => {
    const harness = await Harness.with(plainWorld(), { newerNodeImage: true });
    const before = (await harness.get(APPS)).properties;
    expect((await putPool(harness, { orchestratorVersion: "1.33.6" })).properties.provisioningState).toBe("Upgrading");
    await harness.advance("30m");
    const after = (await harness.get(APPS)).properties;
    expect(after).toMatchObject({ provisioningState: "Succeeded", currentOrchestratorVersion: "1.33.6" });
    expect(after.nodeImageVersion).not.toBe(before.nodeImageVersion);
    expect(await imaged(harness, "apps")).toBe(3);
    expect(await imaged(harness, "system")).toBe(0);
  });

  test("of the whole cluster images the pools whose version the body changes", async () => {
    const harness = await Harness.with(plainWorld());
    const body = await harness.clusterBody({});
    const properties = body["properties"] as { agentPoolProfiles: object[] };
    const agentPoolProfiles = properties.agentPoolProfiles.map((pool) => ({ ...pool, orchestratorVersion: "1.34.0" }));
    const answer = await harness.expect(200, "PUT", CLUSTER, {
      ...body,
      properties: { ...properties, kubernetesVersion: "1.34.0", agentPoolProfiles },
    });
    expect(answer.properties.provisioningState).toBe("Upgrading");
    await harness.advance("60m");
    expect([await imaged(harness, "system"), await imaged(harness, "apps")]).toEqual([2, 3]);
    expect((await harness.get(APPS)).properties.currentOrchestratorVersion).toBe("1.34.0");
  });
});

test("a stopped pool pulls nothing and is not imaged, and is back as it was when it is started", async () => {
  const harness = await Harness.with(plainWorld(), { identityUpdateReimagesNodes: true });
  expect((await putPool(harness, { powerState: { code: "Stopped" } })).properties.provisioningState).toBe("Stopping");
  await harness.advance("5m");
  const { id } = await harness.identity("id-web");
  await harness.expect(200, "PUT", CLUSTER, { ...(await harness.clusterBody({})), identity: userAssigned(id) });
  await harness.advance("60m");
  expect([await imaged(harness, "system"), await imaged(harness, "apps")]).toEqual([2, 0]);
  const beforeStart = (await harness.events()).filter(({ kind, pool }) => kind === "imagePull" && pool === "apps");
  await putPool(harness, { powerState: { code: "Running" } });
  await harness.advance("30m");
  const pulls = (await harness.events()).filter(({ kind, pool }) => kind === "imagePull" && pool === "apps");
  expect(pulls.length).toBeGreaterThan(beforeStart.length);
});

test("machines of an availability set carry the identities once the control plane is updated, and are made anew when imaged", async () => {
  const pools = [{ name: "apps", count: 2, mode: "System", type: "AvailabilitySet" }];
  const harness = await Harness.with(plainWorld({ agentPoolProfiles: pools }));
  const created = (await harness.get(MACHINES)).value.map(
    (machine: { properties: { timeCreated: string } }) => machine.properties.timeCreated,
  );
  await harness.advance("60m");
  const { id } = await harness.identity("id-web");
  await harness.expect(200, "PUT", CLUSTER, { ...(await harness.clusterBody({})), identity: userAssigned(id) });
  await harness.advance("10m");
  const kubelet = (await harness.get(CLUSTER)).properties.identityProfile.kubeletidentity.resourceId;
  const carrying = (await harness.get(MACHINES)).value;
  for (const machine of carrying) {
    expect(Object.keys(machine.identity.userAssignedIdentities)).toContain(kubelet);
    expect(created).toContain(machine.properties.timeCreated);
  }
  await putPool(harness, { orchestratorVersion: "1.33.6" });
  await harness.advance("60m");
  for (const machine of (await harness.get(MACHINES)).value) {
    expect(created).not.toContain(machine.properties.timeCreated);
    expect(Object.keys(machine.identity.userAssignedIdentities)).toContain(kubelet);
  }
});

test("a node disruption policy of Block refuses changes of identities, and nothing else", async () => {
  const harness = await Harness.with(plainWorld({ nodeDisruptionProfile: { nodeDisruptionPolicy: "Block" } }));
  const { id } = await harness.identity("id-web");
  const answer = await harness.call("PUT", CLUSTER, { ...(await harness.clusterBody({})), identity: userAssigned(id) });
  expect(answer).toMatchObject({ status: 400, body: { code: "NodeDisruptionPolicyViolation" } });
  await harness.expect(200, "PUT", CLUSTER, await harness.clusterBody({ tags: { a: "b" } }));
});

test.each([
  [{ weekly: { intervalWeeks: 1, dayOfWeek: "Monday" } }, "01:00", "+02:00", 4, "14h59m", 400],
  [{ weekly: { intervalWeeks: 1, dayOfWeek: "Monday" } }, "01:00", "+02:00", 4, "15h", 200],
  [{ weekly: { intervalWeeks: 1, dayOfWeek: "Monday" } }, "01:00", "+02:00", 4, "19h", 400],
  [{ daily: { intervalDays: 1 } }, "22:00", "-01:00", 6, "16h", 200],
  [{ daily: { intervalDays: 1 } }, "22:00", "-01:00", 6, "21h", 400],
  [{ absoluteMonthly: { intervalMonths: 1, dayOfMonth: 1 } }, "01:00", "+00:00", 4, "1h", 200],
])("a policy that allows disruptions in the maintenance window alone: %j from %s %s for %i hours, after %s, %i", async (schedule, startTime, utcOffset, durationHours, after, status) => {
  const id = `${CLUSTER}/maintenanceConfigurations/aksManagedNodeOSUpgradeSchedule`;
  const maintenanceWindow = { schedule, startTime, utcOffset, durationHours };
  const harness = await Harness.with([
    ...plainWorld({ nodeDisruptionProfile: { nodeDisruptionPolicy: "AllowDuringMaintenanceWindow" } }),
    {
      id,
      type: "Microsoft.ContainerService/managedClusters/maintenanceConfigurations",
      properties: { maintenanceWindow },
    },
  ]);
  const identity = await harness.identity("id-web");
  await harness.advance(after);
  const body = await harness.clusterBody({ identity: userAssigned(identity.id) });
  expect((await harness.call("PUT", CLUSTER, body)).status).toBe(status);
});
