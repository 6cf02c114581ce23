import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Holder } from "../../src/state/holder.ts";
import { isClusterLocked, type LockRequest, lockCluster } from "../../src/state/lock.ts";

const CLUSTER = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/payments";

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "aks-mi-lock-"));
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

const lock = (run: string, more: Partial<LockRequest> = {}) =>
  lockCluster({ stateDir, clusterId: CLUSTER, run, plan: `plan of ${run}`, ...more });

/** The one file that says who holds the cluster. */
function holderFile(): string {
  const locks = join(stateDir, "locks");
  const [folder, ...others] = readdirSync(locks);
  expect(others).toEqual([]);
  const [file, ...more] = readdirSync(join(locks, folder!));
  expect(more).toEqual([]);
  return join(locks, folder!, file!);
}

/** Leaves the lock of a process that is not this one. */
function leaveLock(run: string, edit: Partial<Holder>): void {
  lock(run);
  const file = holderFile();
  writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, "utf8")) as Holder), ...edit }));
}

/** A process that is no more: no kernel gives a number as high as this one. */
const NO_PROCESS = { pid: 2 ** 30 };

describe("a lock on a cluster", () => {
  test("is held by one run at a time, whatever the case of the id, and free again when it is released", () => {
    const first = lock("one");
    expect(() => lock("two", { clusterId: CLUSTER.toUpperCase() })).toThrow(
      expect.objectContaining({ code: "LOCKED", message: expect.stringContaining(`run one on ${hostname()}`) }),
    );
    first.ensureHeld();
    first.release();
    expect(isClusterLocked(stateDir, CLUSTER)).toBe(false);
    lock("two").ensureHeld();
    expect(isClusterLocked(stateDir, CLUSTER)).toBe(true);
  });

  test("says who holds it, with process, start, boot and time, and is readable by its owner alone", () => {
    lock("one");
    expect(JSON.parse(readFileSync(holderFile(), "utf8"))).toEqual({
      host: hostname(),
      pid: process.pid,
      pidNamespace: expect.any(String),
      processStart: expect.stringMatching(/^\d*$/),
      bootId: expect.any(String),
      run: "one",
      plan: "plan of one",
      since: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(statSync(holderFile()).mode & 0o777).toBe(0o600);
    expect(statSync(join(holderFile(), "..")).mode & 0o777).toBe(0o700);
  });

  test.each<[string, Partial<Holder>]>([
    ["its process is gone", NO_PROCESS],
    ["its number was given to another process", { processStart: "1" }],
    ["the machine has been started again", { bootId: "another boot" }],
  ])("is replaced at once when %s", (_, edit) => {
    leaveLock("dead", edit);
    expect(isClusterLocked(stateDir, CLUSTER)).toBe(false);
    const next = lock("next");
    next.ensureHeld();
    expect(next.broken).toBeUndefined();
  });

  test("of another host stops a run, which is told who holds it, where, since when, and how to break it", () => {
    leaveLock("far", { host: "runner-7", pid: 4711, since: "2026-11-22T08:00:00.000Z" });
    expect(isClusterLocked(stateDir, CLUSTER)).toBe(true);
    expect(() => lock("near")).toThrow(
      expect.objectContaining({
        code: "LOCKED",
        message:
          "The cluster payments is locked by run far on runner-7 (process 4711, since 2026-11-22T08:00:00.000Z).",
        remedy: expect.stringContaining("--break-lock far"),
      }),
    );
  });

  test("of a container on this host, whose processes cannot be seen, is not taken for a dead one", () => {
    leaveLock("contained", { pidNamespace: "pid:[1]", ...NO_PROCESS });
    expect(() => lock("near")).toThrow(expect.objectContaining({ code: "LOCKED" }));
  });

  test.each([
    "",
    "null",
    "{}",
    '{"host":"elsewhere"}',
    '{"host":"elsewhere","run":"one","pid":"../../self"}',
  ])("that does not say whose it is stops a run, which is told which file to look at: %j", (text) => {
    lock("one");
    writeFileSync(holderFile(), text);
    expect(() => lock("two")).toThrow(
      expect.objectContaining({ code: "LOCKED", message: expect.stringContaining(holderFile()) }),
    );
    expect(isClusterLocked(stateDir, CLUSTER)).toBe(true);
  });

  test("leaves nothing lying about, neither taken nor refused nor released", () => {
    const first = lock("one");
    expect(() => lock("two")).toThrow("locked");
    holderFile();
    first.release();
    expect(readdirSync(join(stateDir, "locks"))).toEqual([]);
  });

  test("is taken where an empty folder is left over from a release that died half way", () => {
    lock("one").release();
    leaveLock("two", NO_PROCESS);
    rmSync(holderFile());
    const third = lock("three");
    expect(() => third.ensureHeld()).not.toThrow();
  });

  test("says what to do where the state directory takes no locks", () => {
    writeFileSync(join(stateDir, "locks"), "");
    expect(() => lock("one")).toThrow(expect.objectContaining({ code: "STATE_UNWRITABLE" }));
  });
});

describe("--break-lock", () => {
  const breakLock = { run: "far", by: "someone" };

  test("breaks the lock of the run that it names, and says whose it was", () => {
    leaveLock("far", { host: "runner-7" });
    const mine = lock("near", { breakLock });
    mine.ensureHeld();
    expect(mine.broken).toMatchObject({ by: "someone", holder: { run: "far", host: "runner-7" } });
  });

  test("breaks no other run's lock", () => {
    leaveLock("another", { host: "runner-7" });
    expect(() => lock("near", { breakLock })).toThrow(
      expect.objectContaining({ code: "LOCKED", message: expect.stringContaining("run another on runner-7") }),
    );
  });

  test("breaks no lock of a process that is alive on this host", () => {
    const held = lock("far");
    expect(() => lock("near", { breakLock })).toThrow(
      expect.objectContaining({ code: "LOCKED", remedy: expect.stringContaining(`stop process ${process.pid} first`) }),
    );
    held.ensureHeld();
  });

  test("breaks nothing, and says so, where nobody or a dead process holds the lock", () => {
    expect(lock("near", { breakLock }).broken).toBeUndefined();
    rmSync(holderFile());
    leaveLock("far", NO_PROCESS);
    expect(lock("near", { breakLock }).broken).toBeUndefined();
  });
});

describe("a run that has lost its lock", () => {
  test("finds out, is told who has it now, and leaves it to them", () => {
    const slept = lock("slept");
    rmSync(holderFile());
    const other = lock("other");
    expect(() => slept.ensureHeld()).toThrow(
      expect.objectContaining({ code: "LOCKED", message: expect.stringContaining("run other") }),
    );
    slept.release();
    other.ensureHeld();
  });

  test("finds out also where nobody has it", () => {
    const slept = lock("slept");
    rmSync(join(stateDir, "locks"), { recursive: true });
    expect(() => slept.ensureHeld()).toThrow("someone has broken or removed it");
    slept.release();
    expect(existsSync(join(stateDir, "locks"))).toBe(false);
  });

  test("finds out also when the same run holds it again, in another process", () => {
    const slept = lock("same");
    rmSync(holderFile());
    mkdirSync(join(stateDir, "locks"), { recursive: true });
    const other = lock("same");
    expect(() => slept.ensureHeld()).toThrow("has lost its lock");
    other.ensureHeld();
  });
});
