import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lockCluster } from "../../src/state/lock.ts";
import { DEMO_CLUSTER } from "../support/cli.ts";
import { InProcessCommandLine } from "../support/in-process.ts";

/** Where commands without flags of their own look: there is nothing. */
const ELSEWHERE = { AKS_MI_EMULATOR: "http://127.0.0.1:2", AKS_MI_STATE_DIR: "/nonexistent" };

/** The commands about a run, or with flags, that stand in a text: as words, without the program's name. */
function commandsIn(text: string, run: string): string[][] {
  const command = new RegExp(
    `aks-mi (?:apply|plan|report|resume|status|undo|verify)(?: ${run})?(?: --[a-z-]+(?: [^\\s<-][^\\s<]*)?)*`,
    "g",
  );
  const plain = text.replaceAll(/\\\n?/g, "").replaceAll("`", " ").replaceAll(/ +/g, " ");
  const found = [...plain.matchAll(command)].map(([words]) => words).filter((words) => / --|\d/.test(words));
  return [...new Set(found)].map((words) => words.split(" ").slice(1));
}

test("every command that is printed about a run works where it is pasted", async () => {
  const line = await InProcessCommandLine.open();
  const plan = await line.makePlan();
  const paused = await line.run("apply", "--plan", plan, "--yes", "--until", "enable-managed-identity");
  expect(paused.code).toBe(8);
  const runs = line.file("state/runs");
  const run = readdirSync(runs)[0]!;
  const paste = (...words: string[]) => line.runIn({ env: ELSEWHERE }, ...words);
  const pages = () =>
    ["report.md", "report.html"].map((name) => readFileSync(join(runs, run, name), "utf8")).join("\n");

  const before = commandsIn(`${paused.stderr}\n${pages()}\n${(await line.run("status")).stdout}`, run);
  expect(new Set(before.map(([name]) => name))).toEqual(new Set(["resume", "undo"]));
  // Without an approval, or a second reason to do anything.
  const undone = await paste(...before.find(([name]) => name === "undo")!);
  expect([undone.code, undone.stderr]).toEqual([7, expect.stringContaining("The removal has not been approved.")]);
  const [resume, ...others] = before.filter(([name]) => name === "resume");
  expect(others).toEqual([]);
  const done = await paste(...resume!);
  expect(done.code, done.stderr).toBe(0);

  const again = await line.run("apply", "--plan", plan, "--yes");
  const shown = [await line.run("report"), await line.run("status")];
  const texts = [done.stderr, again.stderr, pages(), ...shown.map(({ stdout }) => stdout)];
  for (const text of texts) expect(commandsIn(text, run).map(([name]) => name)).toContain("verify");
  const after = texts.flatMap((text) => commandsIn(text, run));
  expect(new Set(after.map(([name]) => name))).toEqual(new Set(["verify"]));
  for (const words of after) {
    const { code, stdout, stderr } = await paste(...words);
    expect([code, stderr], words.join(" ")).toEqual([0, ""]);
    // What the run's journal tells, and nothing else.
    expect(stdout, words.join(" ")).not.toContain("nobody knows which service principal");
  }
});

test("an undo ends with the command that makes a new plan", async () => {
  const line = await InProcessCommandLine.open();
  const plan = await line.makePlan();
  await line.run("apply", "--plan", plan, "--yes", "--until", "enable-managed-identity");
  const undone = await line.run("undo", "--yes");
  const [words] = commandsIn(undone.stderr, "no-run");
  const made = await line.runIn({ env: ELSEWHERE }, ...words!.with(-1, line.file("new.yaml")));
  expect([made.code, made.stderr]).toEqual([0, ""]);
});

test("who holds a cluster is looked up where it is kept", async () => {
  const line = await InProcessCommandLine.open();
  const plan = await line.makePlan();
  await line.run("apply", "--plan", plan, "--yes", "--until", "assign-roles");
  const run = readdirSync(line.file("state/runs"))[0]!;
  const lock = lockCluster({ stateDir: line.file("state"), clusterId: DEMO_CLUSTER, run, plan: "another" });
  const refused = await line.run("resume");
  lock.release();
  const [words] = commandsIn(refused.stderr, run);
  expect(words?.slice(0, 2)).toEqual(["status", run]);
  expect((await line.runIn({ env: ELSEWHERE }, ...words!)).code).toBe(0);
});
