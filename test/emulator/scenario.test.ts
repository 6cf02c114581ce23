import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createEmulator } from "../../src/emulator/emulator.ts";
import type { JsonObject } from "../../src/emulator/json.ts";
import { loadScenario, parseScenario, scenarioNames } from "../../src/emulator/scenario.ts";
import { VirtualClock } from "../../src/engine/clock.ts";

async function lived(name: string, seed = 1) {
  const clock = new VirtualClock(new Date("2026-11-22T08:00:00Z"));
  const emulator = createEmulator({ clock, scenario: await loadScenario(name), seed });
  const get = async (path: string) =>
    JSON.parse(
      (await emulator.handle({ method: "GET", url: `https://management.azure.com${path}`, headers: {} })).body,
    );
  clock.advance(3_600_000);
  const resources = (await get("/_emulator/resources")) as JsonObject[];
  const ofType = (type: string) =>
    resources.filter((item) => String(item["type"]).toLowerCase() === type.toLowerCase());
  return { events: (await get("/_emulator/events")) as JsonObject[], ofType, get };
}

const INSTANCES = "Microsoft.Compute/virtualMachineScaleSets/virtualMachines";

describe("the shipped scenarios", () => {
  it("are these", () => {
    expect(scenarioNames()).toEqual([
      "azure-cni",
      "demo",
      "fleet",
      "half-migrated",
      "kubenet-plain",
      "private-cluster",
      "production",
      "system-assigned",
      "windows-and-spot",
    ]);
  });

  it.each(scenarioNames())("%s begins with everything working", async (name) => {
    const { events } = await lived(name);
    expect(events.length).toBeGreaterThan(3);
    expect(events.filter((event) => !event["ok"])).toEqual([]);
    expect(events.some((event) => event["kind"] === "imagePull")).toBe(true);
  });

  it("demo has three pools in a subnet of another group, and a registry in another subscription", async () => {
    const { ofType } = await lived("demo");
    expect(ofType(INSTANCES)).toHaveLength(9);
    const [cluster] = ofType("Microsoft.ContainerService/managedClusters");
    const pools = (cluster!["properties"] as { agentPoolProfiles: { vnetSubnetID: string }[] }).agentPoolProfiles;
    expect(pools.every((pool) => pool.vnetSubnetID.includes("/rg-network-prod/"))).toBe(true);
    const [registry] = ofType("Microsoft.ContainerRegistry/registries");
    expect(String(registry!["id"]).split("/")[2]).not.toBe(String(cluster!["id"]).split("/")[2]);
  });

  it.each(["demo", "production"])("%s has a region that offers the cluster's version and more cores", async (name) => {
    const { ofType, get } = await lived(name);
    const cluster = ofType("Microsoft.ContainerService/managedClusters")[0]!;
    const [subscription, { kubernetesVersion }] = [
      String(cluster["id"]).split("/")[2],
      cluster["properties"] as { kubernetesVersion: string },
    ];
    const list = (provider: string, what: string) =>
      get(`/subscriptions/${subscription}/providers/${provider}/locations/westeurope/${what}?api-version=2025-04-01`);
    const { values } = await list("Microsoft.ContainerService", "kubernetesVersions");
    const offered = values.find(({ version }: { version: string }) => kubernetesVersion.startsWith(version));
    expect(offered.capabilities.supportPlan).toContain("KubernetesOfficial");
    const usages = (await list("Microsoft.Compute", "usages")).value as { currentValue: number; limit: number }[];
    expect(usages.map(({ currentValue, limit }) => limit - currentValue > 0)).toEqual([true, true, true]);
  });

  it("production has forty nodes", async () => {
    expect((await lived("production")).ofType(INSTANCES)).toHaveLength(40);
  });

  it("half-migrated has one pool that pulls with the service principal, behind its scale set's model", async () => {
    const { events, ofType } = await lived("half-migrated");
    const pulls = events.filter((event) => event["kind"] === "imagePull");
    const identities = (pool: string) =>
      new Set(pulls.filter((pull) => pull["pool"] === pool).map((pull) => pull["identity"]));
    expect(identities("apps")).not.toEqual(identities("system"));
    const behind = ofType(INSTANCES).filter(
      (item) => (item["properties"] as JsonObject)["latestModelApplied"] === false,
    );
    expect(behind).toHaveLength(4);
  });

  it("fleet has a thousand clusters in twenty subscriptions, others with another seed", async () => {
    const [one, other] = [await lived("fleet"), await lived("fleet", 2)];
    const clusters = one.ofType("Microsoft.ContainerService/managedClusters");
    expect(clusters).toHaveLength(1000);
    expect(new Set(clusters.map((cluster) => String(cluster["id"]).split("/")[2])).size).toBe(20);
    expect(other.ofType("Microsoft.ContainerService/managedClusters")[0]!["id"]).not.toBe(clusters[0]!["id"]);
  });
});

describe("a scenario file of one's own", () => {
  it("is read from where it lies", async () => {
    const file = join(await mkdtemp(join(tmpdir(), "scenario-")), "mine.yaml");
    await writeFile(file, "behaviour: { rolePropagation: 5m }\nresources: []\n");
    expect(await loadScenario(file)).toEqual({ resources: [], behaviour: { rolePropagation: "5m" } });
  });

  it.each([
    ["resources:\n  - type: Microsoft.Network/x\n", "mine.yaml:2 at resources.0: the resource has no id."],
    [
      "behaviour:\n  reimage: inPlace\n  other: 1\n",
      "mine.yaml:3 at behaviour.other: There is no behaviour key 'other'.",
    ],
    [
      "behaviour:\n  reimage: sideways\n",
      'mine.yaml:2 at behaviour.reimage: behaviour.reimage is "sideways", expected one of inPlace, replacesInstance.',
    ],
    ["clusters: []\n", "mine.yaml:1 at clusters: there is no key 'clusters' in a scenario"],
    ["resources: 4\n", "mine.yaml:1 at resources: resources is a list."],
    ["generate: { clusters: many }\n", "mine.yaml:1 at generate.clusters: clusters is a whole number above 0."],
    ["a: [\n", "mine.yaml:2"],
    ["", "mine.yaml:1: a scenario has the keys"],
  ])("%j is refused with file, line and path", (text, message) => {
    expect(() => parseScenario(text, "mine.yaml")).toThrow(message);
    try {
      parseScenario(text, "mine.yaml");
    } catch (error) {
      expect(error).toMatchObject({ code: "USAGE" });
    }
  });

  it("is refused with the shipped names when it is not there", async () => {
    await expect(loadScenario("nowhere")).rejects.toMatchObject({
      code: "USAGE",
      remedy: expect.stringContaining("kubenet-plain"),
    });
  });
});
