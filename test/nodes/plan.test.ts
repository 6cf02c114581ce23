import { describe, expect, test } from "vitest";
import type { MigrationPlan } from "../../src/plan/schema.ts";
import { clusters, object, PLANTED, pod, putObjects, secret } from "../in-cluster/objects.ts";
import { Lab } from "../support/lab.ts";
import { changePool, putWindow } from "../support/nodes.ts";

function found(plan: MigrationPlan, ...checks: readonly string[]) {
  return plan.clusters[0]!.findings.filter(({ check }) => checks.includes(check)).map(
    ({ check, severity, seen }) => `${check} ${severity}: ${seen}`,
  );
}

describe("no newer node image", () => {
  test("is no matter where the update re-images the nodes, unless it is required", async () => {
    const lab = await Lab.open({ newerNodeImage: false }, "kubenet-plain");
    expect(found(await lab.plan(), "RD002")).toEqual([]);
    const required = await lab.plan({ requireNodeImage: true });
    expect(required.clusters[0]!.blocked).toBe(true);
    expect(found(required, "RD002")[0]).toMatch(/^RD002 blocker: there is no newer node image than that of pool /);
    const ignored = await lab.plan({ requireNodeImage: true, ignoredChecks: ["RD002"] });
    expect(ignored.clusters[0]!.blocked).toBeUndefined();
  });

  test("is told with ranked alternatives where a node image upgrade is needed", async () => {
    const lab = await Lab.open({ newerNodeImage: false }, "kubenet-plain");
    const plan = await lab.plan({ kubeletIdentity: "aks" });
    expect(plan.clusters[0]!.blocked).toBeUndefined();
    const [finding] = plan.clusters[0]!.findings.filter(({ check }) => check === "RD002");
    expect(finding).toMatchObject({ severity: "info" });
    const order = ["(1) an own kubelet identity", "(2) wait", "(3) a Kubernetes patch upgrade", "(4) a new pool"];
    const places = order.map((text) => finding!.remedy.indexOf(text));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places).not.toContain(-1);
  });

  test("is not said where there is one", async () => {
    const lab = await Lab.open({ newerNodeImage: true }, "kubenet-plain");
    expect(found(await lab.plan({ kubeletIdentity: "aks", requireNodeImage: true }), "RD002")).toEqual([]);
  });

  test("is not assessed where the upgrade profile may not be read", async () => {
    const lab = await Lab.open({ newerNodeImage: true }, "kubenet-plain");
    const fault = { status: 403, code: "AuthorizationFailed", message: "no" };
    await lab.control("POST", "/_emulator/faults", { match: { pathPattern: "upgradeProfiles" }, fault, times: 99 });
    const plan = await lab.plan({ kubeletIdentity: "aks", requireNodeImage: true });
    expect(found(plan, "RD002")[0]).toMatch(/^RD002 blocker: Azure does not say whether there is a newer node image/);
  });
});

describe("kinds of pools", () => {
  test("Windows and Spot take a branch of their own", async () => {
    const plan = await (await Lab.open({}, "windows-and-spot")).plan();
    expect(found(plan, "RD004", "RD006")).toEqual([
      "RD004 medium: pool win22 runs Windows: its node images come once a month, and its nodes start slowly",
      "RD006 medium: pool spot is Spot: its nodes are re-imaged one at a time, with no surge node and no drain",
    ]);
    expect(plan.clusters[0]!.blocked).toBeUndefined();
  });

  test.each([
    [{ powerState: { code: "Stopped" } }, "RD001 medium: pool system is stopped: Azure re-images none of its nodes"],
    [
      { enableAutoScaling: true, minCount: 1, maxCount: 5 },
      "RD001 info: pool system scales by itself: Azure takes no other operation on the cluster while it does",
    ],
    [{ count: 1 }, "RD007 medium: pool system has a single node"],
  ])("%j is said", async (change, expected) => {
    const lab = await Lab.open({}, "windows-and-spot");
    expect(found(await lab.plan(), "RD001", "RD007")).toEqual([]);
    await changePool(lab, change);
    expect(found(await lab.plan(), "RD001", "RD007")).toEqual([expected]);
  });

  test("nothing is said where nodes are left alone", async () => {
    const lab = await Lab.open({}, "system-assigned");
    await changePool(lab, { count: 1 });
    const plan = await lab.plan();
    expect(plan.clusters[0]!.path).toBe("system-assigned-to-user-assigned");
    expect(found(plan, "RD007")).toEqual([]);
  });
});

describe("the maintenance window", () => {
  test("when shut pauses the run before the nodes, with its date, and the run goes on when it opens", async () => {
    const lab = await Lab.open({ combinedIdentityUpdate: "appliesWithoutRoll", newerNodeImage: true }, "kubenet-plain");
    const opens = new Date(lab.clock.now().getTime() + 3 * 86_400_000).toISOString().slice(0, 10);
    await putWindow(lab, opens, 24);
    const plan = await lab.plan();
    expect(found(plan, "RD008")[0]).toContain(`is shut until ${opens}T00:00:00Z`);
    const first = await lab.apply(plan);
    expect(first.results[0]!.outcome).toMatchObject({ kind: "paused", retryAt: new Date(`${opens}T00:00:00Z`) });
    expect((await lab.events()).filter(({ kind }) => kind === "nodeDrained")).toEqual([]);
    await lab.control("POST", "/_emulator/clock", { advance: "3d" });
    const second = await lab.apply(plan, first.run);
    expect(second.results[0]!.outcome.kind).toBe("done");
  });

  test("is not waited for when the plan ignores it, and not read", async () => {
    const lab = await Lab.open({ combinedIdentityUpdate: "appliesWithoutRoll", newerNodeImage: true }, "kubenet-plain");
    await putWindow(lab, "2036-01-01");
    const { results } = await lab.apply(await lab.plan({ ignoredChecks: ["RD008"] }));
    expect(results[0]!.outcome.kind).toBe("done");
  });

  test("that may not be read is not assessed", async () => {
    const lab = await Lab.open({}, "kubenet-plain");
    const fault = { status: 403, code: "AuthorizationFailed", message: "no" };
    const match = { pathPattern: "maintenanceConfigurations" };
    await lab.control("POST", "/_emulator/faults", { match, fault, times: 99 });
    expect(found(await lab.plan(), "RD008")).toEqual([
      "RD008 info: you may not read the maintenance windows (AuthorizationFailed): not assessed, and the run keeps to none",
    ]);
  });
});

describe("a drain that fails", () => {
  test("names the disruption budget in the error and its remedy, and the run can be resumed", async () => {
    const lab = await Lab.open({ combinedIdentityUpdate: "appliesWithoutRoll", newerNodeImage: true }, "kubenet-plain");
    const plan = await lab.plan();
    const budget = object("PodDisruptionBudget", "api", { status: { disruptionsAllowed: 0 } });
    await putObjects(lab, [budget]);
    const { results } = await lab.apply(plan);
    const outcome = results[0]!.outcome;
    expect(outcome.kind === "failed" && outcome.error).toMatchObject({
      code: "STEP_FAILED",
      remedy: expect.stringMatching(
        /^Let the disruption budget shop\/api allow an eviction .*`aks-mi resume`.*kubectl uncordon aks-/,
      ),
    });
  });

  test("before it begins, the switch stays undone and the budget is named", async () => {
    const lab = await Lab.open({}, "kubenet-plain");
    const plan = await lab.plan();
    await putObjects(lab, [object("PodDisruptionBudget", "db", { spec: { maxUnavailable: 0 } })]);
    const { results } = await lab.apply(plan);
    const outcome = results[0]!.outcome;
    expect(outcome.kind === "failed" && outcome.error).toMatchObject({
      azureCode: "UnsatisfiablePDB",
      remedy: expect.stringContaining("Let the disruption budget db allow an eviction"),
    });
    const [cluster] = await clusters(lab);
    expect(cluster!.properties.servicePrincipalProfile.clientId).not.toBe("msi");
  });
});

describe("with a look inside", () => {
  test("a plan is blocked by budgets and unknown registries, tells the rest, and keeps no secret", async () => {
    const lab = await Lab.open({}, "kubenet-plain");
    const clientId = (await clusters(lab))[0]!.properties.servicePrincipalProfile.clientId;
    expect((await lab.plan({ inCluster: true })).clusters[0]!.blocked).toBeUndefined();
    await putObjects(lab, [
      object("PodDisruptionBudget", "api", { status: { disruptionsAllowed: 0 } }),
      pod("web", { containers: [{ name: "main", image: "elsewhere.azurecr.io/web:1" }] }),
      pod("own", {
        containers: [{ name: "main", image: "third.azurecr.io/own:1" }],
        imagePullSecrets: [{ name: "pull" }],
      }),
      secret("settings", { "azure.json": `${clientId} ${PLANTED}` }),
    ]);
    const plan = await lab.plan({ inCluster: true });
    expect(plan.clusters[0]!.blocked).toBe(true);
    expect(found(plan, "RD005", "RB011", "WK002")).toEqual([
      "RD005 blocker: the disruption budget shop/api allows no eviction now: the drain of its pods' nodes would run into its timeout",
      "WK002 high: the old client id stands in Secret shop/settings",
      "RB011 blocker: shop/web runs images of elsewhere.azurecr.io, from which the kubelet identity may not pull",
    ]);
    expect(JSON.stringify(plan)).not.toContain(PLANTED);
    const ignored = await lab.plan({ inCluster: true, ignoredChecks: ["RD005", "RB011"] });
    expect(ignored.clusters[0]!.blocked).toBeUndefined();
  });

  test("what cannot be looked at stays in the plan as not assessed", async () => {
    const lab = await Lab.open({}, "kubenet-plain");
    const fault = { status: 403, code: "AuthorizationFailed", message: "no" };
    await lab.control("POST", "/_emulator/faults", { match: { pathPattern: "/runCommand" }, fault, times: 99 });
    const { findings, blocked } = (await lab.plan({ inCluster: true })).clusters[0]!;
    expect(blocked).toBeUndefined();
    const gaps = findings.filter(({ seen }) => seen.includes("(run command)")).map(({ check }) => check);
    expect(gaps).toEqual([
      "RD005",
      "RD007",
      "WK001",
      "WK002",
      "WK003",
      "WK005",
      "WK006",
      "RB005",
      "RB006",
      "RB007",
      "RB011",
    ]);
  });
});
