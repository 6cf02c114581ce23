import {
  chmodSync,
  closeSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { parseScenario } from "../../src/emulator/scenario.ts";
import { formatPlanYaml, parsePlan } from "../../src/plan/plan-file.ts";
import { openPrivately } from "../../src/plan/private-file.ts";
import type { MigrationPlan } from "../../src/plan/schema.ts";
import { createRun, journalFile, openRun, writeReport } from "../../src/state/state-directory.ts";
import { InProcessCommandLine } from "../support/in-process.ts";
import { Lab } from "../support/lab.ts";
import { sentTwice } from "../support/repeated.ts";

const lab = await Lab.open();
const plan = await lab.plan();

const READERS = {
  plan: (text: string) => parsePlan(text, "file.yaml"),
  scenario: (text: string) => parseScenario(text, "file.yaml"),
};

/** Texts that are no data, or too much of it, and what is said of them. */
const HOSTILE: Record<string, [text: string, message: RegExp]> = {
  "a tag that makes code": ["a: !!js/function 'x'\n", /not valid YAML/],
  "a tag of its own": ["a: !Ref x\n", /not valid YAML/],
  "binary data": ["a: !!binary aGk=\n", /not valid YAML/],
  "the prototype of objects": ["a: 1\n__proto__: { polluted: true }\n", /^file\.yaml:2: .*__proto__/],
  "the prototype of objects, deep inside": ["a: [{ b: { __proto__: { polluted: true } } }]\n", /__proto__/],
  "a constructor": ["constructor: { prototype: { polluted: true } }\n", /constructor/],
  "the same key twice": ["a: 1\nb: 2\na: 3\n", /^file\.yaml:3: .*"a" is there twice/],
  "a key that is a list": ["? [a, b]\n: 1\n", /a key that is no text/],
  "keys inside of keys": ["? ".repeat(5_000), /no text|levels deep/],
  "lists without an end": ["[".repeat(50_000), /not valid YAML|levels deep/],
  "lists in lists": [`a: ${"[".repeat(1_000)}${"]".repeat(1_000)}\n`, /levels deep/],
  "levels of indentation": [
    Array.from({ length: 500 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n"),
    /levels deep/,
  ],
  "a laugh that grows": [
    [
      "a: &a [x,x,x,x,x,x,x,x]",
      ..."bcdefgh".split("").map((c, i) => `${c}: &${c} [${`*${"abcdefg"[i]},`.repeat(8)}]`),
    ].join("\n"),
    /aliases/,
  ],
  "a second document": ["a: 1\n---\nb: 2\n", /not valid YAML/],
};

describe.each(Object.keys(READERS) as (keyof typeof READERS)[])("a %s file", (kind) => {
  test.each(Object.keys(HOSTILE))("with %s is refused at once, in our words", (name) => {
    const [text, message] = HOSTILE[name]!;
    const start = performance.now();
    expect(() => READERS[kind](text)).toThrow(
      expect.objectContaining({
        code: kind === "plan" ? "PLAN_INVALID" : "USAGE",
        message: expect.stringMatching(message),
        remedy: expect.stringMatching(/\S/),
      }),
    );
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

test("a file of many more words than any plan is given up before it takes all memory", () => {
  const start = performance.now();
  expect(() => READERS.plan(`a: [${"1,".repeat(2_500_000)}]\n`)).toThrow("more than 5000000 words and signs");
  expect(performance.now() - start).toBeLessThan(20_000);
});

describe("a map with very many keys", () => {
  test("is read in a time that grows with its size alone", () => {
    const keys = Array.from({ length: 100_000 }, (_, index) => `k${index}: 1`).join("\n");
    const start = performance.now();
    expect(() => READERS.plan(keys)).toThrow("it has no apiVersion");
    expect(performance.now() - start).toBeLessThan(20_000);
  });
});

/** The plan with one thing in it changed. */
function edited(edit: (copy: MigrationPlan) => void): string {
  const copy = structuredClone(plan);
  edit(copy);
  return stringify(copy);
}

describe("names in a plan", () => {
  const set = <T extends object>(target: T, values: Partial<Record<keyof T, unknown>>) => Object.assign(target, values);
  const GROUP = "/subscriptions/3f0b6c1e-9a54-4d1c-8f27-5b1d7c0a9e01/resourceGroups";
  const clusterIn = (group: string, name: string) =>
    `${GROUP}/${group}/providers/Microsoft.ContainerService/managedClusters/${name}`;

  test.each<[string, (copy: MigrationPlan) => void]>([
    ["a cluster one level up", (copy) => set(copy.clusters[0]!, { id: clusterIn("..", "payments-prod") })],
    ["a cluster that is a way up", (copy) => set(copy.clusters[0]!, { id: clusterIn("g", "..") })],
    ["a cluster with a query", (copy) => set(copy.clusters[0]!, { id: clusterIn("g", "payments-prod?x=") })],
    ["a cluster with a fragment", (copy) => set(copy.clusters[0]!, { id: clusterIn("g", "payments-prod#") })],
    ["a cluster with an escape", (copy) => set(copy.clusters[0]!, { id: clusterIn("g", "a%2f..%2fb") })],
    ["a cluster with a backslash", (copy) => set(copy.clusters[0]!, { id: clusterIn("g", "..\\..\\b") })],
    ["a cluster with a letter that nobody sees", (copy) => set(copy.clusters[0]!, { id: clusterIn("g", "a\u200bb") })],
    ["a cluster that is read backwards", (copy) => set(copy.clusters[0]!, { id: clusterIn("g", "a\u202eb") })],
    ["a principal that is a filter", (copy) => set(copy.clusters[0]!.from.servicePrincipal!, { objectId: "') or (x" })],
    ["a cluster with a line break", (copy) => set(copy.clusters[0]!, { id: clusterIn("g", "a\nb") })],
    [
      "a resource group with a slash",
      (copy) => set(copy.clusters[0]!.target.kubeletIdentity!, { resourceGroup: "../x" }),
    ],
    [
      "a resource group that is a way up",
      (copy) => set(copy.clusters[0]!.target.kubeletIdentity!, { resourceGroup: ".." }),
    ],
    ["an identity with a slash", (copy) => set(copy.clusters[0]!.target.kubeletIdentity!, { name: "../../x" })],
    ["a pool with a slash", (copy) => set(copy.clusters[0]!.from.pools[0]!, { name: "a/../b" })],
    ["a scope with a way up", (copy) => set(copy.clusters[0]!.facts.heldRoles![0]!, { scope: "/subscriptions/../x" })],
    [
      "a registry with a query",
      (copy) => set(copy.clusters[0]!.facts.registries[0]!, { id: `${clusterIn("g", "x")}?y` }),
    ],
  ])("that would lead elsewhere are refused: %s", (_, edit) => {
    expect(() => parsePlan(edited(edit), "plan.yaml")).toThrow(expect.objectContaining({ code: "PLAN_INVALID" }));
  });

  test("that are odd and harmless are read, and stay inside the run's directory", () => {
    const id = clusterIn("rg.with-(dots)", "a.b..c");
    const odd = parsePlan(
      edited((copy) => set(copy.clusters[0]!, { id })),
      "plan.yaml",
    );
    const run = createRun(lab.stateDir, odd, lab.clock.now());
    expect(readdirSync(run.path).sort()).toEqual(["1-a_b__c", "plan.yaml"]);
    expect(journalFile(run, 0).startsWith(join(run.path, "1-"))).toBe(true);
  });
});

describe("the id of a run", () => {
  test.each(["..", "../..", "/etc", ".", "a/b", "..\\x", "nothing", ""])("leads nowhere but to a run: %j", (id) => {
    createRun(lab.stateDir, plan, lab.clock.now());
    expect(() => openRun(lab.stateDir, id)).toThrow(expect.objectContaining({ code: "USAGE" }));
  });
});

test.each([
  "w",
  "a",
] as const)("a file for its owner alone is closed to others where they could read it before (%s)", (flag) => {
  const folder = mkdtempSync(join(tmpdir(), "aks-mi-private-"));
  const file = join(folder, "twin.yaml");
  try {
    writeFileSync(file, "before", { mode: 0o644 });
    chmodSync(file, 0o644);
    closeSync(openPrivately(file, flag));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, "utf8")).toBe(flag === "a" ? "before" : "");
    // A device is left as it is.
    const { mode } = statSync("/dev/null");
    closeSync(openPrivately("/dev/null", flag));
    expect(statSync("/dev/null").mode).toBe(mode);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe("the state directory", () => {
  const umask = process.umask();
  afterEach(() => void process.umask(umask));

  test("is closed to everyone else, whatever the umask", async () => {
    process.umask(0);
    const line = await InProcessCommandLine.open();
    const file = await line.makePlan();
    expect((await line.run("apply", "--plan", file, "--yes")).code).toBe(0);
    const state = line.file("state");
    const paths = ["", ...readdirSync(state, { recursive: true, encoding: "utf8" })].map((name) => join(state, name));
    const wide = paths.filter((path) => {
      const { mode } = statSync(path);
      return (mode & 0o777) !== (statSync(path).isDirectory() ? 0o700 : 0o600);
    });
    expect(wide).toEqual([]);
    expect(paths.some((path) => path.endsWith("report.html"))).toBe(true);
  });
});

test("a report goes nowhere but into its run's directory, and is closed to others, whatever stood in its place", () => {
  const run = createRun(lab.stateDir, plan, lab.clock.now());
  const elsewhere = join(lab.stateDir, "elsewhere");
  writeFileSync(elsewhere, "mine");
  for (const name of ["report.md", "report.md.new"]) symlinkSync(elsewhere, join(run.path, name));
  writeReport(run, "report.md", "theirs");
  expect(readFileSync(elsewhere, "utf8")).toBe("mine");
  expect(lstatSync(join(run.path, "report.md")).isFile()).toBe(true);
  expect(readFileSync(join(run.path, "report.md"), "utf8")).toBe("theirs");

  chmodSync(join(run.path, "report.md"), 0o644);
  writeReport(run, "report.md", "theirs");
  expect(statSync(join(run.path, "report.md")).mode & 0o777).toBe(0o600);
});

describe("a plan or a journal of another version", () => {
  test("of the format: a newer one is refused, and left to the version that wrote it", () => {
    const text = formatPlanYaml(plan).replace("apiVersion: aks-mi/v1", "apiVersion: aks-mi/v2");
    expect(() => parsePlan(text, "plan.yaml")).toThrow(
      expect.objectContaining({
        code: "PLAN_INVALID",
        remedy: expect.stringContaining("version of aks-mi that made it"),
      }),
    );
  });

  test("of the tool: an older one is continued, with nothing sent twice", async () => {
    const line = await InProcessCommandLine.open();
    const file = await line.makePlan();
    expect((await line.run("apply", "--plan", file, "--yes", "--until", "enable-managed-identity")).code).toBe(8);
    const [run] = readdirSync(line.file("state/runs"));
    for (const name of ["plan.yaml", "1-payments-prod/journal.jsonl"]) {
      const path = line.file(`state/runs/${run}/${name}`);
      const older = readFileSync(path, "utf8").replaceAll(/aks-mi 0\.0\.0-test/g, "aks-mi 0.0.0-older");
      expect(older).toContain("aks-mi 0.0.0-older");
      writeFileSync(path, older);
    }
    const resumed = await line.run("resume");
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(sentTwice(await line.lab.writes())).toEqual([]);
  });

  test("of the journal: a newer one stops resume before anything is sent", async () => {
    const line = await InProcessCommandLine.open();
    const file = await line.makePlan();
    await line.run("apply", "--plan", file, "--yes", "--until", "await-role-propagation");
    const [run] = readdirSync(line.file("state/runs"));
    const journal = line.file(`state/runs/${run}/1-payments-prod/journal.jsonl`);
    writeFileSync(journal, readFileSync(journal, "utf8").replace('"events":"1"', '"events":"2"'));
    const before = (await line.lab.requests()).length;
    const refused = await line.run("resume");
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("Go on with the version of aks-mi that wrote it");
    expect((await line.lab.requests()).length).toBe(before);
  });
});
