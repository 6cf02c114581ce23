import { expect, test } from "vitest";
import type { JsonObject } from "../../src/emulator/json.ts";
import { azure, behave, put } from "../branches/azure.ts";
import { openWorld, type World } from "../branches/support.ts";

/** Plans and applies; how the command ended. */
async function migrate(world: World, meanwhile?: Promise<unknown>) {
  const { line, cluster } = world;
  const file = line.file("plan.yaml");
  const planned = await line.run("plan", "--id", cluster, "--out", file);
  expect(planned, planned.stderr).toMatchObject({ code: 0 });
  const [ended] = await Promise.all([line.run("apply", "--plan", file, "--yes"), meanwhile]);
  return ended;
}

test("UpgradeFailed of an operation is shown with its code, its sentence and what to do, and gone on from", async () => {
  const world = await openWorld({ scenario: "kubenet-plain" });
  const budget = (disruptionsAllowed: number) => ({
    type: "Kubernetes/PodDisruptionBudget",
    id: "budget",
    cluster: world.cluster,
    metadata: { name: "api", namespace: "shop" },
    status: { disruptionsAllowed },
  });
  await put(world, budget(0));
  const { code, stderr } = await migrate(world);
  expect(code).toBe(1);
  expect(stderr).toMatch(/failed: Drain node \S+ failed when evicting pod.*\(UpgradeFailed\)/);
  expect(stderr).toMatch(/Remedy: Let the disruption budget shop\/api allow an eviction/);
  await put(world, budget(1));
  expect((await world.line.run("resume")).code).toBe(0);
});

test("QuotaExceeded of an operation is shown with its code, its sentence and what to do, and gone on from", async () => {
  const world = await openWorld({ scenario: "kubenet-plain" });
  // The preflight has looked at the quota; somebody uses it up while the control plane is being switched.
  const useUp = async () => {
    await world.lab.clock.sleep(61 * 60_000);
    await behave(world, { coreQuota: 1 });
  };
  const { code, stderr } = await migrate(world, useUp());
  expect(code).toBe(1);
  expect(stderr).toMatch(/failed: Operation results in exceeding quota limits of Core.*\(QuotaExceeded\)/);
  expect(stderr).toMatch(/Remedy: \S/);
  await behave(world, { coreQuota: 100_000 });
  expect((await world.line.run("resume")).code).toBe(0);
});

test("SubnetIsFull of an operation is shown with its code, its sentence and what to do, and gone on from", async () => {
  const world = await openWorld({ scenario: "azure-cni" });
  const cluster = (await azure(world, "GET", world.cluster)) as { properties: { agentPoolProfiles: JsonObject[] } };
  const id = String(cluster.properties.agentPoolProfiles[0]!["vnetSubnetID"]);
  const subnet = (await azure(world, "GET", id)) as { properties: JsonObject };
  const resize = (addressPrefix: string) =>
    azure(world, "PUT", id, { properties: { ...subnet.properties, addressPrefix } });
  // The preflight has looked at the subnet; somebody makes it smaller while the control plane is being switched.
  const makeSmaller = async () => {
    await world.lab.clock.sleep(61 * 60_000);
    await resize("10.60.0.0/29");
  };
  const { code, stderr } = await migrate(world, makeSmaller());
  expect(code).toBe(1);
  expect(stderr).toMatch(/failed: Subnet \S+ has 0 addresses left.*\(SubnetIsFull\)/);
  expect(stderr).toMatch(/Remedy: \S/);
  await resize(String(subnet.properties["addressPrefix"]));
  expect((await world.line.run("resume")).code).toBe(0);
});

test("Canceled: an update that somebody aborts is shown as such, and gone on from", async () => {
  const world = await openWorld({ scenario: "kubenet-plain" });
  const abort = async () => {
    await world.lab.clock.sleep(61 * 60_000);
    await azure(world, "POST", `${world.cluster}/abort`);
  };
  const { code, stderr } = await migrate(world, abort());
  expect(code).toBe(1);
  expect(stderr).toMatch(/The update that switches the cluster failed: .*\(Canceled\)/);
  expect(stderr).toMatch(/Remedy: \S/);
  expect((await world.line.run("resume")).code).toBe(0);
});

test("EtagMismatch inside an operation that succeeds all the same stops nothing", async () => {
  const world = await openWorld({ scenario: "kubenet-plain", behaviour: { etagMismatchInOperation: true } });
  const ended = await migrate(world);
  expect(ended, ended.stderr).toMatchObject({ code: 0 });
});
