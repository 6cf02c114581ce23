import { describe, expect, it } from "vitest";
import { MINUTE_MS } from "../../src/engine/clock.ts";
import type { Event } from "../../src/engine/events.ts";
import { foldEvents } from "../../src/report/fold-events.ts";
import { estimateRemaining, timeSpentMs } from "../../src/report/remaining.ts";
import { renderStatus, statusJson } from "../../src/report/status.ts";
import { buildEvents, buildPlan, CLUSTER } from "./fixtures.ts";
import { FINISHED, INTERRUPTED, ROLLING } from "./run-fixtures.ts";

const plan = buildPlan();

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
    const waiting = foldEvents(plan, INTERRUPTED).clusters[0]!.steps.find(({ id }) => id === "await-role-propagation")!;
    expect(timeSpentMs(waiting, at("08:40:01"))).toBe(10 * MINUTE_MS);
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
