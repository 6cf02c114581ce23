import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { showError } from "../../src/commands/show-error.ts";
import { CLUSTER } from "./harness.ts";
import { openBench, VERSION } from "./refusal-bench.ts";
import { REFUSALS_OF_AKS } from "./refusals-of-aks.ts";
import { REFUSALS_OF_ARM } from "./refusals-of-arm.ts";

const REFUSALS = [...REFUSALS_OF_ARM, ...REFUSALS_OF_AKS];

/** Answers that are asked for again as long as they come: what is shown is what is left when they never end. */
const THROTTLES = [
  { code: "SubscriptionRequestsThrottled", bucket: "reads" },
  { code: "Throttled", bucket: "clusterReads" },
];

/** Errors of operations that Azure had accepted: each begins the title of a test. */
const OF_OPERATIONS = [
  ...readFileSync(join(import.meta.dirname, "operation-errors.test.ts"), "utf8").matchAll(/^test\("([A-Z]\w+)/gm),
].map((match) => match[1]!);

/** Codes that stand in the details of another one, EtagMismatch. */
const IN_DETAILS = ["Unspecified"];

/** What a user reads on the terminal when this ends a command. */
function shown(error: unknown): string {
  const written: string[] = [];
  const spy = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  showError(error, false);
  spy.mockRestore();
  return written.join("");
}

describe("what Azure refuses, through the SDK's pipeline", () => {
  test.each(REFUSALS)("$code: its code, its sentence and what to do are shown", async (refusal) => {
    const bench = await openBench(refusal);
    const error: unknown = await refusal.provoke(bench).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ azureCode: refusal.code, status: refusal.status });
    const [sentence, remedy] = shown(error).trimEnd().split("\n  → ");
    expect(sentence).toMatch(/^aks-mi: Azure refused to /);
    expect(sentence).toContain(`${refusal.code} (HTTP ${refusal.status}): `);
    expect(sentence).toMatch(refusal.says);
    expect(remedy).toMatch(refusal.remedy);
  });

  test.each(THROTTLES)("$code: it is waited for, and shown when it never ends", async ({ code, bucket }) => {
    const bench = await openBench({ behaviour: { throttles: { [bucket]: { size: 0, perSecond: 0 } } } });
    const before = bench.harness.clock.now().getTime();
    const error: unknown = await bench.arm
      .get("read the cluster", `${CLUSTER}${VERSION}`)
      .catch((thrown: unknown) => thrown);
    expect(bench.harness.clock.now().getTime()).toBeGreaterThan(before);
    expect(shown(error)).toMatch(
      new RegExp(`could not be reached to read the cluster: ${code} \\(HTTP 429\\).*\n  → Check the network`),
    );
  });

  test("every code that the emulator can answer with is among these", () => {
    const known = [...REFUSALS, ...THROTTLES].map(({ code }) => code);
    const all = [...known, ...OF_OPERATIONS, ...IN_DETAILS];
    expect(codesOfEmulator().filter((code) => !all.includes(code))).toEqual([]);
  });
});

/** Codes of the control API and of states, which no client of Azure meets. */
const NOT_AZURES = ["EmulatorDefect", "InvalidControlInput", "Running"];

/** The error codes in the emulator's own source: a new one is to be tried like the others. */
function codesOfEmulator(): string[] {
  const folder = join(import.meta.dirname, "../../src/emulator");
  const sources = readdirSync(folder)
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("\n");
  const thrown = sources.matchAll(/(?:enveloped|flat|graphError)\(\s*\d+,\s*"([^"]+)"/g);
  const plain = sources.matchAll(/\bcode(?:: | = )"([A-Z][A-Za-z_]+)"/g);
  const codes = [...thrown, ...plain].map((match) => match[1]!);
  expect(codes.length).toBeGreaterThan(40);
  return [...new Set(codes)].filter((code) => !NOT_AZURES.includes(code));
}
