import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/engine/clock.ts";
import type { Event } from "../../src/engine/events.ts";
import { readJournal } from "../../src/engine/journal.ts";
import { CommandLine, DEMO_CLUSTER, type Ended } from "../support/cli.ts";
import { expectMigrated } from "../support/migrated.ts";

const DIE_AT = fileURLToPath(new URL("../support/die-at.mjs", import.meta.url));

/** An hour is a second, so that the start of a process costs an hour and no day. */
const TIME_SCALE = 3600;

/** Where each process in turn is killed: a sample of what `npm run crash` does everywhere, in real processes on a real disk. */
const DEATHS: readonly { readonly what: string; readonly nth: number }[] = [
  { what: "^before journal step:started", nth: 1 },
  { what: "^within journal change:started", nth: 1 },
  { what: "^after PUT .*/userAssignedIdentities/[^/]+$", nth: 1 },
  { what: "^after PUT .*/roleAssignments/", nth: 2 },
  { what: "^within journal change:applied", nth: 1 },
  { what: "^within journal step:waiting", nth: 1 },
  { what: "^before PUT .*/managedClusters/[^/]+$", nth: 1 },
  { what: "^after PUT .*/managedClusters/[^/]+$", nth: 1 },
  { what: "^before POST .*/upgradeNodeImageVersion", nth: 1 },
  { what: "^after POST .*/upgradeNodeImageVersion", nth: 1 },
  { what: "^within journal operation:started", nth: 1 },
];

const lines: CommandLine[] = [];

beforeEach(async () => {
  const open = () => CommandLine.open({ timeScale: TIME_SCALE });
  for (const line of await Promise.all([open(), open()])) {
    lines.push(line);
    await line.control("PATCH", "/_emulator/behaviour", { combinedIdentityUpdate: "appliesWithoutRoll" });
    const planned = await line.run(["plan", "--id", DEMO_CLUSTER, "--out", "plan.yaml"]);
    expect(planned.code, planned.stderr).toBe(0);
  }
});
afterEach(() => Promise.all(lines.splice(0).map((line) => line.close())));

/** Runs a command to its end; the last wait is shortened. */
async function runToEnd(line: CommandLine, args: readonly string[]): Promise<Ended> {
  const started = line.start(args);
  let isWaiting = false;
  started.process.stderr!.on("data", (data: Buffer) => {
    if (isWaiting || !data.toString().includes("await-token-switchover: waiting")) return;
    isWaiting = true;
    void line.control("POST", "/_emulator/clock", { advance: "23h" });
  });
  return started.ended;
}

/** What Azure accepted, in order. Ids that are made of the time of a run are named by their first appearance. */
async function acceptedBy(line: CommandLine): Promise<string[]> {
  const names = new Map<string, string>();
  const nameOf = (guid: string) => {
    const name = names.get(guid) ?? `id ${names.size + 1}`;
    names.set(guid, name);
    return name;
  };
  return (await line.writes()).map(({ method, path, body }) =>
    `${method} ${path} ${JSON.stringify(body)}`.replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}/g, nameOf),
  );
}

function journalOf(line: CommandLine): Event[] {
  const runs = join(line.folder, ".aks-mi", "runs");
  const [run, ...others] = readdirSync(runs);
  expect(others).toEqual([]);
  return readJournal(join(runs, run!, "1-payments-prod", "journal.jsonl"));
}

/** When Azure took the last role before the switch, and the switch. */
async function datesOf(line: CommandLine): Promise<{ rolesAt: number; switchedAt: number }> {
  const writes = await line.writes();
  const switched = writes.findIndex(({ path }) => /managedClusters\/payments-prod$/.test(path));
  const lastRole = writes.slice(0, switched).findLast(({ path }) => path.includes("/roleAssignments/"));
  return { rolesAt: Date.parse(lastRole!.at), switchedAt: Date.parse(writes[switched]!.at) };
}

/** The moments until which a step waited: one, however often it was begun. */
function untilsOf(events: readonly Event[], step: string): number[] {
  const waits = events.flatMap((event) => (event.type === "step:waiting" && event.step === step ? [event.until!] : []));
  return [...new Set(waits)].map((until) => Date.parse(until));
}

/** A wait that began anew with a process would end an hour later: that long it takes to start one. */
function expectOneEnd(untils: readonly number[], expected: number): void {
  expect(untils).toHaveLength(1);
  expect(Math.abs(untils[0]! - expected)).toBeLessThan(10 * MINUTE_MS);
}

test("a migration killed with kill -9 at eleven points writes to Azure what an undisturbed one does, and waits no longer", async () => {
  const [alone, killed] = lines as [CommandLine, CommandLine];
  const undisturbed = runToEnd(alone, ["apply", "--plan", "plan.yaml", "--yes"]);
  let isBegun = false;
  for (const death of DEATHS) {
    const args = isBegun ? ["resume"] : ["apply", "--plan", "plan.yaml", "--yes"];
    const env = { NODE_OPTIONS: `--import=${DIE_AT}`, DIE_AT: JSON.stringify(death) };
    const { signal, stderr } = await killed.run(args, env);
    expect(signal, `${JSON.stringify(death)}\n${stderr}`).toBe("SIGKILL");
    isBegun = true;
  }
  const last = await killed.run(["resume"]);
  expect(last.code, last.stderr).toBe(0);
  expect((await undisturbed).code).toBe(0);

  await expectMigrated(killed);
  expect(await acceptedBy(killed)).toEqual(await acceptedBy(alone));
  for (const line of [alone, killed]) {
    const events = journalOf(line);
    const { rolesAt, switchedAt } = await datesOf(line);
    expectOneEnd(untilsOf(events, "await-token-switchover"), switchedAt + DAY_MS);
    // While a killed process is started again, the hour of the roles may pass.
    const untils = untilsOf(events, "await-role-propagation");
    if (line === alone || untils.length > 0) expectOneEnd(untils, rolesAt + HOUR_MS);
  }
});
