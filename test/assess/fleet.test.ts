import { beforeAll, describe, expect, test } from "vitest";
import { type Assessment, assessEstate } from "../../src/assess/assess-estate.ts";
import { DAY_MS } from "../../src/engine/clock.ts";
import { Lab, type ServedRequest } from "../support/lab.ts";

/** A resource as the emulator holds it, in the parts that say what was planted. */
interface Planted {
  readonly id: string;
  readonly type: string;
  readonly appId?: string;
  readonly passwordCredentials?: readonly { readonly endDateTime: string }[];
  readonly _emulator?: { readonly poolsOnServicePrincipal?: readonly string[] };
  readonly properties?: {
    readonly servicePrincipalProfile?: { readonly clientId: string };
    readonly agentPoolProfiles?: readonly { readonly count: number }[];
  };
}

/** What the generator leaves out of every cluster alike. */
const OF_EVERY_CLUSTER = ["OP001 medium", "OP003 low", "OP004 medium", "WK008 low"];

/** What must be found on each cluster, from the resources that were put in and from nothing that the assessment reads. */
function expectedFindings(resources: readonly Planted[], now: Date): Map<string, string[]> {
  const ends = new Map(
    resources
      .filter(({ appId }) => appId)
      .map(({ appId, passwordCredentials }) => [appId, passwordCredentials?.[0]?.endDateTime]),
  );
  const clusters = resources.filter(({ type }) => /managedclusters$/i.test(type));
  const clientOf = (cluster: Planted) => cluster.properties!.servicePrincipalProfile!.clientId;
  return new Map(
    clusters.map((cluster) => {
      const client = clientOf(cluster);
      const found = [...OF_EVERY_CLUSTER];
      const isHalf = cluster._emulator?.poolsOnServicePrincipal !== undefined;
      if (isHalf) found.push("ID002 high");
      if (client !== "msi") {
        found.push("ID001 high", "AD004 info");
        const days = (Date.parse(ends.get(client) ?? "") - now.getTime()) / DAY_MS;
        if (days < 90) found.push(days < 30 ? "ID003 critical" : "ID003 high");
        if (clusters.filter((other) => clientOf(other) === client).length > 1) found.push("ID005 medium");
      }
      if (client !== "msi" || isHalf) {
        found.push("RD008 low");
        if (cluster.properties!.agentPoolProfiles!.some(({ count }) => count === 1)) found.push("RD007 medium");
      }
      return [cluster.id.toLowerCase(), found.sort()];
    }),
  );
}

function isSubscriptionWide(path: string): boolean {
  return /^\/subscriptions(\/[^/]+\/providers\/[^?]+)?(\?|$)/i.test(path);
}

/** Requests about one cluster, or one of its pools, by the cluster's name. */
function countPerCluster(requests: readonly ServedRequest[], what: RegExp): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { path } of requests) {
    const name = what.exec(path)?.[1]?.toLowerCase();
    if (name) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

describe("a thousand clusters in twenty subscriptions", () => {
  let lab: Lab;
  let assessment: Assessment;
  let requests: ServedRequest[];
  const progress: string[] = [];

  beforeAll(async () => {
    lab = await Lab.open({ throttles: "azure" }, "fleet");
    assessment = await assessEstate(
      lab.connection.azure({ pacedReads: true }),
      { ids: [] },
      {
        cloud: "AzureCloud",
        now: lab.clock.now(),
        onProgress: ({ what, done, total }) => progress.push(`${done}/${total} ${what}`),
      },
    );
    requests = await lab.requests();
  }, 120_000);

  test("are each found to have what was planted in them, and nothing else", async () => {
    const expected = expectedFindings(
      await lab.control("GET", "/_emulator/resources"),
      new Date("2026-11-22T08:00:00Z"),
    );
    const found = new Map(
      assessment.clusters.map(({ id, findings }) => [
        id.toLowerCase(),
        findings.map(({ check, severity }) => `${check} ${severity}`).sort(),
      ]),
    );
    expect(found.size).toBe(1000);
    expect(found).toEqual(expected);
    const states = new Set(assessment.clusters.map(({ state }) => state));
    expect([...states].sort()).toEqual(["half-migrated", "service-principal", "user-assigned"]);
  });

  test("are read with at most three requests per cluster and two per pool, none of them throttled", () => {
    const arm = requests.filter(({ path }) => !path.startsWith("/v1.0/") && !isSubscriptionWide(path));
    const perCluster = countPerCluster(arm, /managedClusters\/([^/?]+)(?!.*agentPools)/i);
    const perPool = countPerCluster(arm, /((?:managedClusters\/[^/]+\/agentPools|virtualMachineScaleSets)\/[^/?]+)/i);
    expect(perCluster.size).toBeGreaterThan(700);
    expect(Math.max(...perCluster.values())).toBeLessThanOrEqual(3);
    expect(Math.max(...perPool.values())).toBeLessThanOrEqual(2);
    expect(arm.length).toBeLessThanOrEqual(3 * 1000 + 2 * 2000);
    expect(requests.filter(({ status }) => status === 429)).toEqual([]);
  });

  test("are only read: the one POST is a question to the directory", () => {
    const others = requests
      .filter(({ method }) => method !== "GET")
      .map(({ method, path }) => `${method} ${path.split("?")[0]}`);
    expect(others).toEqual(["POST /v1.0/directoryObjects/getByIds"]);
  });

  test("are shown with those first whose secrets end soonest", () => {
    const ends = assessment.clusters.map(({ credentialsEnd }) => credentialsEnd ?? "9999");
    expect(ends).toEqual([...ends].sort());
    expect(ends[0]).toBe("2027-01-15T00:00:00.000Z");
  });

  test("tell how far they have come", () => {
    expect(progress[0]).toBe("1/20 subscriptions listed");
    expect(progress.at(-1)).toBe("1000/1000 clusters assessed");
  });
});

test("one subscription of many clusters stays within its token buckets, and learns quickly that one of AKS is empty", async () => {
  const lab = await Lab.open({ throttles: "azure" });
  const cluster = (index: number) => ({
    id: `/subscriptions/3f0b6c1e-9a54-4d1c-8f27-5b1d7c0a9e01/resourceGroups/rg-${index}/providers/Microsoft.ContainerService/managedClusters/aks-${index}`,
    type: "Microsoft.ContainerService/managedClusters",
    location: "westeurope",
    properties: {
      servicePrincipalProfile: { clientId: "5e8a1c37-2b9f-4d60-b7c4-e1f3a60d9b25" },
      agentPoolProfiles: [
        { name: "system", count: 1, mode: "System" },
        { name: "apps", count: 1 },
      ],
    },
  });
  await lab.control(
    "POST",
    "/_emulator/resources",
    Array.from({ length: 200 }, (_, index) => cluster(index)),
  );
  const began = lab.clock.now().getTime();
  const { clusters } = await assessEstate(
    lab.connection.azure({ pacedReads: true }),
    { ids: [] },
    { cloud: "AzureCloud", now: lab.clock.now() },
  );
  expect(clusters).toHaveLength(201);
  const refused = (await lab.requests()).filter(({ status }) => status === 429);
  // AKS answers 60 of the 600 questions below clusters at once. What was on its way when that was over is asked again.
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.length).toBeLessThan(60);
  const seconds = (lab.clock.now().getTime() - began) / 1_000;
  expect(seconds).toBeGreaterThan(540);
  expect(seconds).toBeLessThan(720);
  for (const { notAssessed } of clusters) expect(notAssessed.filter(({ check }) => check === "RD002")).toEqual([]);
});
