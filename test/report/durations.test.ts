import { describe, expect, it } from "vitest";
import { HOUR_MS, MINUTE_MS } from "../../src/engine/clock.ts";
import type { ClusterPlan } from "../../src/plan/schema.ts";
import { DURATIONS, estimate, rollNodes } from "../../src/report/durations.ts";
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
    expect(window!.maxMs).toBeLessThan(rolls.maxMs + HOUR_MS + 20 * MINUTE_MS);
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

  it("counts the token switchover from a switch that happened before the plan", () => {
    const plan = buildPlan({ steps: stepsWith({ "enable-managed-identity": [] }) });
    plan.clusters[0]!.from.switchedAt = "2026-11-22T02:00:00Z";
    expect(stepOf(plan, "await-token-switchover")).toMatchObject({ minMs: 18 * HOUR_MS, maxMs: 18 * HOUR_MS });
  });

  it("is nothing for an empty plan", () => {
    expect(estimate(buildEmptyPlan()).total).toEqual({ minMs: 0, maxMs: 0 });
  });
});
