import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { readJournal } from "../../src/engine/journal.ts";
import { createRun, journalFile, type RunDirectory } from "../../src/state/state-directory.ts";
import { repeated } from "../support/repeated.ts";
import { executeAt } from "./execute-at.ts";
import { Site } from "./site.ts";
import { caseOf } from "./until-done.ts";

/** What the file system does wrong, and from when on. */
const disk = vi.hoisted(() => ({
  code: "",
  /** A part of the paths that cannot be written. */
  failsOn: "",
  bytesLeft: Number.POSITIVE_INFINITY,
  bytesAtOnce: 10_000,
  /** A line is in memory only, and gone when the power is. */
  isDirty: false,
}));

vi.mock("node:fs", async (importOriginal) => {
  const real = await importOriginal<typeof import("node:fs")>();
  const fail = () => {
    throw Object.assign(new Error(`${disk.code}: the file system says no`), { code: disk.code });
  };
  const refusing = <Arguments extends unknown[], Result>(call: (...args: Arguments) => Result) =>
    ((...args: Arguments) =>
      disk.failsOn !== "" && String(args[0]).includes(disk.failsOn) ? fail() : call(...args)) as typeof call;
  return {
    ...real,
    openSync: refusing(real.openSync),
    writeFileSync: refusing(real.writeFileSync),
    mkdirSync: refusing(real.mkdirSync),
    mkdtempSync: refusing(real.mkdtempSync),
    fsyncSync(handle: number) {
      real.fsyncSync(handle);
      disk.isDirty = false;
    },
    writeSync: ((handle: number, written: Buffer, from: number) => {
      const data = written.subarray(from);
      const length = Math.min(data.length, disk.bytesLeft, disk.bytesAtOnce);
      if (length === 0) fail();
      disk.bytesLeft -= length;
      disk.isDirty = true;
      return real.writeSync(handle, data.subarray(0, length));
    }) as unknown as typeof real.writeSync,
  };
});

let stateDir: string;
let site: Site;
let run: RunDirectory;

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "aks-mi-disk-"));
  site = await Site.open(caseOf("one own identity to another"));
  run = createRun(stateDir, site.plan, site.clock.now());
});

afterEach(() => {
  heal();
  rmSync(stateDir, { recursive: true, force: true });
});

/** There is room again, and everything may be written. */
function heal(): void {
  Object.assign(disk, { code: "", failsOn: "", bytesLeft: Number.POSITIVE_INFINITY, bytesAtOnce: 10_000 });
}

/** @param onWrite called before each request that may change something */
function start(isFirst = true, onWrite = () => {}) {
  return executeAt(site, { stateDir, run, onWrite, ...(isFirst ? { approval: { by: "test", how: "yes" } } : {}) });
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
    heal();
    const isFirst = !readFileSync(journalFile(run, 0), "utf8").includes("run:approved");
    expect((await start(isFirst)).kind).toBe("done");
    const all = await writes();
    expect(repeated(all)).toEqual([]);
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

  test("has no room for an operation that Azure has begun: it is not begun again", async () => {
    Object.assign(disk, { code: "ENOSPC", failsOn: "/operations/" });
    expect(await start()).toMatchObject({ kind: "failed", error: { code: "STATE_UNWRITABLE" } });
    const updates = async () => (await writes()).filter((path) => path === site.clusterId);
    expect(await updates()).toHaveLength(1);
    heal();
    expect((await start(false)).kind).toBe("done");
    expect(await updates()).toHaveLength(1);
  });

  test("is read-only where runs are kept: there is no run, and the error says so", () => {
    Object.assign(disk, { code: "EROFS", failsOn: stateDir });
    expect(() => createRun(stateDir, site.plan, site.clock.now())).toThrow(
      expect.objectContaining({ code: "STATE_UNWRITABLE", message: expect.stringContaining("EROFS") }),
    );
  });
});

describe("a journal", () => {
  test("is on disk, and not in memory alone, before anything is written to Azure", async () => {
    let sent = 0;
    const outcome = await start(true, () => {
      sent++;
      expect(disk.isDirty).toBe(false);
    });
    expect([outcome.kind, sent > 2]).toEqual(["done", true]);
  });

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
    heal();
    appendFileSync(journalFile(run, 0), torn);
    expect((await start(false)).kind).toBe("done");
    expect(repeated(await writes())).toEqual([]);
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
