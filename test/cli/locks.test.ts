import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readJournal } from "../../src/engine/journal.ts";
import { CommandLine, DEMO_CLUSTER, type Ended } from "../support/cli.ts";
import { sentTwice } from "../support/repeated.ts";

let line: CommandLine;
beforeEach(async () => {
  // In real time the run waits for its roles until the clock is put forward: nothing here depends on who is quick.
  line = await CommandLine.open({ timeScale: 1 });
  const planned = await line.run(["plan", "--id", DEMO_CLUSTER, "--out", "plan.yaml"]);
  expect(planned.code, planned.stderr).toBe(0);
});
afterEach(() => line.close());

const APPLY = ["apply", "--plan", "plan.yaml", "--yes", "--until", "enable-managed-identity"];

/** Starts the same command in two processes at once. @returns the one that runs, and how the other ended */
async function startTwo() {
  const both = [line.start(APPLY), line.start(APPLY)];
  const waits = both.map(
    (started) =>
      new Promise<typeof started>((done) => {
        let text = "";
        started.process.stderr!.on("data", (data: Buffer) => {
          text += data.toString();
          if (text.includes("waiting:")) done(started);
        });
      }),
  );
  const loser = await Promise.race(both.map(({ ended }) => ended));
  const winner = await Promise.race(waits);
  return { winner, loser };
}

function refusal({ code, stderr }: Ended): string {
  return `${code}: ${/is locked by run [^ ]+ on [^ ]+ \(process \d+, since [^ )]+\)/.exec(stderr)?.[0] ?? stderr}`;
}

/** The files of all runs together, without their clusters' folders. */
function filesOfRuns(): string[] {
  const runs = join(line.folder, ".aks-mi", "runs");
  return readdirSync(runs).flatMap((run) => readdirSync(join(runs, run)).filter((name) => !name.startsWith("1-")));
}

test("of two processes that apply one plan at the same moment one runs and one exits 6, also after a kill -9, time and again", async () => {
  for (let round = 0; round < 3; round++) {
    const { winner, loser } = await startTwo();
    expect(refusal(loser)).toContain(`6: is locked by run`);
    expect(refusal(loser)).toContain(`(process ${winner.process.pid}, `);
    expect(filesOfRuns(), "whoever had no part in the run leaves its reports to the other").toEqual(["plan.yaml"]);
    winner.process.kill("SIGKILL");
    expect((await winner.ended).signal).toBe("SIGKILL");
  }
  const last = line.start(APPLY);
  await line.control("POST", "/_emulator/clock", { advance: "2h" });
  expect((await last.ended).code).toBe(8);

  const runs = readdirSync(join(line.folder, ".aks-mi", "runs"));
  expect(runs).toHaveLength(1);
  const journal = readJournal(join(line.folder, ".aks-mi", "runs", runs[0]!, "1-payments-prod", "journal.jsonl"));
  expect(journal.filter(({ type }) => type === "run:started")).toHaveLength(4);
  expect(sentTwice(await line.writes())).toEqual([]);
  expect(readdirSync(join(line.folder, ".aks-mi", "locks"))).toEqual([]);
});
