import { describe, expect, test } from "vitest";
import { DEMO_CLUSTER } from "../support/cli.ts";
import { Lab } from "../support/lab.ts";

const APPLICATION = { type: "Microsoft.Graph/applications", id: "8f0d9d54-3d60-4c5b-9a38-0d8a3f1f0e77" };
const CLIENT = "5e8a1c37-2b9f-4d60-b7c4-e1f3a60d9b25";
const SUBSCRIPTION = DEMO_CLUSTER.split("/").slice(0, 3).join("/");
const GROUP = DEMO_CLUSTER.split("/").slice(0, 5).join("/");

/** Gives the demo's application one credential with this end date. */
async function setCredentialEnd(lab: Lab, endDateTime: string): Promise<void> {
  type Stored = { id: string; type: string; appId?: string };
  const stored = (await lab.control<Stored[]>("GET", "/_emulator/resources")).find(
    ({ type, appId }) => /applications$/i.test(type) && appId === CLIENT,
  );
  await lab.control("POST", "/_emulator/resources", [
    {
      ...APPLICATION,
      id: stored?.id ?? APPLICATION.id,
      appId: CLIENT,
      displayName: "sp",
      passwordCredentials: [{ endDateTime }],
    },
  ]);
}

async function blockersOf(lab: Lab, request: Parameters<Lab["plan"]>[0] = {}): Promise<string[]> {
  const [cluster] = (await lab.plan(request)).clusters;
  const blockers = cluster!.findings.filter(({ severity }) => severity === "blocker").map(({ check }) => check);
  expect(cluster!.blocked === true).toBe(blockers.length > 0);
  return blockers;
}

const LOCK = { locks: [{ name: "keep", scope: GROUP, level: "ReadOnly" }] };

describe("a plan", () => {
  test("is blocked by a credential that ends before it does, and by no other", async () => {
    const lab = await Lab.open();
    await setCredentialEnd(lab, "2026-11-23T06:00:00Z");
    expect(await blockersOf(lab)).toEqual(["RD015"]);
    // Expired is expired: waiting makes nothing better, and the migration is the way out.
    await setCredentialEnd(lab, "2026-11-21T06:00:00Z");
    expect(await blockersOf(lab)).toEqual([]);
    await setCredentialEnd(lab, "2026-12-23T06:00:00Z");
    expect(await blockersOf(lab)).toEqual([]);
  });

  test("is blocked by a policy that denies local accounts", async () => {
    const lab = await Lab.open();
    const assignment = {
      id: `${SUBSCRIPTION}/providers/Microsoft.Authorization/policyAssignments/no-local-accounts`,
      type: "Microsoft.Authorization/policyAssignments",
      properties: {
        scope: SUBSCRIPTION,
        policyDefinitionId: "/providers/Microsoft.Authorization/policyDefinitions/993c2fcd-2b29-49d2-9eb0-df2c3a730c32",
        parameters: { effect: { value: "Deny" } },
      },
    };
    await lab.control("POST", "/_emulator/resources", [assignment]);
    expect(await blockersOf(lab)).toEqual(["RD010"]);
  });

  test("is blocked by a lock, unless told to ignore it; then the lock stays on record", async () => {
    const lab = await Lab.open(LOCK);
    expect(await blockersOf(lab)).toEqual(["RD009"]);
    expect(await blockersOf(lab, { ignoredChecks: ["RD001"] })).toEqual(["RD009"]);
    const plan = await lab.plan({ ignoredChecks: ["RD009"] });
    expect(plan.clusters[0]!.blocked).toBeUndefined();
    expect(plan.settings.ignoredChecks).toEqual(["RD009"]);
    expect(plan.clusters[0]!.findings).toContainEqual(
      expect.objectContaining({
        check: "RD009",
        severity: "high",
        seen: expect.stringContaining("ignored as asked for"),
      }),
    );
  });

  test("that ignores a lock is not stopped by it before the switch, one that does not is", async () => {
    for (const ignoredChecks of [["RD009"], undefined]) {
      const lab = await Lab.open();
      const plan = await lab.plan({ ignoredChecks });
      // Locked only after the identities and roles are there, so that the lock meets the preflight before the switch.
      const lockSoon = lab.clock.sleep(30 * 60_000).then(() => lab.control("PATCH", "/_emulator/behaviour", LOCK));
      const [{ results }] = await Promise.all([lab.apply(plan), lockSoon]);
      const puts = (await lab.requests()).filter(
        ({ method, path }) => method === "PUT" && /managedClusters\/payments-prod(\?|$)/i.test(path),
      );
      expect(results[0]!.outcome.kind).not.toBe("done");
      // With the lock ignored Azure itself refuses the update; else the cluster is never asked for it.
      expect(puts.length > 0).toBe(ignoredChecks !== undefined);
    }
  });
});
