import { describe, expect, test } from "vitest";
import { CASES } from "./cases.ts";
import { crashAt, runUndisturbed, undoAt } from "./crash.ts";
import { Random } from "./random.ts";

/** Every point is a run of its own; `npm run crash` takes them all. */
const SHARE = 1 / 20;

describe("a run that dies at any request or journal write, and is resumed, or taken back before its switch", () => {
  test.each(CASES)("leaves no difference behind: $name", async (migration) => {
    const undisturbed = await runUndisturbed(migration);
    expect(undisturbed.points.length).toBeGreaterThan(100);
    const random = new Random(CASES.indexOf(migration) + 1);
    const chosen = undisturbed.points.map((_, point) => point).filter(() => random.chance(SHARE));
    for (const point of chosen) {
      const { what, differences } = await crashAt(undisturbed, point);
      expect(differences, `point ${point}, ${what}`).toEqual([]);
      if (point >= undisturbed.wayBackEnds) continue;
      const undone = await undoAt(undisturbed, point);
      expect(undone.differences, `point ${point}, ${undone.what}`).toEqual([]);
    }
  });
});

/** Crashes a case at the last point that a text describes. */
async function crashAfter(name: string, what: RegExp): Promise<readonly string[]> {
  const undisturbed = await runUndisturbed(CASES.find((migration) => migration.name === name)!);
  const point = undisturbed.points.findLastIndex((text) => what.test(text));
  return (await crashAt(undisturbed, point)).differences;
}

describe("what the crash harness found", () => {
  test("the token wait counts from Azure's switch, not from the resume of a run that died before it noted the answer", async () => {
    const differences = await crashAfter(
      "service principal to own identities, in one update",
      /^after PUT .*managedClusters\/payments-prod$/,
    );
    expect(differences).toEqual([]);
  });

  test("a role given to an identity that the cluster keeps does not make the plan stale", async () => {
    const differences = await crashAfter("one kubelet identity to another", /^after PUT .*roleAssignments/);
    expect(differences).toEqual([]);
  });
});
