import { describe, expect, test } from "vitest";
import { MINUTE_MS } from "../../src/engine/clock.ts";
import type { Hooks } from "./process.ts";
import { Site } from "./site.ts";
import { caseOf, kinds, runUntilDone } from "./until-done.ts";

/** Someone aborts the first update of the cluster; before anybody looks, another update covers that up. */
function stoppedAndCoveredUp(site: Site): Hooks {
  let isStopped = false;
  return {
    point() {},
    async carry(request) {
      const response = await site.emulator.handle(request);
      if (isStopped || request.method !== "PUT" || new URL(request.url).pathname !== site.clusterId) return response;
      isStopped = (await site.ask("POST", `${site.clusterId}/abort`)).status === 202;
      site.clock.advance(MINUTE_MS);
      await site.ask("PATCH", site.clusterId, { tags: { covered: "up" } });
      return { ...response, headers: {} };
    },
  };
}

describe("an update that somebody aborts", () => {
  test("a switch that someone aborts is sent again by the next resume, also when its operation is forgotten", async () => {
    const site = await Site.open(caseOf("service principal to own identities, in one update"));
    let aborted = false;
    const { ended } = await runUntilDone(site, {
      point() {},
      async carry(request) {
        const path = new URL(request.url).pathname;
        if (path.includes("/operations/")) return { status: 404, headers: {}, body: '{"error":{"code":"NotFound"}}' };
        const response = await site.emulator.handle(request);
        if (request.method === "PUT" && path === site.clusterId && !aborted) {
          aborted = (await site.ask("POST", `${site.clusterId}/abort`)).status === 202;
        }
        return response;
      },
    });
    expect(kinds(ended)).toEqual([
      expect.stringContaining("The update that switches the cluster failed: the cluster is Canceled"),
      "done",
    ]);
  });

  test("a switch that was stopped half way and covered up by another update is found out and sent again", async () => {
    const site = await Site.open(caseOf("service principal to own identities, in one update"));
    const { ended } = await runUntilDone(site, stoppedAndCoveredUp(site));
    expect(kinds(ended)).toEqual([expect.stringContaining("not as it was to be"), "done"]);
  });

  test("a kubelet identity that an aborted update left half way is assigned again, whatever covered that up", async () => {
    const site = await Site.open(caseOf("one kubelet identity to another"));
    const { ended, disk } = await runUntilDone(site, stoppedAndCoveredUp(site));
    expect(kinds(ended)).toEqual([expect.stringContaining("does not carry the kubelet identity"), "done"]);
    const sent = disk.events.filter(({ type }) => type === "change:started");
    expect(sent.filter((event) => "key" in event && event.key.startsWith("kubelet-identity:"))).toHaveLength(2);
  });
});
