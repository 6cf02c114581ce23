import { expect, test } from "vitest";
import { loadScenario } from "../../src/emulator/scenario.ts";
import { InProcessCommandLine } from "../support/in-process.ts";

test("two clusters of one name get no identity in common by default, unless it is named", async () => {
  const scenario = await loadScenario("demo");
  const cluster = scenario.resources.find(({ type }) => /managedClusters$/i.test(type))!;
  const group = cluster.id.replace(/\/providers\/.*/, "");
  const elsewhere = group.replace(/[^/]+$/, "rg-payments-dr");
  const twin = structuredClone({ ...cluster, id: cluster.id.replace(group, elsewhere) });
  const { properties } = twin as unknown as { properties: Record<string, unknown> };
  properties["nodeResourceGroup"] = `${properties["nodeResourceGroup"]}_dr`;
  const groups = [group, elsewhere].map((id) => ({
    id,
    name: id.split("/").at(-1)!,
    type: "Microsoft.Resources/resourceGroups",
    location: cluster["location"],
  }));
  const others = scenario.resources.filter(({ id }) => id.toLowerCase() !== group.toLowerCase());
  const resources = [...others, ...groups, twin] as typeof scenario.resources;
  const line = await InProcessCommandLine.open({}, { ...scenario, resources });
  const plan = (...flags: string[]) => line.run("plan", "--id", cluster.id, "--id", twin.id, ...flags);

  const shared = await plan("--identity-resource-group", "rg-payments-prod");
  expect([shared.code, shared.stderr]).toEqual([
    2,
    expect.stringContaining("would share the identity id-payments-prod"),
  ]);
  const made = await plan();
  expect(made.code).not.toBe(2);
  expect(made.stderr).toBe("1 of 2 clusters read\n2 of 2 clusters read\n");
  const names = ["--control-plane-identity", "id-a", "--kubelet-identity", "id-b"];
  expect((await plan("--identity-resource-group", "rg-payments-prod", ...names)).code).not.toBe(2);
});
