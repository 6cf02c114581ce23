import { describe, expect, it } from "vitest";
import { MINUTE_MS } from "../../src/engine/clock.ts";
import type { Event } from "../../src/engine/events.ts";
import { foldEvents } from "../../src/report/fold-events.ts";
import { estimateRemaining, timeSpentMs } from "../../src/report/remaining.ts";
import { listNodes } from "../../src/report/run-digest.ts";
import { summarizeCluster } from "../../src/report/run-summary.ts";
import { changeWords } from "../../src/report/run-view.ts";
import { renderStatus, statusJson } from "../../src/report/status.ts";
import { buildEvents, buildPlan, CLUSTER, HASH, KUBELET_ID, REGISTRY } from "./fixtures.ts";
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
    const failure = {
      type: "step:failed",
      code: "AZURE_ERROR",
      message: "Azure said no",
      remedy: "Ask again.",
    } as const;
    const failed = [...ROLLING, ...buildEvents(["09:13:00", "enable-managed-identity", failure])];
    expect(foldEvents(plan, failed)).toMatchObject({
      state: "failed",
      clusters: [{ failure: { code: "AZURE_ERROR", remedy: "Ask again.", step: "enable-managed-identity" } }],
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

describe("the time that is left", () => {
  const at = (time: string) => new Date(`2026-11-22T${time}Z`);

  it("is the rest of a wait whose end is known, and the plan's durations after it", () => {
    const cluster = foldEvents(plan, INTERRUPTED).clusters[0]!;
    const { proof, all } = estimateRemaining(cluster, at("08:50:16"));
    expect(proof.minMs).toBeGreaterThan(10 * MINUTE_MS + 45 * MINUTE_MS);
    expect(all.minMs - proof.minMs).toBe(24 * 60 * MINUTE_MS);
    expect(estimateRemaining(cluster, at("09:00:16")).proof.minMs).toBe(proof.minMs - 10 * MINUTE_MS);
  });

  it("follows what the nodes took so far", () => {
    const cluster = foldEvents(plan, ROLLING).clusters[0]!;
    const { proof } = estimateRemaining(cluster, at("09:12:17"));
    const nodesMs = 7 * 6 * MINUTE_MS;
    expect(proof.minMs).toBeGreaterThan(nodesMs * 0.75);
    expect(proof.minMs).toBeLessThan(nodesMs * 0.75 + MINUTE_MS);
  });

  it("counts a drain that hung on Azure's answer as certain as soon as that is known", () => {
    const switched = FINISHED.findIndex(({ type, step }) => type === "step:done" && step === "enable-managed-identity");
    const notRolled = FINISHED.slice(0, switched + 1).filter(({ type }) => type !== "node:progress");
    const proofAfter = (...more: Event[]) =>
      estimateRemaining(foldEvents(plan, [...notRolled, ...more]).clusters[0]!, at("09:50:02")).proof.minMs;
    const begun = {
      type: "change:started",
      key: `kubelet-identity:${CLUSTER}`,
      summary: "",
      risk: "disruptive",
    } as const;
    expect(proofAfter()).toBeGreaterThanOrEqual(9 * 5 * MINUTE_MS);
    expect(proofAfter(...buildEvents(["09:50:02", "assign-kubelet-identity", begun]))).toBe(proofAfter());
    const estimate = foldEvents(plan, []).clusters[0]!;
    expect(estimateRemaining({ ...estimate, steps: estimate.steps.slice(4) }, at("08:00:00")).proof.minMs).toBeLessThan(
      MINUTE_MS,
    );
  });

  it("does not grow below nothing", () => {
    const cluster = foldEvents(plan, FINISHED.slice(0, -2)).clusters[0]!;
    expect(estimateRemaining(cluster, new Date("2026-11-25T00:00:00Z")).all).toEqual({ minMs: 0, maxMs: 0 });
  });

  it("spent in a step leaves out the time in which no process was at work", () => {
    expect(timeSpentMs(stepOf(INTERRUPTED, "await-role-propagation"), at("08:40:01"))).toBe(10 * MINUTE_MS);
  });
});

describe("status", () => {
  const options = {
    now: new Date("2026-11-22T08:50:16Z"),
    color: false,
    width: 80,
    plan,
    place: { stateDir: "runs" },
  };

  it("as JSON has run, state, clusters, and steps with the end of a wait", () => {
    const json = statusJson(foldEvents(plan, INTERRUPTED));
    expect(Object.keys(json)).toEqual(["run", "state", "clusters"]);
    expect(json.clusters[0]!.steps.slice(1, 4)).toEqual([
      { id: "assign-roles", state: "done" },
      { id: "await-role-propagation", state: "waiting", until: "2026-11-22T09:00:16Z" },
      { id: "enable-managed-identity", state: "pending" },
    ]);
  });

  it("on a terminal has the clock time at which a wait ends, the time left, and the evidence of what is done", () => {
    const text = renderStatus(foldEvents(plan, INTERRUPTED), options);
    expect(text).toContain("until 09:00 UTC, 10 min left");
    expect(text).toContain("both identities exist");
    expect(text).toMatch(/Wakes up +09:00 UTC, in 10 min/);
    expect(text).not.toContain("aks-mi resume");
  });

  it("of a paused or failed run ends with the command that goes on", () => {
    const pause = { type: "run:paused", reason: "no newer node image", retryAt: "2026-11-29T00:00:00Z" } as const;
    const text = renderStatus(
      foldEvents(plan, [...INTERRUPTED, ...buildEvents(["08:45:00", undefined, pause])]),
      options,
    );
    expect(text).toContain("paused: No newer node image.");
    expect(text).toMatch(/Wakes up +29 Nov 00:00 UTC/);
    expect(text.endsWith("aks-mi resume 20261122-0800-k3f9 --state-dir runs\n")).toBe(true);
  });

  it("of a run that is done ends with the command that proves it, and says what of the old principal", () => {
    const text = renderStatus(foldEvents(plan, FINISHED), options);
    expect(text).toContain("Keep the old service principal until nothing is known to use it:");
    // As a shell joins its lines.
    const [command] = text
      .split("\n\n")
      .at(-1)!
      .replaceAll("\\\n", "")
      .match(/aks-mi .*/)!;
    expect(command.split(/ +/)).toEqual(["aks-mi", "verify", "--id", CLUSTER, "--state-dir", "runs"]);
    expect(text).not.toContain("aks-mi resume");
  });

  it("of a run of several clusters says of which of them an old principal is", () => {
    const two = { ...plan, clusters: [plan.clusters[0]!, { ...plan.clusters[0]!, id: `${CLUSTER}-2` }] };
    const events = [...FINISHED, ...FINISHED.map((event) => ({ ...event, cluster: `${CLUSTER}-2` }))];
    const text = renderStatus(foldEvents(two, events), { ...options, plan: two, width: 300 });
    for (const name of ["payments-prod", "payments-prod-2"]) expect(text).toContain(`- ${name}: Keep the old service`);
    expect(renderStatus(foldEvents(plan, FINISHED), options)).toContain("- Keep the old service");
  });

  it("of a run that stopped after the switch says until when the old principal has to stay valid", () => {
    const pause = { type: "run:paused", reason: "the run was to stop" } as const;
    const switched = [...FINISHED.slice(0, -2), ...buildEvents(["11:30:00", undefined, pause])];
    const text = renderStatus(foldEvents(plan, switched), { ...options, width: 300 });
    expect(text).toMatch(/Keep the old service principal valid: Until\s+23 Nov 09:00 UTC/);
    // It counts from the switch, where the wait for it has not begun.
    const waited = FINISHED.findIndex(({ step }) => step === "await-token-switchover");
    const stopped = [...FINISHED.slice(0, waited), ...buildEvents(["10:30:00", undefined, pause])];
    expect(renderStatus(foldEvents(plan, stopped), { ...options, width: 300 })).toMatch(
      /valid: Until\s+23 Nov 09:50 UTC/,
    );
    const prepared = [...INTERRUPTED, ...buildEvents(["08:45:00", undefined, pause])];
    expect(renderStatus(foldEvents(plan, prepared), options)).not.toContain("old service principal");
  });

  it("shows how far the nodes are", () => {
    expect(renderStatus(foldEvents(plan, ROLLING), options)).toContain("pool system: 2 of 3 nodes re-imaged");
  });
});
