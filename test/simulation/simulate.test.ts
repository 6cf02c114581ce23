import { describe, expect, test } from "vitest";
import { FLEET } from "./cases.ts";
import { PLANTED_BUGS, type PlantedBug } from "./planted.ts";
import { simulate } from "./simulate.ts";

/** `npm run simulate` takes ten thousand and more. */
const SEEDS = 100;
const SEEDS_PER_TEST = 20;

/** A seed of the fleet. */
const FLEET_SEED = 11;

describe("a migration under faults, deaths and other people", () => {
  const firsts = Array.from({ length: SEEDS / SEEDS_PER_TEST }, (_, part) => 1 + part * SEEDS_PER_TEST);
  test.each(firsts)(`keeps every promise: ${SEEDS_PER_TEST} seeds from %i`, async (first) => {
    for (let seed = first; seed < first + SEEDS_PER_TEST; seed++) {
      const { name, violations } = await simulate(seed);
      expect(violations, `seed ${seed}, ${name}: npm run simulate -- --seed ${seed}`).toEqual([]);
    }
  });

  test.each([3, FLEET_SEED])("is the same every time for the same seed: %i", async (seed) => {
    const [first, second] = [await simulate(seed, { trace: true }), await simulate(seed, { trace: true })];
    expect(second.trace).toEqual(first.trace);
    expect(first.trace.length).toBeGreaterThan(100);
  });

  test("works on the clusters of a fleet side by side", async () => {
    const { name, trace } = await simulate(FLEET_SEED, { trace: true });
    const working = trace.flatMap((line) => /event (\S+) \{"type":"change:started"/.exec(line)?.[1] ?? []);
    const turns = working.filter((cluster, index) => cluster !== working[index - 1]).length;
    expect([name, new Set(working).size > 1, turns > new Set(working).size]).toEqual([FLEET.name, true, true]);
  });
});

/** Where each bug is looked for first: any other change may let a seed take another way, and then the others are tried. */
const PROVEN: Record<PlantedBug, { seeds: readonly number[]; violation: RegExp }> = {
  forgetsRoleAssignmentExists: { seeds: [13, 61, 73], violation: /role assignment already exists/ },
  restartsDeadlines: { seeds: [9, 60, 75], violation: /which counts from no role assignment/ },
  forgetsIfMatch: { seeds: [120, 200, 348], violation: /undid what someone else had changed/ },
};

/** A bug counts as found only within this many seeds. */
const MAX_SEEDS = 1000;

describe("a bug that is planted on purpose", () => {
  test.each(PLANTED_BUGS)("is found: %s", { timeout: 300_000 }, async (bug) => {
    const { seeds, violation } = PROVEN[bug];
    const every = Array.from({ length: MAX_SEEDS }, (_, index) => index + 1);
    for (const seed of new Set([...seeds, ...every])) {
      const { violations } = await simulate(seed, { bug });
      if (!violations.some((text) => violation.test(text))) continue;
      expect((await simulate(seed)).violations).toEqual([]);
      return;
    }
    expect.fail(`none of ${MAX_SEEDS} seeds finds it any more`);
  });
});
