import { expect, test } from "vitest";
import { isAksMiError } from "../../src/engine/errors.ts";
import { listAssumptions } from "../../src/rehearse/assumptions.ts";
import { describeDifferences } from "../../src/rehearse/compare.ts";
import { makeTrouble } from "../../src/rehearse/trouble.ts";
import { Lab } from "../support/lab.ts";
import { rehearse } from "./support.ts";

const ANSWERS = {
  combinedIdentityUpdate: ["rolls", "appliesWithoutRoll", "refused", "ignoresKubelet"],
  identityUpdateReimagesNodes: [false, true],
  kubeletIdentityUpdateReimagesNodes: [true, false],
  reimage: ["inPlace", "replacesInstance"],
};

test("every answer to every open question is assumed at least once, thoroughly every combination of them", () => {
  const short = listAssumptions({ thorough: false });
  for (const [question, answers] of Object.entries(ANSWERS))
    expect([...new Set(short.map(({ behaviour }) => behaviour[question]))].sort()).toEqual([...answers].sort());
  const thorough = listAssumptions({ thorough: true });
  expect(new Set(thorough.map(({ behaviour }) => JSON.stringify(behaviour))).size).toBe(32);
  expect(new Set(thorough.map(({ name }) => name)).size).toBe(32);
  for (const { behaviour } of short) expect(thorough.map((other) => other.behaviour)).toContainEqual(behaviour);
});

test("the worst of them drains each node twice, and the rehearsal says when pulls fail", async () => {
  const lab = await Lab.open();
  const { rehearsals, range } = await rehearse(lab, await lab.plan());
  const worst = rehearsals.at(-1)!;
  expect(worst.assumption).toMatch(/ignores the kubelet identity.*; an update of the control-plane identity/);
  const differences = describeDifferences(rehearsals[0]!, worst);
  expect(differences).toContain("pool apps: 8 drains instead of 4");
  expect(differences.some((text) => /^\d+ image pulls failed instead of 0, between \+1 h/.test(text))).toBe(true);
  expect(describeDifferences(rehearsals[0]!, rehearsals[0]!)).toEqual([]);
  expect(range!.proof!.minMs).toBeLessThanOrEqual(rehearsals[0]!.provenAfterMs!);
  expect(range!.proof!.maxMs).toBeGreaterThan(worst.provenAfterMs!);
});

test("trouble is the same for the same seed, is met, and every rehearsal gets through it", async () => {
  const [expected] = listAssumptions({ thorough: false });
  expect(makeTrouble(5, expected!)).toEqual(makeTrouble(5, expected!));
  expect(makeTrouble(5, expected!)).not.toEqual(makeTrouble(6, expected!));
  const lab = await Lab.open();
  const plan = await lab.plan();
  for (const faultSeed of [1, 2]) {
    const { rehearsals } = await rehearse(lab, plan, { faultSeed });
    const troubled = rehearsals.filter((rehearsal) => rehearsal.troubled);
    expect(troubled).toHaveLength(listAssumptions({ thorough: false }).length);
    for (const rehearsal of troubled) {
      expect(rehearsal.clusters.map(({ outcome }) => outcome)).toEqual([{ kind: "done", changed: true }]);
      expect(rehearsal.retries).toBeGreaterThan(5);
      expect(rehearsal.clusters[0]!.end).toMatchObject({ complete: true, state: "user-assigned" });
    }
  }
});

test("a plan that is stale is not rehearsed", async () => {
  const lab = await Lab.open();
  const plan = await lab.plan();
  const [id] = await lab.clusterIds();
  const stale = {
    ...plan,
    clusters: plan.clusters.map((cluster) => ({ ...cluster, facts: { ...cluster.facts, clientId: "another" } })),
  };
  const error = await rehearse(lab, stale).catch((thrown: unknown) => thrown);
  expect(isAksMiError(error, "PLAN_STALE"), String(error)).toBe(true);
  expect(String(error)).toContain(id!.split("/").at(-1)!);
});

test("a cluster that is at work is not copied", async () => {
  const lab = await Lab.open();
  const plan = await lab.plan();
  await lab.control("PATCH", "/_emulator/behaviour", { nodeImageUpgradePerNode: "5m" });
  await lab.connection.azure().clusters.upgradeNodeImage(plan.clusters[0]!.id, "apps");
  const error = await rehearse(lab, plan).catch((thrown: unknown) => thrown);
  expect(isAksMiError(error, "BLOCKED"), String(error)).toBe(true);
});
