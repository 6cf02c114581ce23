import { expect, test } from "vitest";
import { type AssessedCluster, assessEstate } from "../../src/assess/assess-estate.ts";
import { Lab } from "../support/lab.ts";

const ALWAYS = 1_000_000;

/** Assesses a scenario's cluster while Azure refuses some of the reads. */
async function assessWithout(scenario: string, refused: string | { graphDenied: true }): Promise<AssessedCluster> {
  const lab = await Lab.open(typeof refused === "string" ? {} : refused, scenario);
  if (typeof refused === "string") {
    const fault = { match: { pathPattern: refused }, fault: { status: 403 }, times: ALWAYS };
    await lab.control("POST", "/_emulator/faults", fault);
  }
  const { clusters } = await assessEstate(
    lab.connection.azure(),
    { ids: [] },
    { cloud: "AzureCloud", now: lab.clock.now() },
  );
  expect(clusters).toHaveLength(1);
  return clusters[0]!;
}

const checksOf = ({ notAssessed }: AssessedCluster) => [...new Set(notAssessed.map(({ check }) => check))];

/** What becomes unknown when a read is refused; WK, RD005 and the like are unknown anyway. */
const CASES: [string, string, string | { graphDenied: true }, string[]][] = [
  ["Graph", "demo", { graphDenied: true }, ["ID003", "ID004", "ID006", "ID017", "RB013", "WK009"]],
  [
    "role assignments, on a service principal",
    "demo",
    "roleAssignments",
    ["ID006", "ID017", "RB013", "RB015", "WK009"],
  ],
  ["role assignments, on managed identity", "half-migrated", "roleAssignments", ["ID012", "ID017", "RB011"]],
  ["role definitions", "demo", "roleDefinitions", ["ID006", "RB013", "WK009"]],
  ["scale sets", "half-migrated", "virtualMachineScaleSets\\?", ["ID002"]],
  ["instances of scale sets", "half-migrated", "/virtualMachines\\?", ["ID002"]],
  ["locks", "demo", "/locks\\?", ["RD009"]],
  ["policy assignments", "demo", "policyAssignments", ["RD010"]],
  ["identities", "half-migrated", "userAssignedIdentities", ["ID009"]],
  ["node images", "demo", "upgradeProfiles", ["RD002"]],
  ["maintenance windows", "demo", "maintenanceConfigurations", ["RD008"]],
  ["virtual networks", "azure-cni", "virtualNetworks", ["RD006"]],
];

test.each(
  CASES,
)("without %s, what depends on it is not assessed and not found healthy", async (_, scenario, refused, expected) => {
  const whole = await assessWithout(scenario, "nothing at all");
  const cluster = await assessWithout(scenario, refused);
  const checks = checksOf(cluster);
  for (const check of expected) expect(checks, `${check} in ${checks.join(" ")}`).toContain(check);
  // A finding may become unknown, it never just goes away.
  for (const { check } of whole.findings) {
    const told = [...cluster.findings.map((finding) => finding.check), ...checks];
    expect(told).toContain(check);
  }
});

test("a reader of nothing but the clusters learns their state as far as it shows, and that the rest is unknown", async () => {
  const subscription = "/subscriptions/20cbe8b7-eb45-40ce-9d75-a10c517cc9e6";
  const group = `${subscription}/resourceGroups/rg-billing-prod`;
  const caller = {
    objectId: "9a0f2c1e-52f7-4a4d-8d0b-3c1f6f0c9a12",
    name: "reader",
    type: "User",
    roles: [{ role: "Reader", scope: group }],
  };
  const lab = await Lab.open({ caller }, "half-migrated");
  const { clusters, subscriptionsNotAssessed } = await assessEstate(
    lab.connection.azure(),
    { ids: [] },
    { cloud: "AzureCloud", now: lab.clock.now() },
  );
  expect(subscriptionsNotAssessed?.map(({ id }) => `/subscriptions/${id}`)).toContain(subscription);
  expect(clusters.map(({ id }) => id.split("/").at(-1))).toEqual(["billing-prod"]);
  const checks = checksOf(clusters[0]!);
  for (const check of ["ID002", "ID011", "ID017"]) expect(checks).toContain(check);
});

test("an estate of which nothing may be listed is a refusal, not an empty success", async () => {
  const lab = await Lab.open();
  await lab.control("POST", "/_emulator/faults", {
    match: { pathPattern: "managedClusters" },
    fault: { status: 403 },
    times: ALWAYS,
  });
  const assessing = assessEstate(lab.connection.azure(), { ids: [] }, { cloud: "AzureCloud", now: lab.clock.now() });
  await expect(assessing).rejects.toMatchObject({ code: "AZURE_REFUSED" });
});
