import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { connect } from "../../src/azure/connection.ts";
import { readJournal } from "../../src/engine/journal.ts";
import { planHash } from "../../src/plan/canonical.ts";
import type { Holder } from "../../src/state/holder.ts";
import { type ClusterLock, isClusterLocked, lockCluster } from "../../src/state/lock.ts";
import { createRun, journalFile, type RunDirectory } from "../../src/state/state-directory.ts";
import { executeAt, type RunAt } from "../simulation/execute-at.ts";
import { Site } from "../simulation/site.ts";
import { caseOf } from "../simulation/until-done.ts";
import { Lab } from "../support/lab.ts";

const MIGRATION = caseOf("one own identity to another");

let stateDir: string;
let site: Site;
let run: RunDirectory;

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "aks-mi-run-locks-"));
  site = await Site.open(MIGRATION);
  run = createRun(stateDir, site.plan, site.clock.now());
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

function start(options: Omit<RunAt, "stateDir" | "run"> = {}) {
  return executeAt(site, { stateDir, run, approval: { by: "test", how: "yes" }, ...options });
}

async function writes(): Promise<number> {
  const served = await site.read<{ method: string }[]>("/_emulator/requests");
  return served.filter(({ method }) => method !== "GET").length;
}

/** The file that says who holds the one cluster. */
function holderFile(): string {
  const locks = join(stateDir, "locks");
  const [folder] = readdirSync(locks);
  return join(locks, folder!, readdirSync(join(locks, folder!))[0]!);
}

/** Another run takes the cluster over, as `--break-lock` would from another host. */
function takeOver(): ClusterLock {
  rmSync(holderFile());
  return lockCluster({ stateDir, clusterId: site.clusterId, run: "other", plan: "another plan" });
}

/** Leaves the lock of a run on another host. */
function leaveLock(of: string): void {
  lockCluster({ stateDir, clusterId: site.clusterId, run: of, plan: "another plan" });
  const holder = JSON.parse(readFileSync(holderFile(), "utf8")) as Holder;
  writeFileSync(holderFile(), JSON.stringify({ ...holder, host: "runner-7", since: "2026-11-22T07:00:00.000Z" }));
}

describe("a run whose lock is taken over while it is at work", () => {
  test("stops before its next journal line and its next write, whenever that is, and never takes the lock back", async () => {
    let lostAt = 0;
    for (let isOver = false; !isOver; ) {
      lostAt++;
      site = await Site.open(MIGRATION, { plan: site.plan });
      run = createRun(stateDir, site.plan, site.clock.now());
      let seen = 0;
      let other: ClusterLock | undefined;
      let lines = 0;
      let sent = 0;
      const outcome = await start({
        onEvent() {
          if (++seen !== lostAt) return;
          other = takeOver();
          lines = readJournal(journalFile(run, 0)).length;
        },
        onWrite() {
          if (other) sent++;
        },
      });
      isOver = outcome.kind === "done";
      if (!isOver)
        expect(outcome, `lost after event ${lostAt}`).toMatchObject({
          kind: "failed",
          error: { code: "LOCKED", message: expect.stringContaining("run other") },
        });
      expect([sent, readJournal(journalFile(run, 0)).length], `lost after event ${lostAt}`).toEqual([0, lines]);
      other!.ensureHeld();
      other!.release();
    }
    expect(lostAt).toBeGreaterThan(15);
  });

  test("sends no request again that waits for its turn meanwhile", async () => {
    await site.ask("POST", "/_emulator/faults", {
      match: { method: "PUT", pathPattern: "userAssignedIdentities" },
      fault: { status: 503, code: "ServerBusy", retryAfter: 300 },
      times: 3,
    });
    let other: ClusterLock | undefined;
    const outcome = await start({
      onEvent(event) {
        if (event.type === "request:retried") other = takeOver();
      },
    });
    expect(outcome).toMatchObject({ kind: "failed", error: { code: "LOCKED" } });
    expect(await writes()).toBe(1);
    other!.ensureHeld();
  });

  test("is asked before each write, and not only before each change", async () => {
    let asked = 0;
    const azure = (await connect({ cloud: "AzureCloud", emulator: site.emulator })).azure({
      beforeWrite() {
        asked++;
        throw new Error("not now");
      },
    });
    const { controlPlane } = site.subjects[0]!.identities;
    await expect(azure.clusters.update(site.clusterId, (body) => body)).rejects.toThrow("not now");
    await expect(azure.clusters.upgradeNodeImage(site.clusterId, "system")).rejects.toThrow("not now");
    await expect(azure.identities.create(controlPlane!.id, controlPlane!.location)).rejects.toThrow("not now");
    await expect(azure.identities.remove(controlPlane!.id)).rejects.toThrow("not now");
    expect(asked).toBe(4);
    expect(await writes()).toBe(0);
  });
});

describe("--break-lock", () => {
  test("is in the journal: whose lock was broken, where it was, and by whom", async () => {
    leaveLock("far");
    expect(await start()).toMatchObject({ kind: "failed", error: { code: "LOCKED" } });
    expect(await writes()).toBe(0);
    expect((await start({ breakLock: { run: "far", by: "someone" } })).kind).toBe("done");
    expect(readJournal(journalFile(run, 0)).filter(({ type }) => type === "lock:broken")).toEqual([
      expect.objectContaining({ holder: "far", host: "runner-7", since: "2026-11-22T07:00:00.000Z", by: "someone" }),
    ]);
    expect(isClusterLocked(stateDir, site.clusterId)).toBe(false);
  });
});

describe("the locks of a run with several clusters", () => {
  test("are left to a run of the same plan that has any of them; another plan's costs only its own cluster", async () => {
    const scenario = join(stateDir, "estate.yaml");
    writeFileSync(scenario, "generate: { clusters: 8, subscriptions: 1 }\n");
    const lab = await Lab.open({}, scenario);
    const all = await lab.clusterIds();
    const plan = await lab.plan({ clusterIds: all });
    const clusters = plan.clusters.filter(({ path, blocked }) => path !== "none" && !blocked);
    expect(clusters.length).toBeGreaterThan(1);
    const shared = { ...plan, clusters: clusters.slice(0, 2) };
    const [first, second] = shared.clusters.map(({ id }) => id);
    const request = { stateDir: lab.stateDir, clusterId: second!, run: "other" };

    const twin = lockCluster({ ...request, plan: planHash(shared) });
    const refused = await lab.apply(shared);
    expect(refused.results.map(({ outcome }) => outcome)).toEqual([
      expect.objectContaining({ kind: "failed", error: expect.objectContaining({ code: "LOCKED" }) }),
      expect.objectContaining({ kind: "failed", error: expect.objectContaining({ code: "LOCKED" }) }),
    ]);
    expect(refused.events).toEqual([]);
    expect(await lab.writes()).toEqual([]);
    expect(isClusterLocked(lab.stateDir, first!)).toBe(false);
    twin.release();

    const stranger = lockCluster({ ...request, plan: "another plan" });
    const apart = await lab.apply(shared);
    expect(apart.results[1]!.outcome).toMatchObject({ kind: "failed", error: { code: "LOCKED" } });
    expect(new Set(apart.events.map(({ cluster }) => cluster))).toEqual(new Set([first]));
    expect(apart.events.map(({ type }) => type)).toContain("change:applied");
    stranger.release();
  });
});

describe("two runs that begin in the same second", () => {
  test("have a directory each, and one that is no run yet is not taken for one", () => {
    const again = createRun(stateDir, site.plan, site.clock.now());
    expect(again.id).toBe(`${run.id}-2`);
    expect(readFileSync(join(again.path, "plan.yaml"), "utf8")).toBe(readFileSync(join(run.path, "plan.yaml"), "utf8"));
    expect(readdirSync(again.path).sort()).toEqual([expect.stringMatching(/^1-/), "plan.yaml"]);
  });
});
