import { describe, expect, test } from "vitest";
import { DAY_MS } from "../../src/engine/clock.ts";
import { isGap } from "../../src/engine/step.ts";
import { CASES } from "../simulation/cases.ts";
import { describeEnd } from "../simulation/crash.ts";
import { Disk, runProcess } from "../simulation/process.ts";
import { Site } from "../simulation/site.ts";

const CALM = { point() {} };
const NAMES = [
  "service principal to own identities, nodes upgraded pool by pool",
  "service principal to own identities, in two updates",
  "service principal to the system-assigned identity",
];
const PLANS = await Promise.all(
  NAMES.map(async (name) => {
    const migration = CASES.find((each) => each.name === name)!;
    return { name, migration, plan: (await Site.open(migration)).plan };
  }),
);

/** Each plan, and each change in it that a run writes. */
const CHANGES = PLANS.flatMap(({ name, migration, plan }) =>
  plan.clusters[0]!.steps.flatMap(({ changes }) => changes.filter((change) => !isGap(change))).map(({ key }) => ({
    name: `${key.replace(/\/subscriptions\/\S+\//, "…/")} (${name})`,
    migration,
    plan,
    key,
  })),
);

describe("a change that the plan does not contain", () => {
  test.each(
    CHANGES,
  )("is never made, also by a run of an older plan that a newer version resumes days later: $name", async ({
    migration,
    plan,
    key,
  }) => {
    const older = structuredClone(plan);
    for (const step of older.clusters[0]!.steps) step.changes = step.changes.filter((change) => change.key !== key);
    const site = await Site.open(migration, { plan: older });
    const disk = new Disk();
    let ended = await runProcess(site, disk, CALM);
    site.clock.advance(3 * DAY_MS);
    ended = await runProcess(site, disk, CALM);
    const started = disk.events.flatMap((event) => (event.type === "change:started" ? [event.key] : []));
    expect(started).not.toContain(key);
    // Without the change the run cannot end well, unless Azure's answers made it unnecessary.
    if (ended.kind === "failed") expect(ended.error, describeEnd(ended)).toMatchObject({ code: "PLAN_CHANGED" });
    else
      expect(
        plan.clusters[0]!.steps.flatMap(({ changes }) => changes).find((change) => change.key === key)?.onlyIf,
      ).toBeDefined();
  });
});
