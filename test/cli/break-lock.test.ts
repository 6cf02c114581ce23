import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Holder, thisProcess } from "../../src/state/holder.ts";
import { lockCluster } from "../../src/state/lock.ts";
import { DEMO_CLUSTER } from "../support/cli.ts";
import { InProcessCommandLine } from "../support/in-process.ts";

/** Leaves the lock of a run whose process is on another host. */
function leaveLock(line: InProcessCommandLine): void {
  lockCluster({ stateDir: line.file("state"), clusterId: DEMO_CLUSTER, run: "far", plan: "another plan" });
  const locks = line.file("state/locks");
  const [file] = readdirSync(locks, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".json"));
  const holder: Holder = {
    ...thisProcess(),
    host: "runner-7",
    run: "far",
    plan: "another plan",
    since: "2026-11-22T07:00:00.000Z",
  };
  writeFileSync(join(locks, file!), JSON.stringify(holder));
}

function runsOf(line: InProcessCommandLine): string[] {
  return readdirSync(line.file("state/runs"));
}

function brokenLocks(line: InProcessCommandLine): string[] {
  const journal = line.file(`state/runs/${runsOf(line)[0]}/1-payments-prod/journal.jsonl`);
  return readFileSync(journal, "utf8")
    .split("\n")
    .filter((text) => text.includes('"lock:broken"'));
}

test("a lock on another host stops apply, resume and undo with 6, says who, where and since when, and is broken when named", async () => {
  const line = await InProcessCommandLine.open();
  const plan = await line.makePlan();
  leaveLock(line);

  const apply = ["apply", "--plan", plan, "--yes", "--until", "await-role-propagation"];
  const refused = await line.run(...apply);
  expect(refused.code).toBe(6);
  expect(refused.stderr).toContain("locked by run far on runner-7 (process");
  expect(refused.stderr).toContain("since 2026-11-22T07:00:00.000Z");
  expect(refused.stderr).toContain("--break-lock far");
  expect(runsOf(line), "a run that never began leaves nothing to resume").toEqual([]);
  expect((await line.run(...apply, "--break-lock", "another")).code).toBe(6);
  expect((await line.run(...apply, "--break-lock", "far")).code).toBe(8);
  expect(brokenLocks(line)).toHaveLength(1);

  leaveLock(line);
  const resume = ["resume", "--until", "await-role-propagation"];
  expect((await line.run(...resume)).code).toBe(6);
  expect((await line.run(...resume, "--break-lock", "far")).code).toBe(8);
  expect(brokenLocks(line)).toHaveLength(2);

  leaveLock(line);
  const writes = (await line.lab.writes()).length;
  expect((await line.run("undo", "--yes")).code).toBe(6);
  expect((await line.lab.writes()).length).toBe(writes);
  const undone = await line.run("undo", "--yes", "--break-lock", "far");
  expect(undone.code, undone.stderr).toBe(0);
  expect(brokenLocks(line)).toHaveLength(3);
  expect(JSON.parse(brokenLocks(line)[2]!)).toMatchObject({
    holder: "far",
    host: "runner-7",
    by: expect.stringMatching(/\S/),
  });
});

test("--plan breaks a lock as apply does", async () => {
  const line = await InProcessCommandLine.open();
  const plan = await line.makePlan();
  leaveLock(line);
  const command = ["--plan", plan, "--yes", "--until", "create-identities"];
  expect((await line.run(...command)).code).toBe(6);
  expect((await line.run(...command, "--break-lock", "far")).code).toBe(8);
});
