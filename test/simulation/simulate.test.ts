import { describe, expect, test } from "vitest";
import { PLANTED_BUGS, type PlantedBug } from "./planted.ts";
import { simulate } from "./simulate.ts";

/** `npm run simulate` takes ten thousand and more. */
const SEEDS = 100;
const SEEDS_PER_TEST = 20;

describe("a migration under faults, deaths and other people", () => {
  const firsts = Array.from({ length: SEEDS / SEEDS_PER_TEST }, (_, part) => 1 + part * SEEDS_PER_TEST);
  test.each(firsts)(`keeps every promise: ${SEEDS_PER_TEST} seeds from %i`, async (first) => {
    for (let seed = first; seed < first + SEEDS_PER_TEST; seed++) {
      const { name, violations } = await simulate(seed);
      expect(violations, `seed ${seed}, ${name}: npm run simulate -- --seed ${seed}`).toEqual([]);
    }
  });

  test("is the same every time for the same seed", async () => {
    const [first, second] = [await simulate(3, { trace: true }), await simulate(3, { trace: true })];
    expect(second.trace).toEqual(first.trace);
    expect(first.trace.length).toBeGreaterThan(100);
  });
});

/** A seed that meets what the bug needs. */
const PROVEN: Record<PlantedBug, { seed: number; violation: RegExp }> = {
  forgetsRoleAssignmentExists: { seed: 4, violation: /role assignment already exists/ },
  restartsDeadlines: { seed: 52, violation: /which counts from no role assignment/ },
  forgetsIfMatch: { seed: 14, violation: /undid what someone else had changed/ },
};

describe("a bug that is planted on purpose", () => {
  test.each(PLANTED_BUGS)("is found: %s", async (bug) => {
    const { seed, violation } = PROVEN[bug];
    expect((await simulate(seed, { bug })).violations).toContainEqual(expect.stringMatching(violation));
    expect((await simulate(seed)).violations).toEqual([]);
  });
});
