import { expect } from "vitest";
import { needsUpgrade, needsUpgradeWithAks } from "./answers.ts";
import { advance, advanceTo, azure, behave, changePools, clusterIn, poolsOf, put, upgradeCluster } from "./azure.ts";
import { type Branch, testBranches, unwrapped, type World } from "./support.ts";

/** Gives the cluster a window in which AKS may replace its nodes: a whole day, two days from now. */
async function shutWindow(world: World): Promise<void> {
  await put(world, {
    id: `${world.cluster}/maintenanceConfigurations/aksManagedNodeOSUpgradeSchedule`,
    name: "aksManagedNodeOSUpgradeSchedule",
    type: "Microsoft.ContainerService/managedClusters/maintenanceConfigurations",
    properties: {
      maintenanceWindow: {
        schedule: { weekly: { intervalWeeks: 1, dayOfWeek: "Tuesday" } },
        startTime: "00:00",
        utcOffset: "+00:00",
        durationHours: 24,
      },
    },
  });
}

/** A disruption budget on the pods of one pool. */
function budget(world: World, disruptionsAllowed: number) {
  return put(world, {
    type: "Kubernetes/PodDisruptionBudget",
    id: "budget",
    cluster: world.cluster,
    pools: ["apps"],
    metadata: { name: "api", namespace: "payments" },
    status: { disruptionsAllowed },
  });
}

const DEMO_GAPS = ["gap:kubelet", "gap:addon:omsagent"];

const BRANCHES: readonly Branch[] = [
  {
    name: "Windows and Spot pools, re-imaged by the update",
    scenario: "windows-and-spot",
    path: "service-principal-to-user-assigned",
    gaps: ["gap:kubelet"],
    says: [
      /pool win22 runs Windows.*Branch with the update/,
      /pool spot is Spot.*no surge node and no drain.*Branch without drain/,
    ],
  },
  {
    name: "Windows and Spot pools, re-imaged by an image upgrade for which Windows has to wait",
    scenario: "windows-and-spot",
    path: "service-principal-to-user-assigned",
    flags: ["--kubelet-identity", "aks"],
    behaviour: { newerNodeImage: false },
    gaps: ["gap:kubelet"],
    says: [/pool win22 runs Windows.*Branch with the monthly image/],
    stops: [
      {
        code: 8,
        says: /no newer node image for .*win22.*Windows monthly/,
        when: needsUpgradeWithAks,
        cure: (world) => behave(world, { newerNodeImage: true }),
      },
    ],
  },
  {
    name: "an availability set",
    scenario: "kubenet-plain",
    path: "service-principal-to-user-assigned",
    alter: (scenario) => {
      for (const pool of clusterIn(scenario).properties.agentPoolProfiles) pool["type"] = "AvailabilitySet";
    },
    gaps: ["gap:kubelet"],
    says: [/RD004 pool nodepool1 is an availability set: its node image cannot be upgraded/],
    stops: [
      {
        code: 8,
        says: /is an availability set, whose node image Azure does not upgrade: upgrade its Kubernetes version/,
        when: needsUpgrade,
        cure: (world) => upgradeCluster(world, "1.33.9"),
      },
    ],
  },
  {
    name: "a stopped pool",
    scenario: "demo",
    path: "service-principal-to-user-assigned",
    alter: (scenario) => {
      clusterIn(scenario).properties.agentPoolProfiles.at(-1)!["powerState"] = { code: "Stopped" };
    },
    gaps: DEMO_GAPS,
    says: [/pool batch is stopped: Azure re-images none of its nodes.*Branch after the start/],
    stops: [
      {
        code: 8,
        says: /Pool batch is stopped, and its nodes cannot be re-imaged: start it/,
        cure: (world) => changePools(world, { powerState: { code: "Running" } }, ["batch"]),
      },
    ],
  },
  {
    name: "a stopped cluster, planned once it is started",
    scenario: "kubenet-plain",
    path: "service-principal-to-user-assigned",
    alter: (scenario) => {
      clusterIn(scenario).properties["powerState"] = { code: "Stopped" };
    },
    arrange: async (world) => {
      const { line, lab, cluster } = world;
      const blocked = await line.run("plan", "--id", cluster);
      expect(blocked.code).toBe(4);
      expect(unwrapped(blocked.stdout)).toMatch(/BLOCKER RD001 the cluster is Stopped.*az aks start/);
      expect(await lab.writes()).toEqual([]);
      const live = await azure(world, "GET", cluster);
      await put(world, { ...live, properties: { ...(live["properties"] as object), powerState: { code: "Running" } } });
    },
    gaps: ["gap:kubelet"],
  },
  {
    name: "a pool that scales by itself right before the switch",
    scenario: "demo",
    path: "service-principal-to-user-assigned",
    alter: (scenario) => {
      Object.assign(clusterIn(scenario).properties.agentPoolProfiles.at(-1)!, {
        enableAutoScaling: true,
        minCount: 1,
        maxCount: 5,
      });
    },
    meanwhile: async (world) => {
      await world.lab.clock.sleep(59.5 * 60_000);
      const pools = await poolsOf(world);
      const properties = { ...pools.find(({ name }) => name === "batch"), count: 1 };
      await azure(world, "PUT", `${world.cluster}/agentPools/batch`, { properties });
    },
    gaps: DEMO_GAPS,
    says: [/pool batch scales by itself.*Branch with patience/],
  },
  {
    name: "a maintenance window that is shut when nodes are to be re-imaged",
    scenario: "kubenet-plain",
    path: "service-principal-to-user-assigned",
    flags: ["--kubelet-identity", "aks"],
    behaviour: { newerNodeImage: true },
    arrange: shutWindow,
    gaps: ["gap:kubelet"],
    says: [/the maintenance window aksManagedNodeOSUpgradeSchedule is shut until 2026-11-24T00:00:00Z/],
    stops: [
      {
        code: 8,
        says: /is shut and opens at 2026-11-24T00:00:00Z.*Resume it at 2026-11-24T00:00:00Z or later/s,
        cure: (world) => advanceTo(world, "2026-11-24T00:00:00Z"),
      },
    ],
  },
  {
    name: "a node disruption policy that allows changes of identities only in a window",
    scenario: "kubenet-plain",
    path: "service-principal-to-user-assigned",
    alter: (scenario) => {
      const allowed = { nodeDisruptionPolicy: "AllowDuringMaintenanceWindow" };
      clusterIn(scenario).properties["nodeDisruptionProfile"] = allowed;
    },
    arrange: shutWindow,
    gaps: ["gap:kubelet"],
    stops: [
      {
        code: 8,
        says: /opens at 2026-11-24T00:00:00Z; the node disruption policy allows changes of the cluster.s identities only then/,
        cure: (world) => advanceTo(world, "2026-11-24T00:00:00Z"),
      },
    ],
  },
  {
    name: "a node disruption policy that blocks, planned once it is lifted",
    scenario: "kubenet-plain",
    path: "service-principal-to-user-assigned",
    alter: (scenario) => {
      clusterIn(scenario).properties["nodeDisruptionProfile"] = { nodeDisruptionPolicy: "Block" };
    },
    arrange: async (world) => {
      const { line, lab, cluster } = world;
      const blocked = await line.run("plan", "--id", cluster);
      expect(blocked.code).toBe(4);
      expect(unwrapped(blocked.stdout)).toMatch(/BLOCKER RD008 the node disruption policy is Block/);
      expect(await lab.writes()).toEqual([]);
      const properties = { nodeDisruptionProfile: { nodeDisruptionPolicy: "Allow" } };
      await azure(world, "PUT", cluster, { location: "westeurope", properties });
      await advance(world, "10m");
    },
    gaps: ["gap:kubelet"],
  },
  {
    name: "a drain on which a disruption budget lets nothing go",
    scenario: "demo",
    path: "service-principal-to-user-assigned",
    arrange: (world) => budget(world, 0),
    gaps: DEMO_GAPS,
    stops: [{ code: 1, says: /payments\/api/, cure: (world) => budget(world, 1) }],
    drainsTwice: true,
  },
];

testBranches(BRANCHES);
