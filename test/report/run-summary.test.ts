import { describe, expect, it } from "vitest";
import type { Event } from "../../src/engine/events.ts";
import { foldEvents } from "../../src/report/fold-events.ts";
import { renderRunHtml } from "../../src/report/run-html.ts";
import { renderRunMarkdown } from "../../src/report/run-markdown.ts";
import { summarizeCluster } from "../../src/report/run-summary.ts";
import { buildEvents, buildPlan, CLUSTER, HASH, REGISTRY } from "./fixtures.ts";
import { FINISHED, INTERRUPTED, ROLLING } from "./run-fixtures.ts";

const plan = buildPlan();

function summaryOf(events: readonly Event[]): string {
  return summarizeCluster(plan.clusters[0]!, foldEvents(plan, events).clusters[0]!, "aks-mi undo r1").join(" ");
}

const FAILURE = { type: "step:failed", code: "AZURE_ERROR", message: "Azure said no", remedy: "Ask again" } as const;
const PAUSE = { type: "run:paused", reason: "no newer node image", retryAt: "2026-11-29T00:00:00Z" } as const;

describe("the summary of a cluster's run", () => {
  it("says of a finished one what it uses now, when it was switched, and what that took", () => {
    expect(summaryOf(FINISHED)).toBe(
      "Cluster payments-prod is migrated: its control plane uses id-payments-prod, and its nodes use id-payments-prod-kubelet. It was switched on 22 Nov 2026 09:00 UTC. A cluster on managed identity cannot go back to a service principal. 9 nodes seen drained and re-imaged, 2 changes written, 1 request sent again.",
    );
  });

  it("says of one that stopped before the switch that it can be taken back, and how", () => {
    const paused = summaryOf([...INTERRUPTED, ...buildEvents(["08:40:00", undefined, PAUSE])]);
    expect(paused).toContain("is paused, with 2 of 11 steps done. It is not switched yet: aks-mi undo r1 takes back");
    expect(paused).toContain("No node seen drained, 1 change written");
  });

  it("says of one that was taken back that nothing is left to take back", () => {
    const undone = ["identity:kubelet", `role:AcrPull@${REGISTRY}→kubelet`].map(
      (key) => ["08:41:00", undefined, { type: "change:undone", key, resourceId: key }] as const,
    );
    const paused = [...INTERRUPTED, ...buildEvents(["08:40:00", undefined, PAUSE], ...undone.map(([...one]) => one))];
    expect(summaryOf(paused)).toContain("It is not switched yet, and what was made has been taken back.");
  });

  it("says of a switch that failed no more than that it was begun", () => {
    const switchFailed = { type: "change:failed", key: `switch:${CLUSTER}`, code: "Conflict", message: "no" } as const;
    const failed = buildEvents(
      ["09:13:00", "enable-managed-identity", switchFailed],
      ["09:13:00", "enable-managed-identity", FAILURE],
    );
    expect(summaryOf([...ROLLING, ...failed])).toContain("Its switch was begun on 22 Nov 2026 09:00 UTC and failed.");
  });

  it("does not take a switch that Azure has not accepted for one that was made", () => {
    const sent = ROLLING.findIndex(({ type, step }) => type === "change:started" && step === "enable-managed-identity");
    const refused = [...ROLLING.slice(0, sent + 1), ...buildEvents(["09:00:20", "enable-managed-identity", FAILURE])];
    const summary = summaryOf(refused);
    expect(summary).toContain("Its switch was sent on 22 Nov 2026 09:00 UTC, and Azure has not confirmed it");
    expect(summary).not.toContain("It was switched");
  });

  it("says of one that failed after the switch where, and that there is no way back", () => {
    const failed = summaryOf([...ROLLING, ...buildEvents(["09:13:00", "enable-managed-identity", FAILURE])]);
    expect(failed).toContain('failed at "Enable managed identity", with 3 of 11 steps done. It was switched on');
    expect(failed).toContain("2 nodes seen drained and re-imaged");
  });

  it("says of one that found all in place, or has not begun, no more than that", () => {
    const idle = [INTERRUPTED[0]!, ...buildEvents(["08:00:01", undefined, { type: "run:done", changed: false }])];
    expect(summaryOf(idle)).toContain("Cluster payments-prod needed no change");
    expect(summaryOf([])).toBe("The migration of payments-prod has not begun.");
  });
});

describe("a report", () => {
  it("has each gap with when it was closed, a pause with when to resume, and moments as clock times", () => {
    const waited = { type: "step:done", evidence: "the youngest, of 2026-11-22T08:00:16Z, is 60 min old" } as const;
    const view = foldEvents(plan, [
      ...FINISHED.slice(0, -2),
      ...buildEvents(["09:55:00", "await-role-propagation", waited], ["09:56:00", undefined, PAUSE]),
    ]);
    const html = renderRunHtml(plan, view, HASH);
    expect(html).toMatch(/Container insights sends no metrics .*>closed<.*22 Nov 09:50 UTC/);
    expect(html).toContain("Resume it from 29 Nov 2026 00:00 UTC on.");
    expect(html).toContain("the youngest, of 22 Nov 08:00 UTC, is");
    expect(renderRunMarkdown(plan, view, HASH)).toMatch(/### Gaps in rights[^#]*closed \| 22 Nov 09:50 UTC/);
  });

  it("of several clusters begins with how each of them ended", () => {
    const ids = [CLUSTER, CLUSTER.replace("payments-prod", "orders-prod")];
    const two = { ...plan, clusters: ids.map((id) => ({ ...plan.clusters[0]!, id })) };
    const failed = buildEvents(["08:41:00", "assign-roles", FAILURE]).map((event) => ({ ...event, cluster: ids[1]! }));
    const html = renderRunHtml(two, foldEvents(two, [...FINISHED, ...failed]), HASH);
    expect(html).toMatch(/<a href="#cluster-1">payments-prod<\/a>.*11 of 11/);
    expect(html).toMatch(/<a href="#cluster-2">orders-prod<\/a>.*Azure said no\./);
    expect(html).toContain('<h2 id="cluster-2">orders-prod');
    expect(renderRunHtml(plan, foldEvents(plan, FINISHED), HASH)).not.toContain("How each ended");
  });
});
