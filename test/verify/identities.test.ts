import { expect, test } from "vitest";
import { verifyClusters } from "../../src/commands/verify.ts";
import { Lab } from "../support/lab.ts";

test("a cluster whose identity was deleted is not complete, nor is it when that is made again", async () => {
  const lab = await Lab.open();
  const plan = await lab.plan();
  await lab.apply(plan);
  const verify = async () => {
    const [verified] = await verifyClusters(lab.connection, await lab.clusterIds(), { stateDir: lab.stateDir });
    const found = verified!.findings.filter(({ check }) => check === "ID009").map(({ seen }) => seen);
    return [verified!.complete, found];
  };
  expect(await verify()).toEqual([true, []]);

  const { identities } = lab.connection.azure();
  const { name, resourceGroup, location } = plan.clusters[0]!.target.kubeletIdentity!;
  const [, subscription] = /\/subscriptions\/([^/]+)/.exec(plan.clusters[0]!.id)!;
  const id = `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
  await identities.remove(id);
  expect(await verify()).toEqual([false, [`the kubelet identity ${name} does not exist any more`]]);
  await identities.create(id, location);
  expect(await verify()).toEqual([false, [expect.stringContaining("was deleted and made again")]]);
});
