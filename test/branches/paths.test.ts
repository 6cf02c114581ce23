import { expect, test } from "vitest";
import { asObject } from "../../src/azure/json.ts";
import type { Scenario } from "../../src/emulator/scenario.ts";
import { PATHS } from "../../src/plan/schema.ts";
import { ALL_ANSWERS, type Branch, EACH_ANSWER, openWorld, testBranches } from "./support.ts";

/** The cluster of `half-migrated`, after its last nodes have been re-imaged too. */
function finish({ resources }: Scenario): void {
  for (const { _emulator: mark } of resources) Reflect.deleteProperty(asObject(mark), "poolsOnServicePrincipal");
}

const BRANCHES: readonly Branch[] = [
  {
    name: "a service principal to identities of one's own",
    scenario: "demo",
    path: "service-principal-to-user-assigned",
    gaps: ["gap:kubelet", "gap:addon:omsagent"],
  },
  {
    name: "a service principal to an identity of one's own and the kubelet identity that AKS makes",
    scenario: "demo",
    path: "service-principal-to-user-assigned",
    flags: ["--kubelet-identity", "aks"],
    gaps: ["gap:kubelet", "gap:addon:omsagent"],
  },
  {
    name: "a service principal to the system-assigned identity",
    scenario: "azure-cni",
    path: "service-principal-to-system-assigned",
    flags: ["--to", "system-assigned"],
    behaviour: { newerNodeImage: true },
    gaps: ["gap:kubelet", "gap:control-plane"],
  },
  {
    name: "the system-assigned identity to one of one's own",
    scenario: "system-assigned",
    path: "system-assigned-to-user-assigned",
  },
  {
    name: "the system-assigned identity to one's own, that of the nodes too",
    scenario: "system-assigned",
    path: "system-assigned-to-user-assigned",
    flags: ["--kubelet-identity", "id-web-kubelet"],
    gaps: ["gap:kubelet"],
  },
  {
    name: "one's own identity to another",
    scenario: "half-migrated",
    alter: finish,
    path: "user-assigned-to-user-assigned",
    flags: ["--control-plane-identity", "id-next"],
  },
  {
    name: "one's own identities to others, that of the nodes too",
    scenario: "half-migrated",
    alter: finish,
    path: "user-assigned-to-user-assigned",
    flags: ["--control-plane-identity", "id-next", "--kubelet-identity", "id-next-kubelet"],
    gaps: ["gap:kubelet"],
  },
  {
    name: "one's own kubelet identity to another",
    scenario: "half-migrated",
    alter: finish,
    path: "replace-kubelet-identity",
    flags: ["--kubelet-identity", "id-next-kubelet"],
  },
  {
    name: "the nodes that were left behind",
    scenario: "half-migrated",
    path: "finish-node-migration",
    flags: ["--switched-at", "2026-11-22T07:00:00Z"],
  },
];

testBranches(BRANCHES, ALL_ANSWERS);

test("each path is among the branches, and none is a path that there is not", () => {
  const paths = PATHS.filter((path) => path !== "none");
  expect(new Set(BRANCHES.map(({ path }) => path))).toEqual(new Set(paths));
});

test("a user-assigned cluster is never moved to the system-assigned identity, as Azure CLI does by omission", async () => {
  const world = await openWorld({ scenario: "half-migrated", alter: finish });
  const { line, lab, cluster } = world;
  const writes = (await lab.writes()).length;
  const planned = await line.run("plan", "--id", cluster, "--to", "system-assigned");
  expect(planned.code).toBe(2);
  expect(planned.stderr).toContain("never moves a cluster from there to a system-assigned one");
  expect((await lab.writes()).length).toBe(writes);
});

test("every answer to every question is among those under which a branch is run", () => {
  const answersIn = (assumptions: typeof ALL_ANSWERS) =>
    new Set(assumptions.flatMap(({ behaviour }) => Object.entries(behaviour).map((entry) => entry.join(": "))));
  expect(answersIn(EACH_ANSWER)).toEqual(answersIn(ALL_ANSWERS));
});
