import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { connect } from "../../src/azure/connection.ts";
import type { Json } from "../../src/azure/json.ts";
import { createEmulator } from "../../src/emulator/emulator.ts";
import { parseScenario } from "../../src/emulator/scenario.ts";
import { VirtualClock } from "../../src/engine/clock.ts";
import { AksMiError } from "../../src/engine/errors.ts";
import { History } from "../../src/engine/history.ts";
import { readJournal } from "../../src/engine/journal.ts";
import { isAllDone } from "../../src/execute/execute.ts";
import { planHash } from "../../src/plan/canonical.ts";
import { formatPlanYaml, parsePlan } from "../../src/plan/plan-file.ts";
import type { MigrationPlan } from "../../src/plan/schema.ts";
import { foldEvents } from "../../src/report/fold-events.ts";
import { renderRunHtml } from "../../src/report/run-html.ts";
import { renderRunMarkdown } from "../../src/report/run-markdown.ts";
import { CASES, scenarioOf } from "./cases.ts";
import { FUZZ_TIMEOUT_MS, inOurWords, ourWords, tries, writesOf } from "./fuzzing.ts";
import { type Mutation, mutate, mutation } from "./mutations.ts";
import { Overseer } from "./overseer.ts";
import { Disk, runProcess } from "./process.ts";
import { Site } from "./site.ts";

const folder = mkdtempSync(join(tmpdir(), "aks-mi-fuzz-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const migration = CASES.find(({ name }) => name === "one own identity to another")!;
const site = await Site.open(migration);
const disk = new Disk();
await runProcess(site, disk, { point() {} });

/** Pieces of YAML that mean more than text. */
const YAML = fc.constantFrom(
  ..."[ ] { } , : - ? | > ! & * # % @ ` \" ' << .. --- ... \t".split(" "),
  "!!js/function ",
  "!!binary ",
  "&a [",
  "*a",
  "<<: *a",
  "__proto__: ",
  "? - ",
  "\n",
  "\n  ",
  `"\\u0000"`,
  "\ufeff",
);

/** A text with something in it that should not be there. */
function garbled(text: string): fc.Arbitrary<string> {
  const put = fc.oneof(
    fc.string({ maxLength: 12, unit: "binary" }),
    fc.array(YAML, { maxLength: 30 }).map((all) => all.join("")),
  );
  return fc
    .tuple(fc.nat(text.length), put, fc.nat(40))
    .map(([at, piece, cut]) => text.slice(0, at) + piece + text.slice(at + cut));
}

const anyText = (text: string) =>
  fc.oneof(
    garbled(text),
    fc.string({ unit: "binary" }),
    fc.json(),
    fc.array(YAML, { maxLength: 200 }).map((all) => all.join("")),
  );

const mutations = fc.array(mutation(), { minLength: 1, maxLength: 3 });

describe("whatever stands in a plan file", { timeout: FUZZ_TIMEOUT_MS }, () => {
  test("is read or refused in our words, and a plan that is read writes nothing by being looked at", async () => {
    const plan = JSON.parse(JSON.stringify(site.plan)) as Json;
    const target = await Site.open(migration);
    const azure = (await connect({ cloud: "AzureCloud", emulator: target.emulator })).azure();
    await fc.assert(
      fc.asyncProperty(mutations, async (changes) => {
        const text = formatPlanYaml(
          changes.reduce((value, each) => mutate(value, each), plan) as unknown as MigrationPlan,
        );
        const read = await inOurWords(() => parsePlan(text, "plan.yaml"));
        if (read instanceof AksMiError) return;
        expect(planHash(read)).toMatch(/^[0-9a-f]{64}$/);
        await inOurWords(() => isAllDone(azure, read, [], target.clock.now()));
      }),
      tries(60, 1),
    );
    expect(await writesOf(target)).toBe(0);
  });

  test("is refused in our words when its text is cut, garbled or something else altogether", async () => {
    await fc.assert(
      fc.asyncProperty(anyText(formatPlanYaml(site.plan)), async (text) => {
        await inOurWords(() => parsePlan(text, "plan.yaml"));
      }),
      tries(100, 2),
    );
  });
});

describe("whatever stands in a scenario file", { timeout: FUZZ_TIMEOUT_MS }, () => {
  test("is read or refused in our words, and what is read can be served", async () => {
    const scenario = (await scenarioOf(migration)) as unknown as Json;
    await fc.assert(
      fc.asyncProperty(mutations, async (changes) => {
        const text = stringify(changes.reduce((value, each) => mutate(value, each), scenario));
        const read = await inOurWords(() => parseScenario(text, "scenario.yaml"));
        if (read instanceof AksMiError) return;
        const emulator = await inOurWords(() => createEmulator({ clock: new VirtualClock(), scenario: read }));
        if (emulator instanceof AksMiError) return;
        const url = "https://management.azure.com/_emulator/resources";
        expect((await emulator.handle({ method: "GET", url, headers: {} })).status).toBe(200);
      }),
      tries(40, 8),
    );
  });

  test("is refused in our words when its text is cut, garbled or something else altogether", async () => {
    await fc.assert(
      fc.asyncProperty(anyText(stringify(await scenarioOf(migration))), async (text) => {
        await inOurWords(() => parseScenario(text, "scenario.yaml"));
      }),
      tries(60, 9),
    );
  });
});

describe("whatever stands in a journal", { timeout: FUZZ_TIMEOUT_MS }, () => {
  const file = join(folder, "journal.jsonl");
  const lines = disk.lines.map((line) => JSON.parse(line) as Json);
  const lineMutations = fc.array(fc.tuple(fc.nat(lines.length - 1), mutation()), { minLength: 1, maxLength: 3 });

  /** The events that are left when some lines were changed and the rest was cut off. */
  async function readChanged(changes: readonly [number, Mutation][], length: number) {
    const changed = lines.slice(0, length);
    for (const [at, each] of changes) if (at < changed.length) changed[at] = mutate(changed[at]!, each);
    const text = [{ type: "version", events: "1" }, ...changed].map((line) => `${JSON.stringify(line)}\n`).join("");
    writeFileSync(file, text);
    return inOurWords(() => readJournal(file));
  }

  test("is read or refused in our words, and what is read can be shown", async () => {
    await fc.assert(
      fc.asyncProperty(lineMutations, async (changes) => {
        const events = await readChanged(changes, lines.length);
        if (events instanceof AksMiError) return;
        new History(events);
        const view = foldEvents(site.plan, events);
        renderRunMarkdown(site.plan, view, planHash(site.plan));
        renderRunHtml(site.plan, view, planHash(site.plan));
      }),
      tries(100, 3),
    );
  });

  test("lets a resume end in our words, in time, with nothing written that was not approved", async () => {
    await fc.assert(
      fc.asyncProperty(lineMutations, fc.nat(lines.length), async (changes, length) => {
        const events = await readChanged(changes, length);
        if (events instanceof AksMiError) return;
        const target = await Site.open(migration, { plan: site.plan });
        const overseer = new Overseer(target);
        const resumed = new Disk();
        resumed.lines.push(...events.map((event) => JSON.stringify(event)));
        let requests = 0;
        const ended = await runProcess(target, resumed, {
          point() {
            if (requests++ > 6_000) throw new Error("it goes round in circles");
          },
          onEvent: (event) => overseer.onEvent(event),
        });
        if (ended.kind === "failed") ourWords(ended.error);
        const approved = new Set(site.plan.clusters[0]!.steps.flatMap((step) => step.changes.map(({ key }) => key)));
        for (const event of resumed.events.slice(events.length))
          if (event.type === "change:started") expect(approved).toContain(event.key);
      }),
      tries(60, 10),
    );
  });

  test("is read or refused in our words when bytes of it are garbled", async () => {
    const whole = Buffer.from(`{"type":"version","events":"1"}\n${disk.lines.join("\n")}\n`);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length), fc.uint8Array({ maxLength: 8 }), fc.nat(200), async (at, put, cut) => {
        writeFileSync(file, Buffer.concat([whole.subarray(0, at), put, whole.subarray(at + cut)]));
        await inOurWords(() => readJournal(file));
      }),
      tries(150, 4),
    );
  });
});
