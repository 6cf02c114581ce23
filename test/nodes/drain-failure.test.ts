import { describe, expect, test } from "vitest";
import { readDrainFailure, remedyForRoll } from "../../src/migration/drain-failure.ts";

describe("Azure's message about a drain", () => {
  test.each([
    [
      "that ran into its timeout",
      "Drain node aks-user-123-vmss000001 failed when evicting pod api-1 in namespace shop failed with Too Many Requests error. This is often caused by a restrictive Pod Disruption Budget (PDB) policy. Original error: Cannot evict pod as it would violate the pod's disruption budget.. PDB debug info: shop/api blocked by pdb with 0 unready pods.",
      { budgets: ["shop/api"], node: "aks-user-123-vmss000001" },
    ],
    [
      "that names the budget twice",
      "Drain node a1 failed. Cannot evict pod as it would violate the pod's disruption budget api.. PDB debug info: shop/api blocked by pdb with 0 unready pods.",
      { budgets: ["shop/api"], node: "a1" },
    ],
    [
      "that was refused beforehand",
      "Upgrade is blocked due to invalid Pod Disruption Budgets (PDBs). Error details: 1 error occurred: PDB shop/db has maxunavailable == 0 can't proceed with put operation.",
      { budgets: ["shop/db"], node: undefined },
    ],
  ])("%s tells who stood in the way", (_, message, failure) => {
    expect(readDrainFailure(message)).toEqual(failure);
    expect(remedyForRoll(message)).toContain(`disruption budget ${failure.budgets[0]} allow an eviction`);
    expect(remedyForRoll(message).includes(`kubectl uncordon ${failure.node}`)).toBe(failure.node !== undefined);
  });

  test("about anything else is no drain failure", () => {
    const message = "Operation could not be completed as it results in exceeding approved Total Regional Cores quota.";
    expect(readDrainFailure(message)).toBeUndefined();
    expect(remedyForRoll(message)).toContain("Put right what Azure says");
    expect(remedyForRoll(message)).toContain("kubectl uncordon NAME");
    expect(remedyForRoll(message)).toContain("in a private cluster through `az aks command invoke`");
  });
});
