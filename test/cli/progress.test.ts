import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, onTestFinished, test } from "vitest";
import { CommandLine, DEMO_CLUSTER } from "../support/cli.ts";
import { InProcessCommandLine } from "../support/in-process.ts";

/** How many emulated seconds pass in one: slow enough for someone to come and look on. */
const TIME_SCALE = 3600;

/** The titles of the groups of a log, each of which is closed before the next one is opened. */
function groupsOf(log: readonly string[], open: string, close: string): string[] {
  const marks = log.filter((text) => text.startsWith(open) || text === close);
  for (const [index, mark] of marks.entries()) expect(mark === close, marks.join("\n")).toBe(index % 2 === 1);
  expect(marks.length % 2).toBe(0);
  return marks.filter((mark) => mark !== close).map((mark) => mark.slice(open.length));
}

describe("a run in a pipeline", () => {
  /** Runs up to the proof, with these variables set. @returns the lines of its log */
  async function runIn(line: InProcessCommandLine, env: Record<string, string>): Promise<string[]> {
    const plan = await line.makePlan();
    const { code, stderr } = await line.runIn(
      { env },
      ...["apply", "--plan", plan, "--yes", "--until", "verify-migration"],
    );
    expect(code, stderr).toBe(8);
    return stderr.split("\n");
  }

  test("in GitHub Actions has a group for each step, and a job summary", async () => {
    const line = await InProcessCommandLine.open();
    const summary = line.file("summary.md");
    const log = await runIn(line, { CI: "true", GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: summary });
    expect(groupsOf(log, "::group::", "::endgroup::")).toEqual(
      expect.arrayContaining(["Create identities", "Assign roles", "Enable managed identity", "Upgrade node images"]),
    );
    expect(log.filter((text) => text.startsWith("::notice "))).toHaveLength(1);
    expect(readFileSync(summary, "utf8")).toMatch(/^# Migration run .*: paused$/m);
  });

  test("in Azure Pipelines has its groups, and uploads the report that is there", async () => {
    const log = await runIn(await InProcessCommandLine.open(), { TF_BUILD: "True" });
    expect(groupsOf(log, "##[group]", "##[endgroup]")).toContain("Enable managed identity");
    const [uploaded] = log.filter((text) => text.startsWith("##vso[task.uploadsummary]"));
    expect(existsSync(uploaded!.slice("##vso[task.uploadsummary]".length))).toBe(true);
  });
});

describe("status --watch without a terminal", () => {
  test("prints a line per event until the run ends, or its states as JSON", async () => {
    const line = await CommandLine.open({ timeScale: TIME_SCALE });
    onTestFinished(() => line.close());
    const planned = await line.run(["plan", "--id", DEMO_CLUSTER, "--out", "plan.yaml"]);
    expect(planned.code, planned.stderr).toBe(0);
    const { process: child, ended } = line.start(["apply", "--plan", "plan.yaml", "--yes"]);
    const says = (words: string) =>
      new Promise<void>((said) =>
        child.stderr!.on("data", (data: Buffer) => data.toString().includes(words) && said()),
      );
    const lastWait = says("await-token-switchover");
    await says("create-identities");
    const watchers = [line.start(["status", "--watch"]), line.start(["status", "--watch", "-o", "json"])];
    await Promise.all(watchers.map((watcher) => once(watcher.process.stdout!, "data")));
    await lastWait;
    await line.control("POST", "/_emulator/clock", { advance: "1d" });
    const [lines, json] = await Promise.all([watchers[0]!.ended, watchers[1]!.ended]);
    expect((await ended).code).toBe(0);
    expect([lines.code, json.code]).toEqual([0, 0]);
    expect(lines.stdout).toMatch(/^\S+Z payments-prod: run started by aks-mi/);
    expect(lines.stdout).toMatch(/payments-prod: run done\nThe run is done\.\nNext: aks-mi report \S+\n$/);
    const states = json.stdout
      .trimEnd()
      .split("\n")
      .map((text) => (JSON.parse(text) as { state: string }).state);
    expect(states.length).toBeGreaterThan(1);
    expect(new Set(states.slice(0, -1))).toEqual(new Set(["running"]));
    expect(states.at(-1)).toBe("done");
  });
});
