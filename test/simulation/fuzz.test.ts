import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assessEstate } from "../../src/assess/assess-estate.ts";
import { connect } from "../../src/azure/connection.ts";
import { DAY_MS } from "../../src/engine/clock.ts";
import { CASES } from "./cases.ts";
import { describeEnd } from "./crash.ts";
import {
  type Distortion,
  distorted,
  distortion,
  FUZZ_TIMEOUT_MS,
  inOurWords,
  ourWords,
  tries,
  writesOf,
} from "./fuzzing.ts";
import { Overseer } from "./overseer.ts";
import { Disk, runProcess } from "./process.ts";
import { Site } from "./site.ts";

const migration = CASES.find(({ name }) => name === "one own identity to another")!;
const site = await Site.open(migration);

/** More requests than anything here needs. */
const MAX_REQUESTS = 3_000;

/** A door behind which some of the answers, counted from 0, are distorted. */
function doorTo(
  target: Site,
  distortions: readonly (readonly [nth: number, how: Distortion])[],
): Site["emulator"]["handle"] {
  let requests = 0;
  return async (request) => {
    const now = requests++;
    if (now > MAX_REQUESTS) throw new Error("it goes round in circles");
    const response = await target.emulator.handle(request);
    return distortions.reduce((answer, [nth, how]) => (nth === now ? distorted(answer, how) : answer), response);
  };
}

/** What a wrong answer may well bring about: a wait that counts from it, or that becomes longer. Never one that ends earlier. */
function isCaution(violation: string): boolean {
  const [, before, after] = /was to end at (\S+) and now ends at (\S+)/.exec(violation) ?? [];
  return before && after ? Date.parse(after) > Date.parse(before) : /counts from no role/.test(violation);
}

const distortions = (last: number) => fc.array(fc.tuple(fc.nat(last), distortion()), { minLength: 1, maxLength: 4 });

describe("whatever Azure answers", { timeout: FUZZ_TIMEOUT_MS }, () => {
  test("ends a run in our words, in time, and nothing is written that was not approved", async () => {
    await fc.assert(
      fc.asyncProperty(distortions(120), async (chosen) => {
        const target = await Site.open(migration, { plan: site.plan });
        const overseer = new Overseer(target);
        const answer = doorTo(target, chosen);
        const disk = new Disk();
        const begun = target.clock.now().getTime();
        const ended = await runProcess(target, disk, {
          point() {},
          onEvent: (event) => overseer.onEvent(event),
          async carry(request) {
            await overseer.beforeRequest(request);
            return answer(request);
          },
        });
        if (ended.kind === "failed") ourWords(ended.error);
        expect(target.clock.now().getTime() - begun, describeEnd(ended)).toBeLessThan(10 * DAY_MS);
        expect(overseer.violations.filter((text) => !isCaution(text))).toEqual([]);
      }),
      tries(60, 5),
    );
  });

  test("stops a plan from being made in our words, and nothing is written", async () => {
    await fc.assert(
      fc.asyncProperty(distortions(30), async (chosen) => {
        const target = await Site.open(migration, { plan: site.plan });
        await inOurWords(() => target.makePlan({ handle: doorTo(target, chosen), clock: target.clock }));
        expect(await writesOf(target)).toBe(0);
      }),
      tries(60, 6),
    );
  });

  test("stops an assessment in our words, and nothing is written", async () => {
    await fc.assert(
      fc.asyncProperty(distortions(40), fc.boolean(), async (chosen, inCluster) => {
        const target = await Site.open(migration, { plan: site.plan });
        const emulator = { handle: doorTo(target, chosen), clock: target.clock };
        const azure = (await connect({ cloud: "AzureCloud", emulator })).azure();
        const now = target.clock.now();
        await inOurWords(() => assessEstate(azure, { ids: [] }, { cloud: "AzureCloud", now, inCluster }));
        if (!inCluster) expect(await writesOf(target)).toBe(0);
      }),
      tries(60, 7),
    );
  });
});
