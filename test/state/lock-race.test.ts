import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AksMiError } from "../../src/engine/errors.ts";
import { type ClusterLock, lockCluster } from "../../src/state/lock.ts";

/** Called before each call of the file system: the moments at which another process may get in between. */
const between = vi.hoisted(() => ({ call: (_name: string) => {} }));

vi.mock("node:fs", async (importOriginal) => {
  const real = await importOriginal<Record<string, unknown>>();
  const watched = Object.entries(real).map(([name, value]) => [
    name,
    typeof value === "function" && name.endsWith("Sync")
      ? (...args: unknown[]) => {
          between.call(name);
          return value(...args) as unknown;
        }
      : value,
  ]);
  return Object.fromEntries(watched) as typeof real;
});

/** The process whose lock lies there is dead, once the test says so; all others are alive. */
const dead = vi.hoisted(() => ({ runs: new Set<string>() }));

vi.mock("../../src/state/holder.ts", async (importOriginal) => ({
  ...(await importOriginal<typeof import("../../src/state/holder.ts")>()),
  lifeOf: ({ run }: { run: string }) => (dead.runs.has(run) ? "dead" : "alive"),
}));

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "aks-mi-race-"));
  dead.runs.clear();
});
afterEach(() => {
  between.call = () => {};
  rmSync(stateDir, { recursive: true, force: true });
});

/** Tries to take the lock. @returns undefined when another has it */
function attempt(run: string): ClusterLock | undefined {
  try {
    return lockCluster({ stateDir, clusterId: "/cluster", run, plan: run });
  } catch (error) {
    if (error instanceof AksMiError && error.code === "LOCKED") return undefined;
    throw error;
  }
}

function isHeld(lock: ClusterLock | undefined): boolean {
  try {
    lock?.ensureHeld();
    return lock !== undefined;
  } catch {
    return false;
  }
}

/** One attempt got the lock, and has it still: nobody who was slower took it away. */
function expectOne(attempts: (ClusterLock | undefined)[], when: string): void {
  const taken = attempts.filter((lock) => lock !== undefined);
  expect(taken, when).toHaveLength(1);
  expect(isHeld(taken[0]), when).toBe(true);
}

/** Does `others` at one moment of `work`, the n-th. @returns false when there is no such moment */
function interrupt<T>(moment: number, work: () => T, others: () => void): { result: T; interrupted: boolean } {
  let calls = 0;
  let interrupted = false;
  between.call = () => {
    if (calls++ !== moment) return;
    interrupted = true;
    between.call = () => {};
    others();
  };
  const result = work();
  between.call = () => {};
  return { result, interrupted };
}

const SITUATIONS: Record<string, () => void> = {
  "nobody's": () => {},
  "a dead process's": () => {
    attempt("dead");
    dead.runs.add("dead");
  },
  "an empty folder": () => attempt("gone")!.release(),
};

describe.each(Object.keys(SITUATIONS))("two processes that take a lock that is %s", (situation) => {
  test("at the same moment, whichever: exactly one has it", () => {
    let moments = 0;
    for (let interrupted = true; interrupted; moments++) {
      rmSync(join(stateDir, "locks"), { recursive: true, force: true });
      dead.runs.clear();
      SITUATIONS[situation]!();
      let second: ClusterLock | undefined;
      const ended = interrupt(
        moments,
        () => attempt("first"),
        () => {
          second = attempt("second");
        },
      );
      interrupted = ended.interrupted;
      if (!interrupted) second = attempt("second");
      expectOne([ended.result, second], `moment ${moments}`);
      expect(readdirSync(join(stateDir, "locks"))).toHaveLength(1);
      ended.result?.release();
      second?.release();
    }
    expect(moments).toBeGreaterThan(8);
  });

  test("while a third takes it, dies, and is replaced: still exactly one has it", () => {
    for (let moment = 0, interrupted = true; interrupted; moment++) {
      rmSync(join(stateDir, "locks"), { recursive: true, force: true });
      dead.runs.clear();
      SITUATIONS[situation]!();
      let third: ClusterLock | undefined;
      const ended = interrupt(
        moment,
        () => attempt("first"),
        () => {
          if (!attempt("second")) return;
          dead.runs.add("second");
          third = attempt("third");
        },
      );
      interrupted = ended.interrupted;
      expectOne([ended.result, third], `moment ${moment}`);
    }
  });
});

test("a lock that is released at any moment of someone else's attempt is taken or not, but never by both", () => {
  for (let moment = 0, interrupted = true; interrupted; moment++) {
    const first = attempt("first")!;
    const ended = interrupt(
      moment,
      () => attempt("second"),
      () => first.release(),
    );
    interrupted = ended.interrupted;
    expect(isHeld(first) && isHeld(ended.result), `moment ${moment}`).toBe(false);
    if (!interrupted) first.release();
    ended.result?.release();
    expect(readdirSync(join(stateDir, "locks"))).toEqual([]);
  }
});
