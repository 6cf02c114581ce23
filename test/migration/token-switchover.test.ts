import { describe, expect, test } from "vitest";
import { DAY_MS, HOUR_MS } from "../../src/engine/clock.ts";
import type { Event } from "../../src/engine/events.ts";
import { execute } from "../../src/execute/execute.ts";
import type { MigrationPlan } from "../../src/plan/schema.ts";
import { foldEvents } from "../../src/report/fold-events.ts";
import { renderRunMarkdown } from "../../src/report/run-markdown.ts";
import { createRun, type RunDirectory, readEvents } from "../../src/state/state-directory.ts";
import { Lab } from "../support/lab.ts";

const LOG = "/eventtypes/management/values";

async function logReads(lab: Lab) {
  return (await lab.requests()).filter(({ path }) => path.toLowerCase().includes(LOG));
}

type PrincipalUse = Event & { type: "principal:use" };

/** What the last look at the old principal said, and the step's evidence. */
function endOf(events: readonly Event[]) {
  const use = events.filter((event): event is PrincipalUse => event.type === "principal:use").at(-1)!;
  const done = events.find((event) => event.type === "step:done" && event.step === "await-token-switchover");
  return { use, evidence: (done as { evidence: string } | undefined)?.evidence };
}

function reportOf(run: RunDirectory): string {
  return renderRunMarkdown(run.plan, foldEvents(run.plan, readEvents(run)), "").replaceAll("\\", "");
}

/** Applies a plan up to the token switchover, and goes on some time after it should have ended. */
async function resumeLate(lab: Lab, plan: MigrationPlan, lateMs: number) {
  const run = createRun(lab.stateDir, plan, lab.clock.now());
  const settings = {
    connection: lab.connection,
    stateDir: lab.stateDir,
    run,
    tool: "test",
    signal: new AbortController().signal,
    onEvent: () => {},
  };
  await execute({ ...settings, approval: { by: "test", how: "yes" }, until: "await-token-switchover" });
  lab.clock.advance(DAY_MS + lateMs);
  await execute({ ...settings, approval: undefined });
  return run;
}

describe("the token switchover", () => {
  test("ends with its time, and tells when the nodes' group was last written as the old principal", async () => {
    const lab = await Lab.open({ tokenSwitchover: "6h" });
    const { events, results, run } = await lab.apply(await lab.plan());
    expect(results[0]!.outcome).toMatchObject({ kind: "done" });
    const { use, evidence } = endOf(events);
    expect(use).toMatchObject({
      use: "recent",
      seen: expect.stringMatching(/was last used on .*\/write\), 18 h .* ago/),
    });
    expect(evidence).toContain(use.seen);
    const switched = events.find((event) => event.type === "change:applied" && event.key.startsWith("switch:"))!;
    const done = events.find((event) => event.type === "run:done")!;
    expect(Date.parse(done.at) - Date.parse(switched.at)).toBeLessThan(DAY_MS + HOUR_MS);
    expect((await logReads(lab)).length).toBeLessThanOrEqual(2);
    expect(reportOf(run)).toContain(use.seen);
    expect(reportOf(run)).not.toContain("az ad app delete");
  });

  test("tells of components that go on using the old principal after its tokens should have ended", async () => {
    const lab = await Lab.open({ tokenSwitchover: "48h" });
    const { use } = endOf(readEvents(await resumeLate(lab, await lab.plan(), 10 * HOUR_MS)));
    expect(use).toMatchObject({ use: "recent" });
    expect(use.seen).toMatch(/that is more than 24 h after the switch, so something still signs in with it/);
  });

  test("says at its beginning and its end that the log may not be read, and ends all the same", async () => {
    const lab = await Lab.open();
    const fault = { status: 403, code: "AuthorizationFailed", message: "no" };
    await lab.control("POST", "/_emulator/faults", { match: { pathPattern: LOG }, fault, times: 9 });
    const { events, results, run } = await lab.apply(await lab.plan());
    expect(results[0]!.outcome).toMatchObject({ kind: "done" });
    const waiting = events.find((event) => event.type === "step:waiting" && event.step === "await-token-switchover");
    const gap = /is not known: you may not read the activity log of MC_rg-payments-prod_.* \(AuthorizationFailed\)/;
    expect((waiting as { reason: string }).reason).toMatch(gap);
    expect(endOf(events).evidence).toMatch(gap);
    expect(endOf(events).use.use).toBe("not-assessed");
    expect(reportOf(run)).not.toContain("az ad app delete");
  });

  test("prints how to retire the old principal once nothing has used it for a day, and nothing else is known to", async () => {
    const lab = await Lab.open({ tokenSwitchover: "6h" });
    const run = await resumeLate(lab, await lab.plan({ inCluster: true }), 10 * HOUR_MS);
    expect(endOf(readEvents(run)).use).toMatchObject({ use: "none", otherUses: [] });
    const text = reportOf(run);
    const { clientId, objectId } = run.plan.clusters[0]!.from.servicePrincipal!;
    expect(text).toContain(`az ad sp update --id ${clientId} --set accountEnabled=false`);
    expect(text).toContain(`az role assignment delete --assignee ${objectId} --scope /subscriptions/`);
    expect(text).toContain(`az ad app delete --id ${clientId}`);
  });

  test("prints no such command where another cluster uses the principal, or it holds a role that no cluster needs", async () => {
    const lab = await Lab.open({ tokenSwitchover: "6h" });
    const plan = await lab.plan({ inCluster: true });
    const [cluster] = (
      await lab.control<{ id: string; type: string; properties: object }[]>("GET", "/_emulator/resources")
    ).filter(({ type }) => /managedClusters$/i.test(type));
    const vault = `${cluster!.id.split("/").slice(0, 3).join("/")}/resourceGroups/rg-vaults/providers/Microsoft.KeyVault/vaults/v`;
    await lab.control("POST", "/_emulator/resources", [
      {
        ...cluster,
        id: `${cluster!.id}-2`,
        name: "payments-prod-2",
        properties: { ...cluster!.properties, nodeResourceGroup: "MC_second" },
      },
      {
        id: `${vault}/providers/Microsoft.Authorization/roleAssignments/0b6f3a5c-7d1e-4c92-8e40-1a9d5f27c399`,
        type: "Microsoft.Authorization/roleAssignments",
        properties: {
          principalId: plan.clusters[0]!.from.servicePrincipal!.objectId,
          roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/12338af0-0e69-4776-bea7-57ae8d297424`,
        },
      },
    ]);
    const run = await resumeLate(
      lab,
      await lab.plan({ inCluster: true, clusterIds: [plan.clusters[0]!.id] }),
      10 * HOUR_MS,
    );
    expect(endOf(readEvents(run)).use.otherUses).toEqual([
      "ID005: it is also used by payments-prod-2",
      `WK009: it holds roles that no cluster needs: Key Vault Crypto User on ${vault}`,
    ]);
    expect(reportOf(run)).toContain("ID005: it is also used by payments-prod-2.");
    expect(reportOf(run)).not.toContain("az ad app delete");
  });
});
