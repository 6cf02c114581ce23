import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { connect } from "../../src/azure/connection.ts";
import type { Json } from "../../src/azure/json.ts";
import { AksMiError } from "../../src/engine/errors.ts";
import { History } from "../../src/engine/history.ts";
import { readJournal } from "../../src/engine/journal.ts";
import { isAllDone } from "../../src/execute/execute.ts";
import { planHash } from "../../src/plan/canonical.ts";
import { formatPlanYaml, parsePlan } from "../../src/plan/plan-file.ts";
import type { MigrationPlan } from "../../src/plan/schema.ts";
import { foldEvents } from "../../src/report/fold-events.ts";
import { renderRunMarkdown } from "../../src/report/run-markdown.ts";
import { CASES } from "./cases.ts";
import { describeEnd } from "./crash.ts";
import { mutate, mutation } from "./mutations.ts";
import { Overseer } from "./overseer.ts";
import { Disk, runProcess } from "./process.ts";
import { Site } from "./site.ts";

const folder = mkdtempSync(join(tmpdir(), "aks-mi-fuzz-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const migration = CASES.find(({ name }) => name === "one own identity to another")!;
const site = await Site.open(migration);
const disk = new Disk();
await runProcess(site, disk, { point() {} });

/** Calls something that may fail, and only in our own words. */
async function inOurWords<T>(action: () => T | Promise<T>): Promise<T | AksMiError> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof AksMiError)) throw error;
    expect(error.message).toMatch(/\S/);
    expect(error.remedy).toMatch(/\S/);
    expect(error.code).not.toBe("DEFECT");
    return error;
  }
}

/** The requests that a site has served and that were no reads. */
async function writesOf(target: Site): Promise<number> {
  const served = await target.read<{ method: string }[]>("/_emulator/requests");
  return served.filter(({ method }) => method !== "GET").length;
}

describe("whatever stands in a plan file", () => {
  test("is read or refused in our words, and a plan that is read writes nothing by being looked at", async () => {
    const plan = JSON.parse(JSON.stringify(site.plan)) as Json;
    const target = await Site.open(migration);
    const azure = (await connect({ cloud: "AzureCloud", emulator: target.emulator })).azure();
    await fc.assert(
      fc.asyncProperty(fc.array(mutation(), { minLength: 1, maxLength: 3 }), async (mutations) => {
        const mutated = mutations.reduce((value, each) => mutate(value, each), plan);
        const text = formatPlanYaml(mutated as unknown as MigrationPlan);
        const read = await inOurWords(() => parsePlan(text, "plan.yaml"));
        if (read instanceof AksMiError) return;
        expect(planHash(read)).toMatch(/^[0-9a-f]{64}$/);
        await inOurWords(() => isAllDone(azure, read, [], target.clock.now()));
      }),
      { numRuns: 60, seed: 1 },
    );
    expect(await writesOf(target)).toBe(0);
  });

  test("is refused in our words when its text is cut, garbled or something else altogether", async () => {
    const text = formatPlanYaml(site.plan);
    const garbled = fc
      .tuple(fc.nat(text.length), fc.string({ maxLength: 12, unit: "binary" }), fc.nat(40))
      .map(([at, put, cut]) => text.slice(0, at) + put + text.slice(at + cut));
    await fc.assert(
      fc.asyncProperty(fc.oneof(garbled, fc.string({ unit: "binary" }), fc.json()), async (file) => {
        await inOurWords(() => parsePlan(file, "plan.yaml"));
      }),
      { numRuns: 100, seed: 2 },
    );
  });
});

describe("whatever stands in a journal", () => {
  const file = join(folder, "journal.jsonl");

  test("is read or refused in our words, and what is read can be shown", async () => {
    const lines = disk.lines.map((line) => JSON.parse(line) as Json);
    const index = fc.nat(lines.length - 1);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(index, mutation()), { minLength: 1, maxLength: 3 }), async (mutations) => {
        const mutated = [...lines];
        for (const [at, each] of mutations) mutated[at] = mutate(mutated[at]!, each);
        const text = [{ type: "version", events: "1" }, ...mutated].map((line) => `${JSON.stringify(line)}\n`).join("");
        writeFileSync(file, text);
        const events = await inOurWords(() => readJournal(file));
        if (events instanceof AksMiError) return;
        new History(events);
        renderRunMarkdown(site.plan, foldEvents(site.plan, events), planHash(site.plan));
      }),
      { numRuns: 150, seed: 3 },
    );
  });

  test("is read or refused in our words when bytes of it are garbled", async () => {
    const whole = Buffer.from(`{"type":"version","events":"1"}\n${disk.lines.join("\n")}\n`);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length), fc.uint8Array({ maxLength: 8 }), fc.nat(200), async (at, put, cut) => {
        writeFileSync(file, Buffer.concat([whole.subarray(0, at), put, whole.subarray(at + cut)]));
        await inOurWords(() => readJournal(file));
      }),
      { numRuns: 200, seed: 4 },
    );
  });
});

describe("whatever Azure answers", () => {
  /** More requests than a run of this case needs. */
  const MAX_REQUESTS = 3000;

  test("ends a run in our words, and nothing is written that was not approved", async () => {
    const nth = fc.nat(120);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(nth, mutation()), { minLength: 1, maxLength: 3 }), async (mutations) => {
        const target = await Site.open(migration, { plan: site.plan });
        const overseer = new Overseer(target);
        let requests = 0;
        const ended = await runProcess(target, new Disk(), {
          point() {},
          onEvent: (event) => overseer.onEvent(event),
          async carry(request) {
            const now = requests++;
            if (now > MAX_REQUESTS) throw new Error("it goes round in circles");
            await overseer.beforeRequest(request);
            const response = await target.emulator.handle(request);
            const chosen = mutations.filter(([at]) => at === now);
            if (chosen.length === 0 || response.body === "") return response;
            const body = chosen.reduce<Json>(
              (value, [, each]) => mutate(value, each),
              JSON.parse(response.body) as Json,
            );
            return { ...response, body: JSON.stringify(body) };
          },
        });
        if (ended.kind === "failed") expect(ended.error, describeEnd(ended)).toBeInstanceOf(AksMiError);
        expect(overseer.violations.filter((text) => !/counts from no role/.test(text))).toEqual([]);
      }),
      { numRuns: 80, seed: 5 },
    );
  });

  test("stops a plan from being made in our words", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(30), mutation(), async (nth, each) => {
        const target = await Site.open(migration, { plan: site.plan });
        let requests = 0;
        const handle: Site["emulator"]["handle"] = async (request) => {
          const response = await target.emulator.handle(request);
          if (requests++ !== nth || response.body === "") return response;
          return { ...response, body: JSON.stringify(mutate(JSON.parse(response.body) as Json, each)) };
        };
        await inOurWords(() => target.makePlan({ handle, clock: target.clock }));
        expect(await writesOf(target)).toBe(0);
      }),
      { numRuns: 80, seed: 6 },
    );
  });
});
