import { describe, expect, test } from "vitest";
import { Site } from "./site.ts";
import { caseOf, kinds, runUntilDone } from "./until-done.ts";

/** A node image upgrade that somebody begins on a pool right before the cluster is to be switched. */
describe("somebody else's operation at the moment of the switch", () => {
  test.each([
    "OperationNotAllowed",
    "EtagMismatch",
  ] as const)("is waited for, and the switch sent once more, where Azure answers %s", async (updateConflict) => {
    const site = await Site.open(caseOf("service principal to own identities, in one update"), {
      behaviour: { updateConflict },
    });
    const refusals: [status: number, code: unknown][] = [];
    const { ended, disk } = await runUntilDone(site, {
      point() {},
      async carry(request) {
        const isUpdate = request.method === "PUT" && new URL(request.url).pathname.endsWith(site.clusterId);
        if (isUpdate && refusals.length === 0)
          await site.ask("POST", `${site.clusterId}/agentPools/apps/upgradeNodeImageVersion`);
        const response = await site.emulator.handle(request);
        if (isUpdate) refusals.push([response.status, JSON.parse(response.body).code]);
        return response;
      },
    });
    expect(kinds(ended)).toEqual(["done"]);
    expect(refusals).toEqual([
      [409, updateConflict],
      [200, undefined],
    ]);
    const waits = disk.events.filter(
      (event) => event.type === "request:retried" && event.reason.includes(updateConflict),
    );
    expect(waits.length).toBeGreaterThan(1);
  });
});
