import { expect, test } from "vitest";
import { verifyClusters } from "../../src/commands/verify.ts";
import { Lab } from "../support/lab.ts";
import { object, putObjects } from "./objects.ts";

function podOn(node: string, name: string, state: object, more: object = {}): object {
  return object("Pod", name, {
    spec: { nodeName: node, containers: [{ name: "main", image: "shop.azurecr.io/web:1" }], ...more },
    status: { containerStatuses: [{ name: "main", state }] },
  });
}

async function verify(lab: Lab, inCluster = true) {
  const { connection, stateDir } = lab;
  const [verified] = await verifyClusters(connection, await lab.clusterIds(), { stateDir, inCluster });
  const { complete, findings, notAssessed } = verified!;
  return {
    complete,
    found: findings.filter(({ check }) => check === "PM003").map(({ seen }) => seen),
    gaps: notAssessed.filter(({ check }) => check === "PM003").map(({ reason }) => reason),
  };
}

async function migrated(): Promise<Lab> {
  const lab = await Lab.open({}, "kubenet-plain");
  await lab.apply(await lab.plan());
  return lab;
}

const GAP = "on no re-imaged node of it a container of an Azure container registry's image is seen to run";

test("a container of a registry's image on a re-imaged node proves a pull, pool by pool", async () => {
  const lab = await migrated();
  const [before] = await verifyClusters(lab.connection, await lab.clusterIds(), { stateDir: lab.stateDir });
  const pools = before!.pools.map(({ pool }) => pool);
  expect((await verify(lab)).gaps).toEqual(pools.map((pool) => `pool ${pool}: ${GAP}`));
  await putObjects(
    lab,
    pools.map((pool) => podOn(`aks-${pool}-12345678-vmss000000`, `web-${pool}`, { running: {} })),
  );
  expect(await verify(lab)).toEqual({ complete: true, found: [], gaps: [] });
});

test("a pod with a pull secret of its own proves nothing", async () => {
  const lab = await migrated();
  const before = await verify(lab);
  const secrets = { imagePullSecrets: [{ name: "pull" }] };
  await putObjects(lab, [podOn("aks-system-12345678-vmss000000", "web", { running: {} }, secrets)]);
  expect(await verify(lab)).toEqual(before);
});

test("a pod that cannot pull makes the cluster incomplete", async () => {
  const lab = await migrated();
  await putObjects(lab, [podOn("aks-system-1-vmss000000", "web", { waiting: { reason: "ImagePullBackOff" } })]);
  expect(await verify(lab)).toMatchObject({
    complete: false,
    found: ["shop/web cannot pull an image from an Azure container registry"],
  });
});

test("without a look inside it is not assessed, and a refused look says so", async () => {
  const lab = await migrated();
  expect((await verify(lab, false)).gaps).toEqual(["pods were not looked at (--in-cluster looks at them)"]);
  const fault = { status: 403, code: "AuthorizationFailed", message: "no" };
  await lab.control("POST", "/_emulator/faults", { match: { pathPattern: "/runCommand" }, fault, times: 9 });
  expect(await verify(lab)).toMatchObject({
    complete: true,
    gaps: [expect.stringContaining("you may not read the inside of the cluster (run command)")],
  });
});
