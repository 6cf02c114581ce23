import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { BLOCKER_CHECKS } from "../../src/engine/step.ts";
import type { MigrationPlan } from "../../src/plan/schema.ts";
import type { ServedRequest } from "../support/emulated.ts";
import { InProcessCommandLine } from "../support/in-process.ts";
import { BLOCKER_CASES, type BlockerCase } from "./blocker-cases.ts";

const CASES = BLOCKER_CASES.map((blocker) => ({ ...blocker, title: `${blocker.check}: ${blocker.name}` }));

async function open({ scenario = "demo" }: BlockerCase) {
  const line = await InProcessCommandLine.open({}, scenario);
  const ids = (await line.lab.clusterIds()).flatMap((id) => ["--id", id]);
  return { line, lab: line.lab, ids };
}

/** Makes a plan file, with more flags than the case has. */
async function planTo(line: InProcessCommandLine, ids: string[], { flags = [] }: BlockerCase, ...more: string[]) {
  const file = line.file("plan.json");
  const ended = await line.run("plan", ...ids, "--out", file, ...flags, ...more);
  const plan = JSON.parse(readFileSync(file, "utf8")) as MigrationPlan;
  return { ended, file, plan, findings: plan.clusters[0]!.findings };
}

/** Requests that ask Azure to change something: a look inside starts a pod with a POST, and the directory is asked by one. */
function writesOf(requests: readonly ServedRequest[]): ServedRequest[] {
  return requests.filter(
    ({ method, path }) =>
      method !== "GET" && !(method === "POST" && /\/(runCommand|directoryObjects\/getByIds)(\?|$)/i.test(path)),
  );
}

const updatesOf = (requests: readonly ServedRequest[]) =>
  requests.filter(({ method, path }) => method === "PUT" && /\/managedClusters\/[^/]+$/i.test(path));

test("every check that can block has a case here", () => {
  expect([...new Set(BLOCKER_CASES.map(({ check }) => check))].sort()).toEqual([...BLOCKER_CHECKS].sort());
});

describe("a cluster on which a blocker holds is never written to", () => {
  test.each(CASES)("$title", async (blocker) => {
    const { line, lab, ids } = await open(blocker);
    await blocker.plant(lab);
    const { ended, file, findings } = await planTo(line, ids, blocker);
    expect(ended.code).toBe(4);
    const found = findings.filter(({ severity }) => severity === "blocker");
    expect([...new Set(found.map(({ check }) => check))]).toEqual([blocker.check]);
    const finding = found.find(({ seen }) => seen.includes(blocker.seen));
    expect(finding, JSON.stringify(found)).toBeDefined();
    expect(ended.stdout).toContain(blocker.check);
    expect(unwrapped(ended.stdout)).toContain(unwrapped(finding!.remedy));
    const applied = await line.run("apply", "--plan", file, "--yes");
    expect(applied.code).toBe(4);
    expect(applied.stderr).toContain(blocker.check);
    expect(applied.stderr).toContain(found[0]!.remedy);
    expect(writesOf(await lab.requests())).toEqual([]);
  });
});

describe("told to ignore it, a plan keeps it as a warning", () => {
  test.each(CASES)("$title", async (blocker) => {
    const { line, lab, ids } = await open(blocker);
    await blocker.plant(lab);
    const { ended, plan, findings } = await planTo(line, ids, blocker, "--ignore-preflight", blocker.check);
    expect(ended.code).toBe(0);
    expect(plan.settings.ignoredChecks).toEqual([blocker.check]);
    expect(findings).toContainEqual(
      expect.objectContaining({
        check: blocker.check,
        severity: "high",
        seen: expect.stringMatching(/\(ignored as asked for with --ignore-preflight\)$/),
      }),
    );
  });
});

describe("a blocker that comes about between approval and switch stops the run before the switch", () => {
  const later = CASES.filter(
    (blocker): blocker is typeof blocker & { later: number } => typeof blocker.later === "number",
  );

  test.each(later)("$title", async (blocker) => {
    const { line, lab, ids } = await open(blocker);
    const { ended, file } = await planTo(line, ids, blocker);
    expect(ended.code, ended.stdout).toBe(0);
    expect((await line.run("apply", "--plan", file, "--yes", "--until", "enable-managed-identity")).code).toBe(8);
    await blocker.plant(lab);
    const resumed = await line.run("resume", "--yes");
    expect(resumed.code, resumed.stderr).toBe(blocker.later);
    if (blocker.later === 4) expect(resumed.stderr).toContain(blocker.check);
    expect(updatesOf(await lab.requests())).toEqual([]);
  });

  test("and is recorded in the journal where the plan ignores it", async () => {
    const blocker = CASES.find(({ name }) => name === "no cores left in the region for the surge")!;
    const { line, lab, ids } = await open(blocker);
    const { file } = await planTo(line, ids, blocker, "--ignore-preflight", blocker.check);
    expect((await line.run("apply", "--plan", file, "--yes", "--until", "enable-managed-identity")).code).toBe(8);
    await blocker.plant(lab);
    const { stdout } = await line.run("resume", "--yes", "-o", "jsonl");
    const events = stdout
      .trim()
      .split("\n")
      .map((text) => JSON.parse(text) as Record<string, string>);
    expect(events).toContainEqual(
      expect.objectContaining({
        type: "check:found",
        check: "RD006",
        severity: "high",
        seen: expect.stringContaining("ignored as asked for"),
      }),
    );
    expect(updatesOf(await lab.requests())).toHaveLength(1);
  });

  test("also where there is no switch, before the first drain", async () => {
    const line = await InProcessCommandLine.open({}, "half-migrated");
    const [id] = await line.lab.clusterIds();
    const file = line.file("plan.json");
    expect((await line.run("plan", "--id", id!, "--out", file)).code).toBe(0);
    expect((await line.run("apply", "--plan", file, "--yes", "--until", "upgrade-node-images")).code).toBe(8);
    const lock = { name: "keep", scope: id!.split("/").slice(0, 5).join("/"), level: "ReadOnly" };
    await line.lab.control("PATCH", "/_emulator/behaviour", { locks: [lock] });
    const resumed = await line.run("resume", "--yes");
    expect([resumed.code, resumed.stderr]).toEqual([4, expect.stringContaining("RD009")]);
    const rolls = (await line.lab.requests()).filter(({ path }) => /upgradeNodeImageVersion/i.test(path));
    expect(rolls).toEqual([]);
  });
});

/** Text without the line breaks and frames that a report puts into it. */
function unwrapped(text: string): string {
  return text.replace(/[\s│|]+/g, "");
}
