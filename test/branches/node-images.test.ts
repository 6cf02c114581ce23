import { expect, test } from "vitest";
import { needsUpgrade, needsUpgradeWithAks } from "./answers.ts";
import { advance, azure, behave, changePools, poolsOf } from "./azure.ts";
import { type Branch, openWorld, type Stop, testBranches, unwrapped, type World } from "./support.ts";

const RANKED = /\(1\) an own kubelet identity.*\(2\) wait.*\(3\) a Kubernetes patch upgrade.*\(4\) a new pool/;

/** Makes a new plan for where the cluster stands now, and applies it. */
async function planAgain({ line, cluster }: World, ...flags: string[]) {
  const file = line.file("next.yaml");
  const planned = await line.run("plan", "--id", cluster, ...flags, "--out", file);
  expect(planned, planned.stderr).toMatchObject({ code: 0 });
  return line.run("apply", "--plan", file, "--yes", "-o", "jsonl");
}

/** A cluster that is to keep the kubelet identity that AKS makes, with no newer image for its nodes. */
function withoutImage(name: string, stop: Pick<Stop, "cure" | "next">, ...more: readonly Stop[]): Branch {
  return {
    name: `no newer node image: ${name}`,
    scenario: "kubenet-plain",
    path: "service-principal-to-user-assigned",
    flags: ["--kubelet-identity", "aks"],
    behaviour: { newerNodeImage: false },
    gaps: ["gap:kubelet"],
    says: [RANKED],
    stops: [
      { code: 8, says: /There is no newer node image for .*Resume it at/s, when: needsUpgradeWithAks, ...stop },
      ...more,
    ],
  };
}

/** Puts a new pool in place of each. */
async function replacePools(world: World): Promise<void> {
  for (const [index, { name, ...properties }] of (await poolsOf(world)).entries()) {
    await azure(world, "PUT", `${world.cluster}/agentPools/next${index}`, { properties });
    await advance(world, "10m");
    await azure(world, "DELETE", `${world.cluster}/agentPools/${String(name)}`);
    await advance(world, "10m");
  }
}

/** The run cannot go on with pools that its plan does not know; a new plan finds the new nodes proven. */
async function resumeWithOtherPools(world: World) {
  const stale = await world.line.run("resume");
  expect(stale, stale.stderr).toMatchObject({ code: 5 });
  expect(stale.stderr).toContain("pools.");
  return planAgain(world, "--kubelet-identity", "aks");
}

const BRANCHES: readonly Branch[] = [
  {
    name: "no newer node image, and identities of one's own, whose update does without",
    scenario: "demo",
    path: "service-principal-to-user-assigned",
    behaviour: { newerNodeImage: false },
    gaps: ["gap:kubelet", "gap:addon:omsagent"],
    stops: [
      {
        code: 8,
        says: /There is no newer node image for /,
        when: needsUpgrade,
        cure: (world) => behave(world, { newerNodeImage: true }),
      },
    ],
  },
  withoutImage(
    "an own kubelet identity",
    { next: (world) => planAgain(world, "--kubelet-identity", "id-own-kubelet") },
    {
      code: 8,
      says: /There is no newer node image for /,
      when: ({ kubeletIdentityUpdateReimagesNodes }) => kubeletIdentityUpdateReimagesNodes === false,
      cure: (world) => behave(world, { newerNodeImage: true }),
    },
  ),
  withoutImage("waiting for the next release", { cure: (world) => behave(world, { newerNodeImage: true }) }),
  withoutImage("a Kubernetes patch upgrade of the pools", {
    cure: (world) => changePools(world, { orchestratorVersion: "1.33.9" }),
  }),
  withoutImage("a new pool in place of each", { cure: replacePools, next: resumeWithOtherPools }),
];

testBranches(BRANCHES);

test("--require-node-image blocks the plan, and nothing is written", async () => {
  const { line, lab, cluster } = await openWorld({ scenario: "kubenet-plain", behaviour: { newerNodeImage: false } });
  const file = line.file("plan.yaml");
  const flags = ["--kubelet-identity", "aks", "--require-node-image"];
  const planned = await line.run("plan", "--id", cluster, ...flags, "--out", file);
  expect(planned.code).toBe(4);
  expect(unwrapped(planned.stdout)).toMatch(RANKED);
  expect((await line.run("apply", "--plan", file, "--yes")).code).toBe(4);
  expect(await lab.writes()).toEqual([]);
});
