import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CommandLine, DEMO_CLUSTER, type Ended } from "../support/cli.ts";
import type { ModelEvent, ServedRequest } from "../support/lab.ts";

const SECONDS_MS = 1000;

let line: CommandLine;
beforeEach(async () => {
  line = await CommandLine.open();
});
afterEach(() => line.close());

async function makePlan(): Promise<Ended> {
  const planned = await line.run(["plan", "--id", DEMO_CLUSTER, "--out", "plan.yaml"]);
  expect(planned.code, planned.stderr).toBe(0);
  return planned;
}

/** What must be true of the model after a migration, however it came about. */
async function expectMigrated(events: readonly ModelEvent[], requests: readonly ServedRequest[]): Promise<void> {
  const cluster = await line.resource<{ identity: { type: string }; properties: Record<string, unknown> }>(
    DEMO_CLUSTER,
  );
  expect(cluster.identity.type).toBe("UserAssigned");
  expect(cluster.properties["servicePrincipalProfile"]).toEqual({ clientId: "msi" });
  expect(JSON.stringify(cluster.properties["identityProfile"])).toContain("id-payments-prod-kubelet");
  expect(events.filter(({ ok }) => !ok)).toEqual([]);
  const drained = events.filter(({ kind }) => kind === "nodeDrained").map(({ node }) => node);
  expect(drained).toHaveLength(9);
  expect(new Set(drained).size).toBe(9);

  const accepted = requests.filter(({ method, status }) => method === "PUT" && status < 300);
  const clusterPuts = accepted.filter(({ path }) => /managedClusters\/payments-prod(\?|$)/i.test(path));
  expect(clusterPuts).toHaveLength(1);
  const identityPuts = accepted.filter(({ path }) => /userAssignedIdentities\/[^/?]+(\?|$)/i.test(path));
  expect(new Set(identityPuts.map(({ path }) => path.split("?")[0]))).toHaveLength(2);
  const rolePuts = accepted.filter(({ path }) => /roleAssignments/i.test(path));
  expect(new Set(rolePuts.map(({ path }) => path.split("?")[0])).size).toBe(7);

  const switchedAt = Date.parse(clusterPuts[0]!.at);
  const latestRole = Math.max(...rolePuts.map(({ at }) => Date.parse(at)).filter((at) => at < switchedAt));
  expect(switchedAt - latestRole).toBeGreaterThanOrEqual(60 * 60 * SECONDS_MS);
}

describe("a migration from the command line", () => {
  test("is planned, applied and proven, each in a process of its own", { timeout: 60 * SECONDS_MS }, async () => {
    await makePlan();
    const applied = await line.run(["apply", "--plan", "plan.yaml", "--yes"]);
    expect(applied.code, applied.stderr).toBe(0);
    expect(applied.stdout).toBe("");
    await expectMigrated(await line.events(), await line.requests());

    const verified = await line.run(["verify", "--id", DEMO_CLUSTER, "-o", "json"]);
    expect(verified.code).toBe(0);
    expect(JSON.parse(verified.stdout).clusters[0]).toMatchObject({ state: "user-assigned", complete: true });

    const writes = (await line.writes()).length;
    const again = await line.run(["apply", "--plan", "plan.yaml", "--yes"]);
    expect(again.code, again.stderr).toBe(0);
    expect(again.stderr).toContain("nothing to do");
    const empty = await line.run(["plan", "--id", DEMO_CLUSTER, "-o", "json"]);
    expect(empty.code).toBe(0);
    expect(JSON.parse(empty.stdout).clusters[0].steps).toEqual([]);
    expect((await line.writes()).length).toBe(writes);

    const run = join(line.folder, ".aks-mi", "runs", readdirSync(join(line.folder, ".aks-mi", "runs"))[0]!);
    expect(statSync(run).mode & 0o777).toBe(0o700);
    expect(readdirSync(run).sort()).toEqual(["1-payments-prod", "plan.yaml", "report.html", "report.md"]);
    expect(readdirSync(join(run, "1-payments-prod", "operations"))).toEqual([]);
    const status = await line.run(["status", "-o", "json"]);
    expect(JSON.parse(status.stdout)).toMatchObject({ state: "done" });
  });

  test(
    "killed at ten random moments and resumed each time, ends where an undisturbed one does",
    { timeout: 120 * SECONDS_MS },
    async () => {
      await makePlan();
      let started = line.start(["apply", "--plan", "plan.yaml", "--yes"]);
      let kills = 0;
      let ended: Ended | undefined;
      for (let attempt = 0; attempt < 10; attempt++) {
        const killed = setTimeout(() => started.process.kill("SIGKILL"), 350 + Math.random() * 500);
        ended = await started.ended;
        clearTimeout(killed);
        if (ended.signal !== "SIGKILL") break;
        kills++;
        // Its plan makes a folder a run: a process may die before it is there.
        const runs = join(line.folder, ".aks-mi", "runs");
        const begun = existsSync(runs) && readdirSync(runs).some((run) => existsSync(join(runs, run, "plan.yaml")));
        started = line.start(begun ? ["resume"] : ["apply", "--plan", "plan.yaml", "--yes"]);
      }
      ended = await started.ended;
      expect(ended.code, ended.stderr).toBe(0);
      expect(kills).toBeGreaterThan(0);
      await expectMigrated(await line.events(), await line.requests());
    },
  );

  test("goes on from what Azure shows when its run directory is lost", { timeout: 60 * SECONDS_MS }, async () => {
    await makePlan();
    const paused = await line.run(["apply", "--plan", "plan.yaml", "--yes", "--until", "verify-migration"]);
    expect(paused.code, paused.stderr).toBe(8);
    rmSync(join(line.folder, ".aks-mi"), { recursive: true });
    const applied = await line.run(["apply", "--plan", "plan.yaml", "--yes"]);
    expect(applied.code, applied.stderr).toBe(0);
    await expectMigrated(await line.events(), await line.requests());
  });

  test("stops on SIGTERM with its checkpoint saved, and is resumed", { timeout: 60 * SECONDS_MS }, async () => {
    await makePlan();
    const started = line.start(["apply", "--plan", "plan.yaml", "--yes"]);
    started.process.stderr!.on("data", (data: Buffer) => {
      if (data.toString().includes("await-role-propagation")) started.process.kill("SIGTERM");
    });
    const stopped = await started.ended;
    expect(stopped.code).toBe(143);
    expect(stopped.stderr).toContain("aks-mi resume");
    const resumed = await line.run(["resume"]);
    expect(resumed.code, resumed.stderr).toBe(0);
    await expectMigrated(await line.events(), await line.requests());
  });

  test("is stale when a pool was added, and not when a count or a tag has changed", async () => {
    await makePlan();
    const cluster = await line.resource<{
      tags?: object;
      properties: { agentPoolProfiles: Record<string, unknown>[] };
    }>(DEMO_CLUSTER);
    const pools = cluster.properties.agentPoolProfiles;
    await line.control("POST", "/_emulator/resources", [
      {
        ...cluster,
        tags: { changed: "yes" },
        properties: {
          ...cluster.properties,
          agentPoolProfiles: pools.map((pool) => ({ ...pool, count: Number(pool["count"]) + 1 })),
        },
      },
    ]);
    const fine = await line.run(["apply", "--plan", "plan.yaml", "--dry-run"]);
    expect(fine.code, fine.stderr).toBe(0);

    await line.control("POST", "/_emulator/resources", [
      {
        ...cluster,
        properties: { ...cluster.properties, agentPoolProfiles: [...pools, { ...pools[0], name: "extra" }] },
      },
    ]);
    const stale = await line.run(["apply", "--plan", "plan.yaml", "--yes"]);
    expect(stale.code).toBe(5);
    expect(stale.stderr).toContain("pools.extra was nothing and is");
    expect(await line.writes()).toEqual([]);
  });
});

describe("a plan that may not be run", () => {
  test("without an approval, or with the wrong one, ends with 7 and writes nothing", async () => {
    await makePlan();
    expect((await line.run(["apply", "--plan", "plan.yaml"])).code).toBe(7);
    expect((await line.run(["apply", "--plan", "plan.yaml", "--approve", "0".repeat(64)])).code).toBe(7);
    expect((await line.run(["--plan", "plan.yaml"])).code).toBe(7);
    expect(await line.writes()).toEqual([]);
  });

  test("that is damaged ends with 2 and names the place", async () => {
    await makePlan();
    writeFileSync(
      join(line.folder, "bad.yaml"),
      readFileSync(join(line.folder, "plan.yaml"), "utf8").replace("settings:", "setting:"),
    );
    const refused = await line.run(["apply", "--plan", "bad.yaml", "--yes"]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/bad\.yaml:\d+: /);
    expect((await line.run(["apply", "--plan", "missing.yaml", "--yes"])).code).toBe(2);
    expect(await line.writes()).toEqual([]);
  });

  test("that was made on an emulator is refused without one, before any request", async () => {
    await makePlan();
    const refused = await line.run(["apply", "--plan", "plan.yaml", "--yes"], { AKS_MI_EMULATOR: "" });
    expect(refused.code).toBe(5);
  });
});

describe("undo", () => {
  test("removes what a run created before the switch, and nothing else", async () => {
    await makePlan();
    const before = await line.control<unknown[]>("GET", "/_emulator/resources");
    const paused = await line.run(["apply", "--plan", "plan.yaml", "--yes", "--until", "enable-managed-identity"]);
    expect(paused.code, paused.stderr).toBe(8);
    expect((await line.run(["undo"])).code).toBe(7);
    const undone = await line.run(["undo", "--yes"]);
    expect(undone.code, undone.stderr).toBe(0);
    const after = await line.control<{ id: string }[]>("GET", "/_emulator/resources");
    const ids = (resources: unknown[]) => resources.map((resource) => (resource as { id: string }).id).sort();
    expect(ids(after)).toEqual(ids(before));
  });

  test("is refused after the switch", { timeout: 60 * SECONDS_MS }, async () => {
    await makePlan();
    await line.run(["apply", "--plan", "plan.yaml", "--yes", "--until", "verify-migration"]);
    const refused = await line.run(["undo", "--yes"]);
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain("no way back");
  });
});
