import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createAzure } from "../../src/azure/azure.ts";
import { CLOUDS } from "../../src/azure/clouds.ts";
import type { Connection } from "../../src/azure/connection.ts";
import { createInProcessClient } from "../../src/azure/doors.ts";
import { createTransport } from "../../src/azure/transport.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, SystemClock } from "../../src/engine/clock.ts";
import type { Event } from "../../src/engine/events.ts";
import { memoryJournal } from "../../src/engine/journal.ts";
import { MemoryOperationStore } from "../../src/engine/operations.ts";
import { executeCluster } from "../../src/execute/execute-cluster.ts";
import { WorkPlaces } from "../../src/execute/work-places.ts";
import { CASES, type MigrationCase } from "./cases.ts";
import { Site } from "./site.ts";

const MIGRATION: MigrationCase = {
  ...CASES.find(({ name }) => name === "one own identity to another")!,
  request: { controlPlaneIdentity: "id-billing-next", tokenSwitchover: "3h" },
};

/** How far apart two moments may be: the clock looks every 30 seconds, and Azure's own dates are whole seconds. */
const SLACK_MS = 2 * MINUTE_MS;

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["Date", "setTimeout", "clearTimeout", "performance"],
    now: new Date("2026-11-22T08:00:00Z"),
  });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Runs on the machine's own clock, which `disturb` may put forward or back, while Azure's time goes its way. */
async function migrate(disturb: (elapsedMs: number, azure: (ms: number) => void) => void) {
  const site = await Site.open(MIGRATION);
  const clock = new SystemClock();
  const httpClient = createInProcessClient((request) => site.emulator.handle(request));
  const credential = { getToken: async () => ({ token: "t", expiresOnTimestamp: Number.MAX_SAFE_INTEGER }) };
  const retry = { clock, signal: undefined, onRetry: undefined, toClockMs: (ms: number) => ms };
  const onDate = (date: Date) => clock.correct(date);
  const connection: Connection = {
    cloud: "AzureCloud",
    emulator: true,
    clock,
    caller: async () => "someone",
    lookAfresh() {},
    azure: () => createAzure(createTransport({ cloud: CLOUDS.AzureCloud, credential, httpClient, retry, onDate })),
  };
  const events: Event[] = [];
  let isOver = false;
  const running = executeCluster(
    {
      connection,
      plan: site.plan,
      tool: "test",
      signal: new AbortController().signal,
      onEvent: (event) => events.push(event),
      approval: { by: "test", how: "yes" },
    },
    0,
    (_, now) => ({
      journal: memoryJournal({ run: "r", cluster: site.clusterId, now }),
      operations: new MemoryOperationStore(),
      ensureHeld() {},
      close() {},
    }),
    new WorkPlaces(1).for(new AbortController().signal),
  ).finally(() => {
    isOver = true;
  });
  for (let elapsedMs = 0; !isOver && elapsedMs < 3 * DAY_MS; elapsedMs += 30 * SECOND_MS) {
    disturb(elapsedMs, (ms) => site.clock.advance(ms));
    site.clock.advance(30 * SECOND_MS);
    await vi.advanceTimersByTimeAsync(30 * SECOND_MS);
  }
  const served = await site.read<{ at: string; method: string; path: string }[]>("/_emulator/requests");
  const minuteOf = (text: RegExp) =>
    (Date.parse(served.find(({ method, path }) => method === "PUT" && text.test(path))!.at) - START_MS) / MINUTE_MS;
  return {
    outcome: await running,
    rolesMinute: minuteOf(/roleAssignments/),
    switchMinute: minuteOf(/managedClusters\/[^/]+$/),
    endMinute: (site.clock.now().getTime() - START_MS) / MINUTE_MS,
  };
}

const START_MS = Date.parse("2026-11-22T08:00:00Z");
const HOUR = HOUR_MS / MINUTE_MS;
const SLACK = SLACK_MS / MINUTE_MS;

const jump = (ms: number) => vi.setSystemTime(Date.now() + ms);

describe("the machine's clock", () => {
  test.each([
    { name: "stays right", ms: 0 },
    { name: "jumps three hours forward", ms: 3 * HOUR_MS },
    { name: "jumps three hours back", ms: -3 * HOUR_MS },
  ])("$name in each wait: neither ends early, and neither ends late", async ({ ms }) => {
    const { outcome, rolesMinute, switchMinute, endMinute } = await migrate((elapsedMs) => {
      if (elapsedMs === 20 * MINUTE_MS || elapsedMs === 2 * HOUR_MS) jump(ms);
    });
    expect(outcome).toEqual({ kind: "done", changed: true });
    expect(switchMinute - rolesMinute).toBeGreaterThanOrEqual(HOUR);
    expect(switchMinute - rolesMinute).toBeLessThan(HOUR + SLACK);
    expect(endMinute - switchMinute).toBeGreaterThanOrEqual(3 * HOUR);
    expect(endMinute - switchMinute).toBeLessThan(3 * HOUR + SLACK);
  });

  test("sleeps for a day in a wait: what was due goes on at once, and no deadline begins anew", async () => {
    const { outcome, rolesMinute, switchMinute, endMinute } = await migrate((elapsedMs, azure) => {
      if (elapsedMs !== 20 * MINUTE_MS) return;
      jump(DAY_MS);
      azure(DAY_MS);
    });
    expect(outcome).toEqual({ kind: "done", changed: true });
    expect(switchMinute - rolesMinute).toBeLessThan(24 * HOUR + 20 + SLACK);
    expect(endMinute - switchMinute).toBeLessThan(3 * HOUR + SLACK);
  });
});
