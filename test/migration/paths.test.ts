import { describe, expect, test } from "vitest";
import type { PlanRequest } from "../../src/planning/make-plan.ts";
import { Lab } from "../support/lab.ts";

/** Plans and applies, and expects a verified end. */
async function migrate(lab: Lab, request: Partial<PlanRequest> = {}) {
  const plan = await lab.plan(request);
  expect(plan.clusters.map(({ blocked }) => blocked)).toEqual(plan.clusters.map(() => undefined));
  const { results } = await lab.apply(plan);
  const ended = results.map(({ outcome }) => (outcome.kind === "failed" ? String(outcome.error) : outcome.kind));
  expect(ended).toEqual(plan.clusters.map(() => "done"));
  return plan;
}

function keysOf(plan: Awaited<ReturnType<Lab["plan"]>>): string[] {
  return plan.clusters.flatMap(({ steps }) => steps.flatMap(({ changes }) => changes.map(({ key }) => key)));
}

async function drains(lab: Lab): Promise<number> {
  return (await lab.events()).filter(({ kind }) => kind === "nodeDrained").length;
}

async function failures(lab: Lab) {
  return (await lab.events()).filter(({ ok }) => !ok).map(({ at, kind, pool, reason }) => ({ at, kind, pool, reason }));
}

describe("from a service principal", () => {
  test.each([
    "kubenet-plain",
    "azure-cni",
    "private-cluster",
  ])("%s goes to user-assigned identities without a failed event", async (scenario) => {
    const lab = await Lab.open({ newerNodeImage: true }, scenario);
    const plan = await migrate(lab);
    expect(plan.clusters[0]!.path).toBe("service-principal-to-user-assigned");
    expect(await failures(lab)).toEqual([]);
    expect((await lab.plan()).clusters[0]!.path).toBe("none");
  });

  test("a plain cluster goes to the system-assigned identity, and what fails lies in the announced gaps", async () => {
    const lab = await Lab.open({ newerNodeImage: true }, "kubenet-plain");
    const plan = await migrate(lab, { to: "system-assigned" });
    expect(plan.clusters[0]!.path).toBe("service-principal-to-system-assigned");
    expect(await failures(lab)).toEqual([]);
    expect((await lab.plan({ to: "system-assigned" })).clusters[0]!.path).toBe("none");
  });

  test("a cluster with a route table of its own is blocked from the system-assigned identity", async () => {
    const lab = await Lab.open();
    const plan = await lab.plan({ to: "system-assigned" });
    expect(plan.clusters[0]!.blocked).toBe(true);
    expect(plan.clusters[0]!.findings).toContainEqual(expect.objectContaining({ check: "ID007", severity: "blocker" }));
  });

  test("pauses when nodes have to be rolled and there is no newer image, and goes on when there is", async () => {
    const lab = await Lab.open({ combinedIdentityUpdate: "appliesWithoutRoll", newerNodeImage: false });
    const plan = await lab.plan();
    const { results, run } = await lab.apply(plan);
    expect(results[0]!.outcome).toMatchObject({ kind: "paused" });
    expect(await drains(lab)).toBe(0);
    await lab.control("PATCH", "/_emulator/behaviour", { newerNodeImage: true });
    const resumed = await lab.apply(plan, run);
    expect(resumed.results[0]!.outcome.kind).toBe("done");
    expect(await drains(lab)).toBe(9);
    expect(await failures(lab)).toEqual([]);
  });

  test("is not fooled by scale sets that always say their newest model is applied", async () => {
    const lab = await Lab.open({ combinedIdentityUpdate: "appliesWithoutRoll", latestModelApplied: true });
    await migrate(lab);
    expect(await drains(lab)).toBe(9);
  });
});

describe("between managed identities", () => {
  test("a system-assigned cluster gets a user-assigned control plane, and its nodes are left alone", async () => {
    const lab = await Lab.open({}, "system-assigned");
    const plan = await migrate(lab);
    expect(plan.clusters[0]!.path).toBe("system-assigned-to-user-assigned");
    expect(keysOf(plan).filter((key) => /^(roll|kubelet-identity|gap):/.test(key))).toEqual([]);
    expect(await drains(lab)).toBe(0);
    expect(await failures(lab)).toEqual([]);
    expect((await lab.plan()).clusters[0]!.path).toBe("none");
  });

  test("a system-assigned cluster gets both identities of its own, and each node is drained once", async () => {
    const lab = await Lab.open({}, "system-assigned");
    const nodes = (await lab.plan()).clusters[0]!.from.pools.reduce((sum, pool) => sum + pool.nodes, 0);
    const plan = await migrate(lab, { kubeletIdentity: "id-web-kubelet" });
    expect(plan.clusters[0]!.path).toBe("system-assigned-to-user-assigned");
    expect(await drains(lab)).toBe(nodes);
    expect(await failures(lab)).toEqual([]);
  });

  test("a control plane moves from one user-assigned identity to another", async () => {
    const lab = await Lab.open();
    await migrate(lab);
    const plan = await migrate(lab, { controlPlaneIdentity: "id-payments-next" });
    expect(plan.clusters[0]!.path).toBe("user-assigned-to-user-assigned");
    expect(keysOf(plan)).toContain("identity:control-plane");
    expect(await drains(lab)).toBe(9);
    expect(await failures(lab)).toEqual([]);
    expect((await lab.plan()).clusters[0]!.target.controlPlaneIdentity?.name).toBe("id-payments-next");
  });

  test("nodes move from the kubelet identity AKS made to an own one that can pull before they are rolled", async () => {
    const lab = await Lab.open();
    await migrate(lab, { kubeletIdentity: "aks" });
    const before = await drains(lab);
    const plan = await migrate(lab, { kubeletIdentity: "id-payments-prod-kubelet" });
    expect(plan.clusters[0]!.path).toBe("replace-kubelet-identity");
    expect((await drains(lab)) - before).toBe(9);
    expect(await failures(lab)).toEqual([]);
  });

  test("a user-assigned cluster is never moved to a system-assigned identity", async () => {
    const lab = await Lab.open();
    await migrate(lab);
    await expect(lab.plan({ to: "system-assigned" })).rejects.toMatchObject({ code: "USAGE" });
  });
});

describe("a half-migrated cluster", () => {
  test("is finished: rights that are missing, then the nodes", async () => {
    const lab = await Lab.open({ newerNodeImage: true }, "half-migrated");
    const plan = await migrate(lab);
    expect(plan.clusters[0]!.path).toBe("finish-node-migration");
    expect(keysOf(plan).some((key) => key.startsWith("roll:"))).toBe(true);
    expect(keysOf(plan).some((key) => key.startsWith("switch:"))).toBe(false);
    expect((await lab.plan()).clusters[0]!.path).toBe("none");
  });
});
