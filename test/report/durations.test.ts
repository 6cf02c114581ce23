import { describe, expect, it } from "vitest";
import { HOUR_MS, MINUTE_MS } from "../../src/engine/clock.ts";
import type { ClusterPlan } from "../../src/plan/schema.ts";
import { DURATIONS, estimate, rollNodes, sumSteps } from "../../src/report/durations.ts";
import { formatLength, formatRange } from "../../src/report/words.ts";
import { buildEmptyPlan, buildPlan } from "./fixtures.ts";

function stepsWith(
  replaced: Partial<Record<ClusterPlan["steps"][number]["id"], ClusterPlan["steps"][number]["changes"]>>,
) {
  return buildPlan().clusters[0]!.steps.map(({ id, changes }) => ({ id, changes: replaced[id] ?? changes }));
}

function stepOf(plan: ReturnType<typeof buildPlan>, id: string) {
  return estimate(plan).clusters[0]!.steps.find(({ step }) => step === id)!;
}

describe("the expected duration of a plan", () => {
  it("takes five to ten minutes for each node of a pool", () => {
    expect(rollNodes(3)).toEqual({ minMs: 15 * MINUTE_MS, maxMs: 30 * MINUTE_MS });
  });

  it("counts a node once, however many steps may drain it", () => {
    const rolls = rollNodes(9);
    const { total, waiting, window } = estimate(buildPlan()).clusters[0]!;
    expect(total.maxMs - waiting.maxMs).toBeLessThan(rolls.maxMs + 20 * MINUTE_MS);
    expect(window!.maxMs).toBeLessThan(rolls.maxMs + 20 * MINUTE_MS);
  });

  it("leaves a change that depends on Azure's answer out of the shortest duration", () => {
    expect(stepOf(buildPlan(), "assign-kubelet-identity")).toMatchObject({
      minMs: 0,
      maxMs: DURATIONS.identityUpdate.maxMs + rollNodes(9).maxMs,
    });
  });

  it("takes the waits from the plan's settings", () => {
    const plan = buildPlan();
    plan.settings.rolePropagation.wait = "90m";
    expect(stepOf(plan, "await-role-propagation")).toMatchObject({
      waits: true,
      minMs: 90 * MINUTE_MS,
      maxMs: 90 * MINUTE_MS,
    });
    expect(stepOf(plan, "await-token-switchover").minMs).toBe(24 * HOUR_MS);
  });

  it("does not know how young rights are that were there before the plan", () => {
    expect(stepOf(buildPlan({ steps: stepsWith({ "assign-roles": [] }) }), "await-role-propagation")).toMatchObject({
      minMs: 0,
      maxMs: HOUR_MS,
    });
  });

  it("waits for the kubelet's rights again only if it gets some after the switch", () => {
    expect(stepOf(buildPlan(), "await-kubelet-propagation").maxMs).toBe(0);
    const [pull] = buildPlan().clusters[0]!.steps[1]!.changes.filter(({ key }) => key.endsWith("→kubelet"));
    const after = buildPlan({ steps: stepsWith({ "assign-roles": [], "attach-acr": [pull!] }) });
    expect(stepOf(after, "await-kubelet-propagation").minMs).toBe(HOUR_MS);
  });

  it("waits for sure for the rights that a system-assigned identity gets with the switch, and for none that the switch is", () => {
    const [own] = buildPlan().clusters[0]!.steps[1]!.changes.filter(({ key }) => key.endsWith("→control-plane"));
    const { changes } = buildPlan().clusters[0]!.steps.find(({ id }) => id === "enable-managed-identity")!;
    const waits = (given: typeof changes) =>
      stepOf(buildPlan({ steps: stepsWith({ "enable-managed-identity": given }) }), "await-kubelet-propagation");
    expect(waits([...changes, own!])).toMatchObject({ minMs: HOUR_MS, maxMs: HOUR_MS });
    expect(waits(changes).minMs).toBe(0);
  });

  it("counts the token switchover from a switch that happened before the plan", () => {
    const plan = buildPlan({ steps: stepsWith({ "enable-managed-identity": [] }) });
    plan.clusters[0]!.from.switchedAt = "2026-11-22T02:00:00Z";
    expect(stepOf(plan, "await-token-switchover")).toMatchObject({ minMs: 18 * HOUR_MS, maxMs: 18 * HOUR_MS });
  });

  it("lets five clusters work at a time, and the others while these wait", () => {
    const plan = buildPlan();
    const alone = estimate(plan).total;
    const fleetOf = (count: number) => ({ ...plan, clusters: Array.from({ length: count }, () => plan.clusters[0]!) });
    expect(estimate(fleetOf(5)).total).toEqual(alone);
    const { steps } = estimate(plan).clusters[0]!;
    const window = sumSteps(
      steps.slice(
        steps.findIndex(({ step }) => step === "enable-managed-identity"),
        -1,
      ),
    );
    // The preparation of the others fits into the wait of the first; their windows come one after the other.
    const { minMs, maxMs } = estimate(fleetOf(11)).total;
    expect(minMs).toBe(alone.minMs + 2 * window.minMs);
    expect(maxMs).toBe(alone.maxMs + 2 * window.maxMs);
  });

  it("makes clusters wait for each other that have no wait between their work", () => {
    const plan = buildPlan();
    plan.settings.rolePropagation.wait = plan.settings.tokenSwitchover.wait = "0s";
    const alone = estimate(plan).total;
    const clusters = Array.from({ length: 11 }, () => plan.clusters[0]!);
    expect(estimate({ ...plan, clusters }).total).toEqual({ minMs: 3 * alone.minMs, maxMs: 3 * alone.maxMs });
  });

  it("is nothing for an empty plan", () => {
    expect(estimate(buildEmptyPlan()).total).toEqual({ minMs: 0, maxMs: 0 });
  });
});

describe("an expected duration in words", () => {
  it.each([
    [{ minMs: 46 * MINUTE_MS + 5_000, maxMs: 96 * MINUTE_MS + 1 }, "46 min to 1 h 40 min"],
    [{ minMs: 0, maxMs: 9 * MINUTE_MS + 59_000 }, "up to 9 min 59 s"],
    [{ minMs: 62 * MINUTE_MS, maxMs: 62 * MINUTE_MS }, "1 h 2 min"],
    [{ minMs: 24 * HOUR_MS, maxMs: 26 * HOUR_MS + 4 * MINUTE_MS }, "24 h to 26 h 5 min"],
  ])("of %j is no more exact than it can be: %s", (range, words) => {
    expect(formatRange(range)).toBe(words);
  });
});

describe("a length of time", () => {
  it("is rounded before it is taken apart", () => {
    expect(formatLength(30 * MINUTE_MS - 400)).toBe("30 min");
    expect(formatLength(59_700)).toBe("1 min");
  });
});
