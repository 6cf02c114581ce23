import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { connect } from "../../src/azure/connection.ts";
import { readJournal } from "../../src/engine/journal.ts";
import { type ClusterResult, execute } from "../../src/execute/execute.ts";
import { createRun, journalFile, type RunDirectory } from "../../src/state/state-directory.ts";
import { CASES } from "./cases.ts";
import { Site } from "./site.ts";

/** What the file system does wrong, and from when on. */
const disk = vi.hoisted(() => ({ code: "", failsOn: "", bytesLeft: Number.POSITIVE_INFINITY, bytesAtOnce: 10_000 }));

vi.mock("node:fs", async (importOriginal) => {
  const real = await importOriginal<typeof import("node:fs")>();
  const fail = () => {
    throw Object.assign(new Error(`${disk.code}: the file system says no`), { code: disk.code });
  };
  return {
    ...real,
    openSync: ((file: string, ...rest: [string]) =>
      disk.failsOn !== "" && file.includes(disk.failsOn)
        ? fail()
        : real.openSync(file, ...rest)) as typeof real.openSync,
    writeSync: ((handle: number, written: Buffer, from: number) => {
      const data = written.subarray(from);
      const length = Math.min(data.length, disk.bytesLeft, disk.bytesAtOnce);
      if (length === 0) fail();
      disk.bytesLeft -= length;
      return real.writeSync(handle, data.subarray(0, length));
    }) as unknown as typeof real.writeSync,
  };
});

let stateDir: string;
let site: Site;
let run: RunDirectory;

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "aks-mi-disk-"));
  site = await Site.open(CASES.find(({ name }) => name === "one own identity to another")!);
  run = createRun(stateDir, site.plan, site.clock.now());
});

afterEach(() => {
  Object.assign(disk, { code: "", failsOn: "", bytesLeft: Number.POSITIVE_INFINITY, bytesAtOnce: 10_000 });
  rmSync(stateDir, { recursive: true, force: true });
});

async function start(isFirst = true): Promise<ClusterResult["outcome"]> {
  const [result] = await execute({
    connection: await connect({ cloud: "AzureCloud", emulator: site.emulator }),
    stateDir,
    run,
    tool: "test",
    signal: new AbortController().signal,
    onEvent: () => {},
    approval: isFirst ? { by: "test", how: "yes" } : undefined,
  });
  return result!.outcome;
}

async function writes(): Promise<string[]> {
  const served = await site.read<{ method: string; path: string; status: number }[]>("/_emulator/requests");
  return served.filter(({ method, status }) => method !== "GET" && status < 300).map(({ path }) => path);
}

describe("a disk that fails", () => {
  test.each([
    1, 40, 900, 2500, 5000,
  ])("is full after %i bytes of journal: the run stops, and goes on when there is room", async (bytes) => {
    Object.assign(disk, { code: "ENOSPC", bytesLeft: bytes + 200 });
    const outcome = await start();
    expect(outcome).toMatchObject({ kind: "failed", error: { code: "STATE_UNWRITABLE" } });
    const before = (await writes()).length;
    disk.bytesLeft = Number.POSITIVE_INFINITY;
    const isFirst = !readFileSync(journalFile(run, 0), "utf8").includes("run:approved");
    expect((await start(isFirst)).kind).toBe("done");
    const all = await writes();
    expect(new Set(all).size).toBe(all.length);
    expect(before).toBeLessThan(all.length);
  });

  test.each([
    "journal.jsonl",
    "locks",
  ])("is read-only at %s: nothing is written, and the error says so", async (failsOn) => {
    Object.assign(disk, { code: "EROFS", failsOn });
    const outcome = await start();
    expect(outcome).toMatchObject({ kind: "failed", error: { code: "STATE_UNWRITABLE" } });
    expect(await writes()).toEqual([]);
  });
});

describe("a journal", () => {
  test("is whole on a disk that takes a part of each line at a time", async () => {
    disk.bytesAtOnce = 100;
    expect((await start()).kind).toBe("done");
    expect(readJournal(journalFile(run, 0)).at(-1)).toMatchObject({ type: "run:done" });
  });

  test.each([
    '{"run":"r","seq":',
    "\u0000\u0000\u0000",
    '{"run":"r"}',
  ])("that ends in a torn line %j is resumed as if that had never been begun", async (torn) => {
    Object.assign(disk, { code: "ENOSPC", bytesLeft: 3000 });
    await start();
    disk.bytesLeft = Number.POSITIVE_INFINITY;
    appendFileSync(journalFile(run, 0), torn);
    expect((await start(false)).kind).toBe("done");
    const all = await writes();
    expect(new Set(all).size).toBe(all.length);
  });

  test("of a newer version is refused before anything is written", async () => {
    await start();
    const before = await writes();
    const file = journalFile(run, 0);
    writeFileSync(file, readFileSync(file, "utf8").replace('"events":"1"', '"events":"2"'));
    expect(await start(false)).toMatchObject({ kind: "failed", error: { code: "STATE_UNREADABLE" } });
    expect(await writes()).toEqual(before);
  });
});
