import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { CommandLine, DEMO_CLUSTER } from "../support/cli.ts";

let line: CommandLine | undefined;
afterEach(async () => line?.close());

async function openWithPlan(scenario: string, cluster: string): Promise<CommandLine> {
  line = await CommandLine.open({ scenario, timeScale: 1 });
  const planned = await line.run(["plan", "--id", cluster, "--out", "plan.yaml"]);
  expect(planned.code, planned.stderr).toBe(0);
  return line;
}

test("rehearse prints the timeline, keeps a masked twin that the emulator loads, and writes nothing in Azure", async () => {
  const open = await openWithPlan("demo", DEMO_CLUSTER);
  const { code, stdout, stderr } = await open.run(["rehearse", "--plan", "plan.yaml", "--save", "twin.yaml", "--mask"]);
  expect(code, stderr).toBe(0);
  expect(stdout).toContain("all 9 rehearsals got through");
  expect(stdout).toMatch(/\+1 h 3 min\s+↻ drain aks-system-/);
  expect(stdout).toContain("Next: aks-mi apply --plan plan.yaml --approve ");
  expect(stderr).toMatch(/Rehearsed 9 times in \d+\.\d s\./);
  expect(await open.writes()).toEqual([]);
  expect(readFileSync(join(open.folder, "twin.yaml"), "utf8")).not.toContain(DEMO_CLUSTER.split("/")[2]);

  const copy = await CommandLine.open({ scenario: join(open.folder, "twin.yaml") });
  const listed = await copy.run([
    "plan",
    "--name",
    "payments-prod",
    "--subscription",
    "contoso-payments",
    "-o",
    "json",
  ]);
  await copy.close();
  expect(listed.code, listed.stderr).toBe(0);
  expect(JSON.parse(listed.stdout).clusters[0].path).toBe("service-principal-to-user-assigned");
});

test("rehearse fails as apply does: a stale plan 5, a plan for elsewhere 5, what is no plan 2, a seed that is none 2", async () => {
  const open = await openWithPlan("demo", DEMO_CLUSTER);
  const file = join(open.folder, "plan.yaml");
  const text = readFileSync(file, "utf8");
  writeFileSync(join(open.folder, "stale.yaml"), text.replace("plugin: kubenet", "plugin: azure"));
  writeFileSync(join(open.folder, "none.yaml"), "kind: Cat\n");
  const stale = await open.run(["rehearse", "--plan", "stale.yaml"]);
  expect(stale.code).toBe(5);
  expect(stale.stderr).toContain("network.plugin");
  expect((await open.run(["rehearse", "--plan", "plan.yaml", "--cloud", "AzureChinaCloud"])).code).toBe(5);
  expect((await open.run(["rehearse", "--plan", "none.yaml"])).code).toBe(2);
  expect((await open.run(["rehearse", "--plan", "plan.yaml", "--faults", "many"])).code).toBe(2);
});
