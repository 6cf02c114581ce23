import { expect, test } from "vitest";
import { formatInstant, HOUR_MS } from "../../src/engine/clock.ts";
import { describeDifferences } from "../../src/rehearse/compare.ts";
import { type RehearsedPlan, rehearseOn } from "../../src/rehearse/rehearse.ts";
import type { Rehearsal } from "../../src/rehearse/rehearse-once.ts";
import { resultsOf, summaryOf } from "../../src/rehearse/render-page.ts";
import { clusters } from "../in-cluster/objects.ts";
import { Lab } from "../support/lab.ts";
import { changePool, putWindow } from "../support/nodes.ts";
import { applyAndTell, type Plain, rehearse, twinOf } from "./support.ts";

const DAY_HOURS = 24;
const NO_ROLL = { combinedIdentityUpdate: "appliesWithoutRoll" };

/** A day from the lab's present on, as `2026-11-25`. */
function inDays(lab: Lab, days: number): string {
  return new Date(lab.clock.now().getTime() + days * DAY_HOURS * HOUR_MS).toISOString().slice(0, 10);
}

/** The rehearsal of the assumption under which nodes need a node image upgrade. */
function withoutRoll({ rehearsals }: RehearsedPlan): Rehearsal {
  return rehearsals.find(({ assumption }) => assumption === "the update of both identities re-images no node")!;
}

/** Says which images there are for the pools of the lab's first cluster. */
async function putImages(lab: Lab, nodeImages: object): Promise<void> {
  const [cluster] = await clusters(lab);
  await lab.control("POST", "/_emulator/resources", [{ ...cluster, _emulator: { nodeImages } }]);
}

async function imagesOf(lab: Lab): Promise<Record<string, string>> {
  const [cluster] = await clusters(lab);
  const pools = cluster!.properties["agentPoolProfiles"] as unknown as { name: string; nodeImageVersion: string }[];
  return Object.fromEntries(pools.map(({ name, nodeImageVersion }) => [name, nodeImageVersion]));
}

test("a shut maintenance window is waited for, and the rehearsal tells what apply and resume then do", async () => {
  const lab = await Lab.open(NO_ROLL, "kubenet-plain");
  await putWindow(lab, inDays(lab, 3), DAY_HOURS);
  const plan = await lab.plan();
  const rehearsed = await rehearse(lab, plan);
  expect(rehearsed.through).toBe(true);
  // The update may re-image nodes by itself, so that it is the update that waits, whatever Azure then does.
  for (const { clusters: each } of rehearsed.rehearsals) expect(each[0]!.pauses).toHaveLength(1);
  const { durationMs, clusters: told } = withoutRoll(rehearsed);
  const pauses = told[0]!.timeline.filter(({ kind }) => kind === "pause");
  expect(pauses.map(({ text }) => text)).toEqual([expect.stringContaining(`opens at ${inDays(lab, 3)}T00:00:00Z`)]);
  expect(durationMs).toBeGreaterThan(pauses[0]!.lastsMs!);
  expect(pauses[0]!.lastsMs! / HOUR_MS).toBeGreaterThan(2 * DAY_HOURS);

  const applied = await applyAndTell(lab, plan);
  expect(told[0]!.timeline).toEqual(applied.timeline);
  expect(told[0]!.end).toEqual(applied.end);
  expect(applied.end.complete).toBe(true);
});

test("each pool has the newest image that Azure shows, and one that has it already waits for the next release", async () => {
  const lab = await Lab.open(NO_ROLL);
  const { apps, system, batch } = await imagesOf(lab);
  const release = formatInstant(new Date(lab.clock.now().getTime() + 7 * DAY_HOURS * HOUR_MS));
  const newer = system!.replace(/\d{6}\.\d\d\.\d$/, "202611.15.0");
  expect(newer).not.toBe(system);
  const images = {
    system: { latest: newer },
    apps: { latest: apps, nextFrom: release },
    batch: { latest: batch, nextFrom: release },
  };
  await putImages(lab, images);
  const plan = await lab.plan();
  const rehearsed = await rehearse(lab, plan);
  const copy = rehearsed.twin.resources.find(({ type }) => type === "Microsoft.ContainerService/ManagedClusters");
  expect((copy as Plain | undefined)?.["_emulator"]).toMatchObject({ nodeImages: images });
  expect(rehearsed.twin.behaviour).toEqual({});
  expect(rehearsed.twin.gaps.map(({ what }) => what)).toEqual([
    "when the next node image for pool apps comes",
    "when the next node image for pool batch comes",
  ]);
  expect(rehearsed.through).toBe(true);

  const other = withoutRoll(rehearsed);
  const { timeline, pauses, end } = other.clusters[0]!;
  expect(pauses).toHaveLength(1);
  expect(describeDifferences(rehearsed.rehearsals[0]!, other)).toContainEqual(
    expect.stringMatching(/^it pauses for 7 d, until it is resumed: There is no newer node image for apps, batch/),
  );
  expect(summaryOf(other)).toContain("paused for 7 d");
  const drains = timeline.filter(({ kind }) => kind === "drain");
  expect(drains.filter(({ text }) => text.includes("pool system")).every(({ atMs }) => atMs < pauses[0]!.atMs)).toBe(
    true,
  );
  expect(timeline.filter(({ kind }) => kind === "step").map(({ step }) => step)).toEqual([
    ...new Set(timeline.flatMap(({ step }) => step ?? [])),
  ]);

  const applied = await applyAndTell(lab, plan);
  expect(timeline).toEqual(applied.timeline);
  expect(end).toEqual(applied.end);
  expect(end.pools.find(({ name }) => name === "system")!.nodeImageVersion).toBe(newer);
});

test("where Azure does not say which image is the newest, that is told, and there is one", async () => {
  const lab = await Lab.open(NO_ROLL, "kubenet-plain");
  const plan = await lab.plan();
  const fault = { status: 403, code: "AuthorizationFailed", message: "No." };
  await lab.control("POST", "/_emulator/faults", { match: { pathPattern: "upgradeProfiles" }, fault, times: 1 });
  const rehearsed = await rehearse(lab, plan);
  expect(rehearsed.twin.gaps).toEqual([
    {
      what: expect.stringMatching(/^whether there is a newer node image for pool /),
      reason: "AuthorizationFailed (HTTP 403); in the twin there is one",
    },
  ]);
  expect(withoutRoll(rehearsed).clusters[0]!.pauses).toEqual([]);
  expect(rehearsed.through).toBe(true);
});

test("a pause that no time ends is the end of the rehearsal, which did not get through and says why", async () => {
  const lab = await Lab.open(NO_ROLL, "kubenet-plain");
  await changePool(lab, { powerState: { code: "Stopped" } });
  const rehearsed = await rehearse(lab, await lab.plan());
  expect(rehearsed.through).toBe(false);
  const stopped = withoutRoll(rehearsed);
  expect(stopped.clusters[0]!.outcome).toMatchObject({ kind: "paused", reason: expect.stringContaining("is stopped") });
  expect(stopped.clusters[0]!.timeline.at(-1)).toMatchObject({
    kind: "end",
    text: expect.stringMatching(/^paused without end: /),
  });
  expect(resultsOf(rehearsed.rehearsals, stopped)[0]).toMatch(/ pauses without end: /);
});

test("an image for which the run is resumed day by day, and that never comes, is a pause without end too", async () => {
  const lab = await Lab.open(NO_ROLL, "kubenet-plain");
  const plan = await lab.plan();
  const twin = await twinOf(lab, plan);
  const never = { ...twin, behaviour: { newerNodeImage: false }, resources: twin.resources.map(withoutHints) };
  const settings = { plan, twin: never, start: lab.clock.now(), tool: "test" };
  const rehearsed = await rehearseOn(settings, { tool: "test", thorough: false, faultSeed: undefined });
  expect(rehearsed.through).toBe(false);
  const [{ outcome, pauses }] = withoutRoll(rehearsed).clusters as [Rehearsal["clusters"][number]];
  expect(outcome.kind).toBe("paused");
  expect(pauses).toEqual([expect.objectContaining({ lastsMs: undefined })]);
});

test("a cluster of several is resumed once the run of the others has ended", async () => {
  const lab = await Lab.open(NO_ROLL, "kubenet-plain");
  const [first] = await clusters(lab);
  const second = { ...first, id: `${first!.id}-2`, name: "second" };
  const properties = { ...first!.properties, nodeResourceGroup: "MC_second" };
  await lab.control("POST", "/_emulator/resources", [{ ...second, properties }]);
  await putWindow(lab, inDays(lab, 0), 4, String(second.id));
  const rehearsed = withoutRoll(await rehearse(lab, await lab.plan()));
  const [whole, paused] = rehearsed.clusters as [Rehearsal["clusters"][number], Rehearsal["clusters"][number]];
  expect([whole.outcome.kind, whole.pauses]).toEqual(["done", []]);
  expect(paused.outcome.kind).toBe("done");
  // Its window opens hours before that, and is shut again by then: it pauses once more.
  const [one, two] = paused.pauses;
  expect(paused.pauses).toHaveLength(2);
  expect(one!.atMs + one!.lastsMs!).toBe(whole.timeline.find(({ kind }) => kind === "end")!.atMs);
  expect(two!.atMs).toBe(one!.atMs + one!.lastsMs!);
});

function withoutHints({ _emulator: _, ...resource }: Record<string, unknown>) {
  return resource as Plain;
}
