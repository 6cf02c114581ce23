import { expect, test } from "vitest";
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
