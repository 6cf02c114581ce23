import { expect, test } from "vitest";
import { isBehind, isEmpty, isUnproven } from "../../src/migration/evidence.ts";
import { readNodeEvidence } from "../../src/migration/nodes.ts";
import { DEMO_CLUSTER } from "../support/cli.ts";
import { InProcessCommandLine } from "../support/in-process.ts";
import { Lab } from "../support/lab.ts";
import { changePool } from "../support/nodes.ts";

test("a pool without a node is not rolled, and nothing more is said of it than was seen", async () => {
  const line = await InProcessCommandLine.open({ combinedIdentityUpdate: "appliesWithoutRoll" });
  await changePool(line.lab, { count: 0 });
  const file = await line.makePlan();
  const { code, stdout } = await line.run("apply", "--plan", file, "--yes", "-o", "jsonl");
  expect(code).toBe(0);
  const done = stdout.split("\n").find((text) => text.includes("step:done") && text.includes("upgrade-node-images"));
  expect(done).toMatch(/All \d+ nodes of 2 pools run a model .* Pool system: it has no node/);
  const rolls = (await line.lab.writes()).filter(({ path }) => /upgradeNodeImageVersion/i.test(path));
  expect(rolls.map(({ path }) => /agentPools\/([^/]+)/.exec(path)![1]).sort()).toEqual(["apps", "batch"]);

  const verified = await line.run("verify", "--id", DEMO_CLUSTER, "-o", "json");
  const [cluster] = (JSON.parse(verified.stdout) as { clusters: Record<string, unknown>[] }).clusters;
  expect(cluster).toMatchObject({
    complete: true,
    pools: expect.arrayContaining([expect.objectContaining({ name: "system", evidence: "model" })]),
    notAssessed: expect.arrayContaining([
      { check: "PM002", reason: expect.stringContaining("pool system: it has no node") },
    ]),
  });
  expect((await line.run("verify", "--id", DEMO_CLUSTER)).stdout).toContain("pool system: not proven: it has no node");
  const again = await line.run("plan", "--id", DEMO_CLUSTER, "-o", "json");
  expect((JSON.parse(again.stdout) as { clusters: { path: string }[] }).clusters[0]!.path).toBe("none");
});

test("a scale set that lists none of the nodes that its pool has proves nothing", async () => {
  const lab = await Lab.open({}, "half-migrated");
  const azure = lab.connection.azure();
  const [id] = await lab.clusterIds();
  const cluster = (await azure.clusters.get(id!))!;
  const blind = { ...azure, scaleSets: { ...azure.scaleSets, instances: async () => [] } };
  const pools = await readNodeEvidence(blind, id!, cluster, undefined);
  expect(pools.map(({ rank }) => rank)).not.toContain("rolled");
  expect(pools.filter(isUnproven)).toEqual(pools);
});

test.each([
  [{ rank: "rolled", nodes: 3 }, []],
  [{ rank: "model", nodes: 3 }, ["unproven", "behind"]],
  [{ rank: "model", nodes: 0 }, ["empty"]],
  [{ rank: "none", nodes: 0 }, ["unproven", "behind"]],
  [{ rank: "unknown", nodes: 3 }, ["unproven"]],
] as const)("%j is %j", (pool, expected) => {
  const tests = { unproven: isUnproven, behind: isBehind, empty: isEmpty };
  expect(Object.entries(tests).flatMap(([name, is]) => (is(pool) ? [name] : []))).toEqual(expected);
});
