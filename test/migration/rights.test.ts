import { expect, test } from "vitest";
import { formatPlanYaml, parsePlan } from "../../src/plan/plan-file.ts";
import { Lab } from "../support/lab.ts";

const GROUP = "99999999-1111-4222-8333-444444444444";
const SUBSCRIPTION = "/subscriptions/3f0b6c1e-9a54-4d1c-8f27-5b1d7c0a9e01";

test("each right of the old identity is kept, moved, narrowed or dropped, and those held through groups are among them", async () => {
  const lab = await Lab.open();
  const servicePrincipal = (await lab.plan()).clusters[0]!.from.servicePrincipal!.objectId!;
  const assign = (scope: string, role: string, index: number, principalId = servicePrincipal) => ({
    id: `${scope}/providers/Microsoft.Authorization/roleAssignments/77777777-1111-4222-8333-44444444444${index}`,
    type: "Microsoft.Authorization/roleAssignments",
    properties: {
      principalId,
      scope,
      roleDefinitionId: `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/${role}`,
    },
  });
  const disks = `${SUBSCRIPTION}/resourceGroups/rg-disks`;
  await lab.control("POST", "/_emulator/resources", [
    { type: "Microsoft.Graph/groups", id: GROUP, displayName: "aks-operators", members: [servicePrincipal] },
    assign(disks, "b24988ac-6180-42a0-ab88-20f7382dd24c", 1, GROUP),
    assign(disks, "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", 2),
  ]);
  const plan = await lab.plan();
  const { rights, steps } = plan.clusters[0]!;
  const decided = rights.map(({ role, decision, through }) => [role, decision, through]);
  expect(decided).toContainEqual(["Contributor", "kept", GROUP]);
  expect(decided).toContainEqual(["Owner", "dropped", undefined]);
  expect(decided).toContainEqual(["Reader", "narrowed", undefined]);
  expect(decided).toContainEqual(["AcrPull", "moved", undefined]);
  const keys = steps.flatMap(({ changes }) => changes.map(({ key }) => key));
  expect(keys).toContain(`role:Contributor@${disks}→control-plane`);
  expect(keys.filter((key) => key.startsWith("role:Owner"))).toEqual([]);
});

test("a role of one's own that hands out roles is not copied, nor is one that holds under a condition", async () => {
  const lab = await Lab.open();
  const principalId = (await lab.plan()).clusters[0]!.from.servicePrincipal!.objectId!;
  const scope = `${SUBSCRIPTION}/resourceGroups/rg-disks`;
  const define = (guid: string, roleName: string, actions: readonly string[]) => ({
    id: `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/${guid}`,
    type: "Microsoft.Authorization/roleDefinitions",
    name: guid,
    properties: { roleName, type: "CustomRole", permissions: [{ actions, notActions: [] }] },
  });
  const assign = (role: string, index: number, condition?: string, at = scope) => ({
    id: `${at}/providers/Microsoft.Authorization/roleAssignments/77777777-1111-4222-8333-44444444445${index}`,
    type: "Microsoft.Authorization/roleAssignments",
    properties: {
      principalId,
      scope: at,
      roleDefinitionId: `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/${role}`,
      ...(condition ? { condition, conditionVersion: "2.0" } : {}),
    },
  });
  const [granter, plain] = ["aaaaaaaa-1111-4222-8333-444444444444", "bbbbbbbb-1111-4222-8333-444444444444"] as const;
  const registry = `${SUBSCRIPTION}/resourceGroups/rg-r/providers/Microsoft.ContainerRegistry/registries/narrow`;
  await lab.control("POST", "/_emulator/resources", [
    define(granter, "Disk manager", ["Microsoft.Compute/*", "Microsoft.Authorization/roleAssignments/*"]),
    define(plain, "Disk reader", ["Microsoft.Compute/disks/read"]),
    {
      id: registry,
      type: "Microsoft.ContainerRegistry/registries",
      location: "westeurope",
      sku: { name: "Premium" },
      properties: {},
    },
    assign(granter, 1),
    assign(plain, 2),
    assign("4d97b98b-1d4f-4787-a291-c67834d212e7", 3, "@Resource[a] StringEquals 'b'"),
    assign("7f951dda-4ed3-4680-a7ca-43fe172d538d", 4, "@Resource[a] StringEquals 'b'", registry),
  ]);
  const plan = await lab.plan();
  const { rights, steps } = plan.clusters[0]!;
  expect(rights.filter((right) => right.scope === scope || right.scope === registry)).toMatchObject([
    { role: "Disk manager", decision: "dropped", reason: expect.stringContaining("hand out roles") },
    { role: "Disk reader", decision: "kept" },
    { role: "Network Contributor", decision: "dropped", instead: expect.stringContaining("under the same condition") },
    { role: "AcrPull", decision: "moved", reason: expect.stringContaining("its condition is not copied") },
  ]);
  const keys = steps.flatMap(({ changes }) => changes.map(({ key }) => key)).filter((key) => key.includes(scope));
  expect(keys).toEqual([`role:Disk reader@${scope}→control-plane`]);
  expect(parsePlan(formatPlanYaml(plan), "plan.yaml")).toEqual(plan);
});
