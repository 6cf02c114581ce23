import { describe, expect, it } from "vitest";
import type { Event } from "../../src/engine/events.ts";
import { foldEvents } from "../../src/report/fold-events.ts";
import { listNodes } from "../../src/report/run-digest.ts";
import { summarizeCluster } from "../../src/report/run-summary.ts";
import { changeWords } from "../../src/report/run-view.ts";
import { buildEvents, buildPlan, CLUSTER, HASH, KUBELET_ID, REFUSED, REGISTRY } from "./fixtures.ts";
import { FINISHED, INTERRUPTED, ROLLING } from "./run-fixtures.ts";

const plan = buildPlan();

function stepOf(events: readonly Event[], id: string) {
  return foldEvents(plan, events).clusters[0]!.steps.find((step) => step.id === id)!;
}

describe("the fold over a run's events", () => {
  it("has every step pending before the first event", () => {
    const view = foldEvents(plan, []);
    expect(view.clusters[0]!.steps.map(({ state }) => state)).toEqual(Array(11).fill("pending"));
  });

  it("keeps done what was done before a resume, and the deadline of the wait", () => {
    const view = foldEvents(plan, INTERRUPTED);
    const states = view.clusters[0]!.steps.slice(0, 4).map(({ state }) => state);
    expect(states).toEqual(["done", "done", "waiting", "pending"]);
    expect(view).toMatchObject({
      state: "running",
      resumes: ["2026-11-22T08:30:00Z"],
      nextWakeUp: "2026-11-22T09:00:16Z",
    });
  });

  it("binds resource and correlation ids to the change that made them", () => {
    const change = stepOf(INTERRUPTED, "create-identities").changes.find(({ key }) => key === "identity:kubelet");
    expect(change).toMatchObject({
      state: "applied",
      resourceId: KUBELET_ID,
      adopted: true,
      correlationIds: ["c0ffee-1"],
    });
    expect(stepOf(ROLLING, "enable-managed-identity").changes[0]).toMatchObject({
      state: "started",
      correlationIds: ["c0ffee-2"],
    });
  });

  it("counts nothing between a kill and the resume as waiting", () => {
    const { spans } = stepOf(INTERRUPTED, "await-role-propagation");
    const at = (time: string) => `2026-11-22T${time}Z`;
    expect(spans.filter(({ kind }) => kind === "wait")).toEqual([
      { kind: "wait", from: at("08:00:18"), to: at("08:00:18") },
      { kind: "wait", from: at("08:30:01") },
    ]);
  });

  it("has each node once, with the time at which it was seen re-imaged", () => {
    expect(stepOf(ROLLING, "enable-managed-identity").pools).toEqual([
      {
        pool: "system",
        reimaged: 2,
        nodes: 3,
        before: 0,
        namesBefore: [],
        startedAt: "2026-11-22T09:00:20Z",
        at: "2026-11-22T09:12:17Z",
        names: [
          { name: "aks-system-0", at: "2026-11-22T09:06:17Z" },
          { name: "aks-system-1", at: "2026-11-22T09:12:17Z" },
        ],
      },
    ]);
  });

  it("counts a node once where a later step goes on, and again where its pool is drained once more", () => {
    const progress = (reimaged: number, ...names: string[]) =>
      ({ type: "node:progress", pool: "system", reimaged, nodes: 3, names }) as const;
    const upgraded = (...list: ReturnType<typeof progress>[]) => {
      const events = list.map((event) => ["09:20:00", "upgrade-node-images", event] as const);
      const cluster = foldEvents(plan, [...ROLLING, ...buildEvents(...events.map(([...event]) => event))]).clusters[0]!;
      return listNodes(cluster).map(({ node }) => node);
    };
    expect(upgraded(progress(3, "aks-system-0", "aks-system-1", "aks-system-2"))).toEqual([
      "aks-system-0",
      "aks-system-1",
      "aks-system-2",
    ]);
    expect(upgraded(progress(0), progress(3, "aks-system-0", "aks-system-1", "aks-system-2"))).toHaveLength(5);
  });

  it("counts no node that was re-imaged before anything of the run could have done it", () => {
    const progress = (reimaged: number, ...names: string[]) =>
      ({ type: "node:progress", pool: "system", reimaged, nodes: 3, names }) as const;
    const upgrade = "upgrade-node-images";
    const events = buildEvents(
      ["09:00:00", undefined, { type: "run:started", planHash: HASH, tool: "1.0.0", resumed: false }],
      ["09:00:01", upgrade, { type: "step:started", title: "Upgrade node images" }],
      ["09:00:02", upgrade, progress(1, "aks-system-0")],
      ["09:00:03", upgrade, { type: "change:started", key: "roll:system", summary: "", risk: "disruptive" }],
      ["09:20:00", upgrade, progress(3, "aks-system-0", "aks-system-1", "aks-system-2")],
    );
    const cluster = foldEvents(plan, events).clusters[0]!;
    expect(listNodes(cluster).map(({ node }) => node)).toEqual(["aks-system-1", "aks-system-2"]);
    expect(summarizeCluster(plan.clusters[0]!, cluster, "aks-mi undo").join(" ")).toContain("2 nodes seen drained");
  });

  it("has the approval once, though it is journalled again with each resume", () => {
    expect(foldEvents(plan, INTERRUPTED).approvals).toEqual([
      { at: "2026-11-22T08:00:00Z", planHash: HASH, by: "ada", account: "ada@contoso.com", how: "hash" },
    ]);
  });

  it("sets apart what did not come true, a conditional change as well as a gap", () => {
    const noGap = FINISHED.filter((event) => !("key" in event && event.key.startsWith("gap:")));
    expect(stepOf(noGap, "grant-addon-roles").changes.map(changeWords)).toEqual(["in place already", "did not occur"]);
    expect(stepOf(FINISHED, "grant-addon-roles").changes.map(changeWords)).toEqual(["in place already", "closed"]);

    expect(stepOf(FINISHED, "assign-kubelet-identity").changes[0]!.state).toBe("not-needed");
    expect(stepOf(FINISHED, "grant-addon-roles").changes.map(({ state }) => state)).toEqual(["not-needed", "applied"]);
    expect(foldEvents(plan, FINISHED)).toMatchObject({ state: "done", endedAt: "2026-11-23T09:00:21Z" });
  });

  it("goes back with the engine to a step that is no longer done", () => {
    const back = [
      ...ROLLING.slice(0, ROLLING.findIndex(({ step }) => step === "enable-managed-identity") + 1),
      ...buildEvents(["09:00:18", "assign-roles", { type: "step:started", title: "Assign roles" }]),
    ];
    expect(stepOf(back, "assign-roles")).toMatchObject({ state: "running", doneAt: undefined, evidence: undefined });
    expect(stepOf(back, "enable-managed-identity")).toMatchObject({ state: "pending" });
  });

  it("has the failure with its remedy, and forgets it when the run is taken up again", () => {
    const failed = [...ROLLING, ...buildEvents(["09:13:00", "enable-managed-identity", REFUSED])];
    expect(foldEvents(plan, failed)).toMatchObject({
      state: "failed",
      clusters: [{ failure: { code: "AZURE_ERROR", remedy: "Ask again", step: "enable-managed-identity" } }],
    });
    const resumed = { type: "run:started", planHash: HASH, tool: "aks-mi 0.1.0", resumed: true } as const;
    const view = foldEvents(plan, [...failed, ...buildEvents(["09:20:00", undefined, resumed])]);
    expect(view.state).toBe("running");
    expect(view.clusters[0]!.failure).toBeUndefined();
    expect(view.clusters[0]!.steps[3]!.state).toBe("pending");
  });

  it("tells a change that failed from one in progress, until it is done after all", () => {
    const step = "enable-managed-identity";
    const change = { type: "change:failed", key: `switch:${CLUSTER}`, code: "Conflict", message: "no" } as const;
    const failed = [...ROLLING, ...buildEvents(["09:13:00", step, change])];
    expect(stepOf(failed, step).changes.map(changeWords)[0]).toBe("failed");
    const done = [...failed, ...buildEvents(["09:20:00", step, { type: "step:done", evidence: "it is" }])];
    expect(stepOf(done, step).changes.map(changeWords)[0]).toBe("applied");
  });

  it("tells what was taken back, which belongs to no step, until it is made again", () => {
    const own = INTERRUPTED.filter(({ type }) => type !== "change:bound");
    const undo = { type: "change:undone", key: "identity:kubelet", resourceId: KUBELET_ID } as const;
    const undone = [...own, ...buildEvents(["08:31:00", undefined, undo])];
    const wordsOf = (events: readonly Event[]) =>
      changeWords(stepOf(events, "create-identities").changes.find(({ key }) => key === undo.key)!);
    expect(wordsOf(own)).toBe("applied");
    expect(wordsOf(undone)).toBe("taken back");
    const again = { type: "change:started", key: undo.key, summary: "", risk: "additive" } as const;
    expect(wordsOf([...undone, ...buildEvents(["08:32:00", "create-identities", again])])).toBe("in progress");
  });

  it("shows no step as done whose changes were taken back, nor what came after it", () => {
    const paused = { type: "run:paused", reason: "it was to stop" } as const;
    const undo = { type: "change:undone", key: `role:AcrPull@${REGISTRY}→kubelet`, resourceId: REGISTRY } as const;
    const waited = buildEvents(
      ["09:00:17", "await-role-propagation", { type: "step:done", evidence: "the youngest role is 60 min old" }],
      ["09:00:18", undefined, paused],
      ["09:10:00", undefined, undo],
    );
    const [cluster] = foldEvents(plan, [...INTERRUPTED, ...waited]).clusters;
    expect(cluster!.steps.slice(0, 3).map(({ state }) => state)).toEqual(["done", "pending", "pending"]);
    expect(cluster).toMatchObject({ state: "paused", pause: { reason: expect.stringContaining("taken back") } });
  });

  it("lists an approval anew after what it allowed was taken back, and once for all resumes before", () => {
    const approval = { planHash: HASH, by: "ada", account: "ada@contoso.com", how: "hash" } as const;
    const later = buildEvents(
      ["09:10:00", undefined, { type: "undo:approved", ...approval }],
      ["10:00:00", undefined, { type: "run:approved", ...approval }],
    );
    const { approvals, undoApprovals } = foldEvents(plan, [...INTERRUPTED, ...later]);
    const times = [approvals, undoApprovals].map((list) => list.map(({ at }) => at.slice(11, 19)));
    expect(times).toEqual([["08:00:00", "10:00:00"], ["09:10:00"]]);
  });

  it("keeps clusters apart, and a run that goes on in one of them goes on", () => {
    const other = CLUSTER.replace("payments-prod", "orders-prod");
    const two = { ...plan, clusters: [plan.clusters[0]!, { ...plan.clusters[0]!, id: other }] };
    const paused = buildEvents(["08:00:01", undefined, { type: "run:paused", reason: "no newer image" }]);
    const events = [...INTERRUPTED, ...paused.map((event) => ({ ...event, cluster: other.toUpperCase() }))];
    const view = foldEvents(two, events);
    expect(view.clusters.map(({ state }) => state)).toEqual(["running", "paused"]);
    expect(view.state).toBe("running");
    expect(view.clusters[1]!.steps.every(({ state }) => state === "pending")).toBe(true);
  });

  it("ignores types that it does not know", () => {
    const unknown = { ...INTERRUPTED[0]!, type: "something:new", at: "2026-11-22T08:00:00Z" } as unknown as Event;
    expect(foldEvents(plan, [...INTERRUPTED.slice(0, 3), unknown]).clusters).toEqual(
      foldEvents(plan, INTERRUPTED.slice(0, 3)).clusters.map((cluster) => ({ ...cluster, lastEventAt: unknown.at })),
    );
  });
});
