import { describe, expect, test } from "vitest";
import { DEMO_CLUSTER } from "../support/cli.ts";
import { Lab } from "../support/lab.ts";
import { blockersOf, GROUP, NETWORK, SUBSCRIPTION } from "./support.ts";

const NODE_GROUP = `${SUBSCRIPTION}/resourceGroups/MC_rg-payments-prod_payments-prod_westeurope`;
const NETWORK_GROUP = NETWORK.replace(/\/providers\/.*/, "");
const MONITORING_GROUP = `${SUBSCRIPTION}/resourceGroups/rg-monitoring-prod`;
const PLATFORM = "/subscriptions/7c2d4a90-1e6b-4f35-a0d8-2e9b6f41c802";

/** What the plan of the demo cluster says by one check. */
async function found(lab: Lab, check: string, request: Parameters<Lab["plan"]>[0] = {}) {
  const plan = await lab.plan({ clusterIds: [DEMO_CLUSTER], ...request });
  return plan.clusters[0]!.findings.filter((finding) => finding.check === check).map(
    ({ severity, seen }) => `${severity}: ${seen}`,
  );
}

async function refuse(lab: Lab, pathPattern: string): Promise<void> {
  const fault = { status: 403, code: "AuthorizationFailed", message: "No." };
  await lab.control("POST", "/_emulator/faults", { match: { method: "GET", pathPattern }, fault, times: 9 });
}

describe("what may not be read is said to be not assessed, and never passes", () => {
  test.each([
    [
      "RD006",
      "/usages\\?",
      ["medium: you may not read the compute quota of westeurope (AuthorizationFailed): not assessed"],
    ],
    ["RD009", "/locks\\?", [expect.stringMatching(/^info: you may not read the locks of .*: not assessed$/)]],
    [
      "RB015",
      "/roleAssignments\\?api-version=[^&]*$",
      [expect.stringMatching(/^info: you may not read the role assignments/)],
    ],
    ["RD010", "/policyAssignments\\?", [expect.stringMatching(/^info: .*: not assessed$/)]],
    [
      "ID003",
      "/applications\\?",
      [expect.stringMatching(/^info: the credentials of .* cannot be read: not assessed$/)],
    ],
    [
      "IDENTITY-GROUP",
      "/resourceGroups/rg-monitoring-prod\\?",
      ["info: you may not read the resource group rg-monitoring-prod: not assessed"],
      { identityResourceGroup: "rg-monitoring-prod" },
    ],
  ] as [string, string, unknown[], object?][])("%s", async (check, pathPattern, expected, choice = {}) => {
    const lab = await Lab.open();
    await refuse(lab, pathPattern);
    const said = await found(lab, check, choice);
    expect(said.slice(0, expected.length)).toEqual(expected);
    expect(said.every((text) => text.includes("not assessed"))).toBe(true);
  });
});

describe("an operator who holds nothing on the whole subscription", () => {
  const owner = (...scopes: string[]) => ({
    caller: {
      objectId: "11111111-2222-4333-8444-555555555555",
      name: "operator",
      type: "User",
      roles: scopes.map((scope) => ({ role: "Owner", scope })),
    },
  });
  const GROUPS = [GROUP, NODE_GROUP, NETWORK_GROUP, MONITORING_GROUP, `${PLATFORM}/resourceGroups/rg-registries`];

  test("is asked for by group, and the locks there are read group by group", async () => {
    const lab = await Lab.open(owner(...GROUPS));
    expect(blockersOf(await lab.plan({ clusterIds: [DEMO_CLUSTER] }))).toEqual([]);
    await lab.control("PATCH", "/_emulator/behaviour", {
      locks: [{ name: "keep", scope: NETWORK_GROUP, level: "ReadOnly" }],
    });
    expect(await found(lab, "RD009")).toEqual([expect.stringMatching(/^blocker: the lock keep \(ReadOnly\)/)]);
    const lists = (await lab.requests()).filter(({ path }) => /\/locks\?/.test(path)).map(({ path }) => path);
    expect(lists.every((path) => /\/resourceGroups\//i.test(path))).toBe(true);
  });

  test("is blocked where a role is missing on one group", async () => {
    const lab = await Lab.open(owner(...GROUPS.filter((scope) => scope !== NETWORK_GROUP)));
    expect(await found(lab, "RB014")).toContainEqual(
      expect.stringMatching(/^blocker: you may not do .*roleAssignments\/write.* on .*rg-network-prod/),
    );
  });
});

describe("locks against deletion", () => {
  test.each([
    ["on the cluster's group, where the identities are too", GROUP],
    ["on the network's group", NETWORK_GROUP],
  ])("%s hinder nothing but undo", async (_, scope) => {
    const lab = await Lab.open({ locks: [{ name: "keep", scope, level: "CanNotDelete" }] });
    expect(await found(lab, "RD009")).toEqual([
      expect.stringMatching(/^medium: the lock keep \(CanNotDelete\) holds on/),
    ]);
    const { results } = await lab.apply(await lab.plan({ clusterIds: [DEMO_CLUSTER] }));
    expect(results.map(({ outcome }) => outcome.kind)).toEqual(["done"]);
  });

  test("on the nodes make Azure refuse the update, where the plan ignores them", async () => {
    const lab = await Lab.open({ locks: [{ name: "keep", scope: NODE_GROUP, level: "CanNotDelete" }] });
    const { results } = await lab.apply(await lab.plan({ clusterIds: [DEMO_CLUSTER], ignoredChecks: ["RD009"] }));
    expect(String((results[0]!.outcome as { error?: unknown }).error)).toContain(
      "is locked, please remove lock and retry",
    );
  });
});

test("a plan counts the role assignments that its subscriptions have room for", async () => {
  const lab = await Lab.open();
  expect(await found(lab, "RB015")).toEqual([]);
  const assignment = (index: number) => ({
    id: `${PLATFORM}/providers/Microsoft.Authorization/roleAssignments/99999999-1111-4222-8333-${String(index).padStart(12, "0")}`,
    type: "Microsoft.Authorization/roleAssignments",
    properties: {
      principalId: "99999999-1111-4222-8333-000000000001",
      roleDefinitionId: "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7",
    },
  });
  await lab.control(
    "POST",
    "/_emulator/resources",
    Array.from({ length: 3_810 }, (_, index) => assignment(index)),
  );
  const said = await found(lab, "RB015");
  expect(said).toEqual([
    expect.stringMatching(
      /^medium: subscription 7c2d4a90\S+ has 381\d role assignments of 4000 .*, and this plan adds 1$/,
    ),
  ]);
});

describe("whoever updates the cluster after the switch", () => {
  test("is named in the plan, with the identities that they have to be allowed to assign", async () => {
    expect(await found(await Lab.open(), "RB014")).toEqual([
      expect.stringMatching(
        /^medium: .*az aks update, Terraform, pipelines.*userAssignedIdentities\/assign\/action on id-payments-prod and id-payments-prod-kubelet$/i,
      ),
    ]);
  });

  test("needs nothing new for a system-assigned identity", async () => {
    const plan = await (await Lab.open({}, "kubenet-plain")).plan({ to: "system-assigned" });
    expect(plan.clusters[0]!.findings.filter(({ check }) => check === "RB014")).toEqual([]);
  });
});
