import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/engine/clock.ts";
import { renderPlan } from "../../src/report/plan-report.ts";
import { CASES } from "../simulation/cases.ts";
import { describeEnd } from "../simulation/crash.ts";
import { Disk, runProcess } from "../simulation/process.ts";
import { Site } from "../simulation/site.ts";
import { DEMO_CLUSTER } from "../support/cli.ts";
import { Lab } from "../support/lab.ts";
import {
  blockersOf,
  type ClusterProperties,
  changeCluster,
  demoCluster,
  endsOf,
  failedEvents,
  keysOf,
  UPDATE,
} from "./support.ts";

const clientIdOf = (cluster: Record<string, unknown>) =>
  (cluster["properties"] as { servicePrincipalProfile: { clientId: string } }).servicePrincipalProfile.clientId;

describe("before the switch", () => {
  test("another operation on a pool blocks the plan, and nothing is written", async () => {
    const lab = await Lab.open();
    await changeCluster(lab, ({ agentPoolProfiles: [first, ...others] }) => ({
      agentPoolProfiles: [{ ...first, provisioningState: "Upgrading" }, ...others],
    }));
    expect(blockersOf(await lab.plan())).toEqual(["RD001"]);
    expect(await lab.writes()).toEqual([]);
  });

  test("another operation that begins at the moment of the switch is waited for", async () => {
    const lab = await Lab.open();
    const message = "Operation is not allowed: Another operation (apps - Updating) is in progress.";
    await lab.control("POST", "/_emulator/faults", {
      match: UPDATE,
      fault: { status: 409, code: "OperationNotAllowed", message },
      times: 3,
    });
    const ended = await lab.apply(await lab.plan());
    expect(endsOf(ended)).toEqual(["done"]);
    const retried = ended.events.filter(({ type }) => type === "request:retried");
    expect(retried.length).toBeGreaterThanOrEqual(3);
    expect(new Set(retried.map(({ step }) => step))).toEqual(new Set(["enable-managed-identity"]));
  });

  test("the roles have worked for an hour when the update is sent", async () => {
    const lab = await Lab.open({ rolePropagation: "59m" });
    expect(endsOf(await lab.apply(await lab.plan()))).toEqual(["done"]);
    const requests = await lab.requests();
    const puts = (path: RegExp) => requests.filter(({ method, path: asked }) => method === "PUT" && path.test(asked));
    const [update] = puts(/managedClusters\/payments-prod(\?|$)/i);
    const roles = puts(/roleAssignments/i).filter(({ at }) => at < update!.at);
    expect(roles.length).toBeGreaterThan(0);
    expect(Date.parse(update!.at) - Date.parse(roles.at(-1)!.at)).toBeGreaterThanOrEqual(HOUR_MS - MINUTE_MS);
    expect(await failedEvents(lab)).toEqual([]);
  });

  test("a plan says that AKS itself makes the new identity Contributor on the nodes' resource group", async () => {
    const plan = await (await Lab.open()).plan();
    const text = renderPlan(plan, { hash: "", nextCommand: "", width: 400, color: false } as never);
    expect(text).toContain("AKS gives a managed identity Contributor on the node resource group");
    expect(text).toContain("POINT OF NO RETURN");
  });

  test("a node disruption policy that blocks is a blocker of the plan", async () => {
    const lab = await Lab.open();
    await changeCluster(lab, () => ({ nodeDisruptionProfile: { nodeDisruptionPolicy: "Block" } }));
    expect(blockersOf(await lab.plan())).toEqual(["RD008"]);
  });

  test("nothing that a migration sends starts another program, so no old Azure CLI can get in the way", () => {
    const root = join(import.meta.dirname, "../..");
    const sources = ["src", "steps", "plans"].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"))
        .map((name) => join(folder, name)),
    );
    expect(sources.length).toBeGreaterThan(100);
    expect(sources.filter((name) => /child_process|execa/.test(readFileSync(join(root, name), "utf8")))).toEqual([]);
  });
});

describe("an update that Azure refuses", () => {
  test.each([
    [
      "a service principal's wrong secret",
      400,
      "ServicePrincipalValidationClientError",
      "AADSTS7000215: Invalid client secret provided.",
    ],
    ["an expired secret", 400, "BadRequest", "AADSTS7000222: The provided client secret keys for app are expired."],
    [
      "a back end that forbids a change of the kubelet identity",
      400,
      "ChangeKubeletIdentityNotAllowed",
      "Change kubelet identity is not allowed.",
    ],
    ["a deleted Log Analytics workspace", 400, "ResourceGroupNotFound", "Unable to get log analytics workspace info."],
    ["a node disruption policy", 400, "NodeDisruptionPolicyViolation", "Nodes may not be disrupted now."],
    ["full role assignments", 400, "RoleAssignmentLimitExceeded", "The number of role assignments is exceeded."],
  ])("%s is reported with Azure's own words, leaves the cluster as it was, and can be resumed", async (_, status, code, message) => {
    const lab = await Lab.open();
    const plan = await lab.plan();
    // A refusal that names the kubelet identity is answered with an update without it: that one is refused too.
    const times = /kubelet/i.test(code) ? 2 : 1;
    await lab.control("POST", "/_emulator/faults", { match: UPDATE, fault: { status, code, message }, times });
    const refused = await lab.apply(plan);
    expect(endsOf(refused)[0]).toContain(code);
    expect(endsOf(refused)[0]).toContain(message);
    expect(clientIdOf(await demoCluster(lab))).not.toBe("msi");
    expect(endsOf(await lab.apply(plan, refused.run))).toEqual(["done"]);
  });

  test("a policy that denies updates of clusters is named by its assignment, and the run goes on after an exemption", async () => {
    const lab = await Lab.open();
    const plan = await lab.plan();
    const policy = { name: "only-known-tags", type: "Microsoft.ContainerService/managedClusters", scope: "/" };
    await lab.control("PATCH", "/_emulator/behaviour", { policies: [policy] });
    const refused = await lab.apply(plan);
    expect(endsOf(refused)[0]).toContain("RequestDisallowedByPolicy");
    expect(endsOf(refused)[0]).toContain("only-known-tags");
    expect(clientIdOf(await demoCluster(lab))).not.toBe("msi");
    await lab.control("PATCH", "/_emulator/behaviour", { policies: [] });
    expect(endsOf(await lab.apply(plan, refused.run))).toEqual(["done"]);
  });

  test("throttling is waited out as long as Azure asks", async () => {
    const lab = await Lab.open({ throttles: "azure" });
    const plan = await lab.plan();
    await lab.control("POST", "/_emulator/faults", {
      match: { method: "GET", pathPattern: UPDATE.pathPattern },
      fault: { status: 429, code: "Throttled", retryAfter: 90 },
      times: 2,
    });
    const ended = await lab.apply(plan);
    expect(endsOf(ended)).toEqual(["done"]);
    const delays = ended.events.flatMap((event) => (event.type === "request:retried" ? [event.delayMs] : []));
    expect(delays).toContain(90_000);
  });
});

describe("while nodes are re-imaged", () => {
  const budget = (fields: object) => ({
    type: "Kubernetes/PodDisruptionBudget",
    id: "budget",
    cluster: DEMO_CLUSTER,
    metadata: { name: "api", namespace: "payments" },
    ...fields,
  });

  test("a disruption budget on which a drain fails stops the run by its name, and the run goes on once it allows evictions", async () => {
    const lab = await Lab.open({ combinedIdentityUpdate: "appliesWithoutRoll" });
    const plan = await lab.plan();
    await lab.control("POST", "/_emulator/resources", [budget({ pools: ["apps"], status: { disruptionsAllowed: 0 } })]);
    const stopped = await lab.apply(plan);
    expect(endsOf(stopped)[0]).toMatch(/node image upgrade of pool apps failed.*api/s);
    await lab.control("POST", "/_emulator/resources", [budget({ pools: ["apps"], status: { disruptionsAllowed: 1 } })]);
    expect(endsOf(await lab.apply(plan, stopped.run))).toEqual(["done"]);
  });

  test("an admission webhook that denies evictions is reported in Azure's words, and the pool is rolled by the next resume", async () => {
    const site = await Site.open(
      CASES.find(({ name }) => name === "service principal to own identities, in one update")!,
      {
        behaviour: { combinedIdentityUpdate: "appliesWithoutRoll", newerNodeImage: true },
      },
    );
    const disk = new Disk();
    let denied = false;
    const hooks = {
      point() {},
      async carry(request: Parameters<typeof site.emulator.handle>[0]) {
        const response = await site.emulator.handle(request);
        const isRoll = request.method === "POST" && request.url.includes("/upgradeNodeImageVersion");
        if (!isRoll || denied) return response;
        denied = true;
        const message = 'Eviction failed: admission webhook "drain.example.com" denied the request';
        return { status: 400, headers: {}, body: JSON.stringify({ code: "DrainNodeFailed", message }) };
      },
    };
    const ended = await runProcess(site, disk, hooks);
    expect(ended.kind === "failed" && describeEnd(ended)).toContain('webhook "drain.example.com" denied the request');
    expect((await runProcess(site, disk, hooks)).kind).toBe("done");
  });

  test("each node of a service-principal cluster is drained once, by one update with both identities", async () => {
    const lab = await Lab.open();
    const plan = await lab.plan();
    expect(endsOf(await lab.apply(plan))).toEqual(["done"]);
    const drained = (await lab.events()).filter(({ kind }) => kind === "nodeDrained");
    expect(drained.length).toBe(plan.clusters[0]!.from.pools.reduce((sum, { nodes }) => sum + nodes, 0));
    const updates = (await lab.writes()).filter(({ path }) => /managedClusters\/payments-prod(\?|$)/i.test(path));
    expect(updates.length).toBe(1);
  });

  test("where the update of the control plane drains nodes, the plan has announced it and no image is missing", async () => {
    const lab = await Lab.open({ identityUpdateReimagesNodes: true });
    const plan = await lab.plan();
    const update = plan.clusters[0]!.steps.find(({ id }) => id === "enable-managed-identity")!;
    expect(update.changes[0]).toMatchObject({ risk: "irreversible", drains: ["system", "apps", "batch"] });
    expect(endsOf(await lab.apply(plan))).toEqual(["done"]);
    expect((await failedEvents(lab)).filter(({ kind }) => kind === "imagePull")).toEqual([]);
  });

  test("Windows and Spot pools are named in the plan, and proven node by node like the others", async () => {
    const lab = await Lab.open({ combinedIdentityUpdate: "appliesWithoutRoll" }, "windows-and-spot");
    const plan = await lab.plan();
    const findings = plan.clusters[0]!.findings.map(({ seen }) => seen).join("; ");
    expect(findings).toContain("pool win22 runs Windows");
    expect(findings).toContain(
      "pool spot is Spot: its nodes are re-imaged one at a time, with no surge node and no drain",
    );
    expect(endsOf(await lab.apply(plan))).toEqual(["done"]);
    const reimaged = (await lab.events()).filter(({ kind }) => kind === "nodeReimaged").map(({ pool }) => pool);
    expect(new Set(reimaged)).toEqual(new Set(plan.clusters[0]!.from.pools.map(({ name }) => name)));
    expect((await lab.plan()).clusters[0]!.path).toBe("none");
  });

  test("Windows nodes without a newer image make the run pause with what else would re-image them", async () => {
    const lab = await Lab.open(
      { combinedIdentityUpdate: "appliesWithoutRoll", newerNodeImage: false },
      "windows-and-spot",
    );
    const { results } = await lab.apply(await lab.plan());
    expect(results[0]!.outcome).toMatchObject({
      kind: "paused",
      reason: expect.stringMatching(/win22.*Windows monthly/),
    });
  });

  test("an availability set is named in the plan, and after the switch the run pauses with what else would re-image it", async () => {
    const lab = await Lab.open({ combinedIdentityUpdate: "appliesWithoutRoll" });
    await changeCluster(lab, ({ agentPoolProfiles }) => ({
      agentPoolProfiles: agentPoolProfiles.slice(0, 1).map((pool) => ({ ...pool, type: "AvailabilitySet" })),
    }));
    const plan = await lab.plan();
    expect(plan.clusters[0]!.findings.map(({ check }) => check)).toContain("RD004");
    const { results } = await lab.apply(plan);
    expect(results[0]!.outcome).toMatchObject({ kind: "paused", reason: expect.stringContaining("availability set") });
  });

  test("a pool keeps its own surge, and the cluster its outbound addresses", async () => {
    const lab = await Lab.open();
    const kept = (cluster: Record<string, unknown>) => {
      const { agentPoolProfiles, networkProfile } = cluster["properties"] as ClusterProperties;
      return [agentPoolProfiles.map(({ name, upgradeSettings }) => [name, upgradeSettings]), networkProfile];
    };
    const before = kept(await demoCluster(lab));
    expect(endsOf(await lab.apply(await lab.plan()))).toEqual(["done"]);
    expect(kept(await demoCluster(lab))).toEqual(before);
  });
});

describe("after the switch", () => {
  test("the run is not over before the old principal has been kept for a day", async () => {
    const lab = await Lab.open();
    const plan = await lab.plan();
    expect(endsOf(await lab.apply(plan))).toEqual(["done"]);
    const update = (await lab.requests()).find(
      ({ method, path }) => method === "PUT" && /managedClusters\/payments-prod(\?|$)/i.test(path),
    )!;
    expect(lab.clock.now().getTime() - Date.parse(update.at)).toBeGreaterThanOrEqual(DAY_MS);
    expect(await failedEvents(lab)).toEqual([]);
  });

  test("a control plane that moves to another identity has all its roles there before", async () => {
    const lab = await Lab.open();
    await lab.apply(await lab.plan());
    const plan = await lab.plan({ controlPlaneIdentity: "id-payments-next" });
    const steps = plan.clusters[0]!.steps.map(({ id }) => id);
    expect(steps.indexOf("await-role-propagation")).toBeGreaterThan(-1);
    expect(steps.indexOf("await-role-propagation")).toBeLessThan(steps.indexOf("enable-managed-identity"));
    const before = new Set((await lab.requests()).map(({ at }) => at));
    expect(endsOf(await lab.apply(plan))).toEqual(["done"]);
    expect(keysOf(plan).filter((key) => key.startsWith("role:")).length).toBeGreaterThan(0);
    expect((await failedEvents(lab)).filter(({ at }) => !before.has(at))).toEqual([]);
  });

  test("an update that Azure accepts and that leaves the identity as it was is no success", async () => {
    const site = await Site.open(CASES.find(({ name }) => name === "one own identity to another")!);
    const ended = await runProcess(site, new Disk(), {
      point() {},
      async carry(request) {
        const isUpdate = request.method === "PUT" && new URL(request.url).pathname === site.clusterId;
        return site.emulator.handle(isUpdate ? { ...request, method: "GET" } : request);
      },
    });
    expect(ended.kind === "failed" && describeEnd(ended)).toContain("does not show it after 10 minutes");
  });
});
