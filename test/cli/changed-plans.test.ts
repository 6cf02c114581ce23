import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import { DEMO_CLUSTER } from "../support/cli.ts";
import { InProcessCommandLine } from "../support/in-process.ts";
import { expectMigrated } from "../support/migrated.ts";

let line: InProcessCommandLine;
let plan: string;
beforeEach(async () => {
  line = await InProcessCommandLine.open();
  plan = line.file("plan.yaml");
  const planned = await line.run("plan", "--id", DEMO_CLUSTER, "--out", plan);
  expect(planned.code, planned.stderr).toBe(0);
});

function resources<T extends { readonly id: string }>(): Promise<T[]> {
  return line.lab.control<T[]>("GET", "/_emulator/resources");
}

test("a run whose directory is lost goes on from what Azure shows", async () => {
  const paused = await line.run("apply", "--plan", plan, "--yes", "--until", "verify-migration");
  expect(paused.code, paused.stderr).toBe(8);
  rmSync(line.file("state"), { recursive: true });
  const applied = await line.run("apply", "--plan", plan, "--yes");
  expect(applied.code, applied.stderr).toBe(0);
  await expectMigrated(line.lab);
});

test("a plan is stale when a pool was added, and not when a count or a tag has changed", async () => {
  interface Cluster {
    readonly id: string;
    readonly properties: { readonly agentPoolProfiles: readonly Record<string, unknown>[] };
  }
  const cluster = (await resources<Cluster>()).find(({ id }) => id.toLowerCase() === DEMO_CLUSTER.toLowerCase())!;
  const pools = cluster.properties.agentPoolProfiles;
  const put = (agentPoolProfiles: readonly object[], more: object = {}) =>
    line.lab.control("POST", "/_emulator/resources", [
      { ...cluster, ...more, properties: { ...cluster.properties, agentPoolProfiles } },
    ]);
  await put(
    pools.map((pool) => ({ ...pool, count: Number(pool["count"]) + 1 })),
    { tags: { changed: "yes" } },
  );
  const fine = await line.run("apply", "--plan", plan, "--dry-run");
  expect(fine.code, fine.stderr).toBe(0);

  await put([...pools, { ...pools[0], name: "extra" }]);
  const stale = await line.run("apply", "--plan", plan, "--yes");
  expect(stale.code).toBe(5);
  expect(stale.stderr).toContain("pools.extra was nothing and is");
  expect(await line.lab.writes()).toEqual([]);
});

describe("a plan that may not be run", () => {
  test("without an approval, or with the wrong one, ends with 7 and writes nothing", async () => {
    expect((await line.run("apply", "--plan", plan)).code).toBe(7);
    expect((await line.run("apply", "--plan", plan, "--approve", "0".repeat(64))).code).toBe(7);
    expect((await line.run("--plan", plan)).code).toBe(7);
    expect(await line.lab.writes()).toEqual([]);
  });

  test("that is damaged ends with 2 and names the place", async () => {
    const bad = line.file("bad.yaml");
    writeFileSync(bad, readFileSync(plan, "utf8").replace("settings:", "setting:"));
    const refused = await line.run("apply", "--plan", bad, "--yes");
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/bad\.yaml:\d+: /);
    expect((await line.run("apply", "--plan", line.file("missing.yaml"), "--yes")).code).toBe(2);
    expect(await line.lab.writes()).toEqual([]);
  });

  test("whose facts were made to fit is stale, as its fingerprint tells", async () => {
    const edited = readFileSync(plan, "utf8").replace(/(fingerprint: sha256:)[0-9a-f]{64}/, `$1${"0".repeat(64)}`);
    writeFileSync(plan, edited);
    const refused = await line.run("apply", "--plan", plan, "--yes");
    expect([refused.code, refused.stderr]).toEqual([5, expect.stringContaining("not those of its fingerprint")]);
    expect(await line.lab.writes()).toEqual([]);
  });

  test("that was made on an emulator is refused without one, before any request", async () => {
    const before = (await line.lab.requests()).length;
    const refused = await line.runIn({ env: { AKS_MI_EMULATOR: "" } }, "apply", "--plan", plan, "--yes");
    expect(refused.code).toBe(5);
    expect((await line.lab.requests()).length).toBe(before);
  });
});

describe("undo", () => {
  test("removes what a run created before the switch, and nothing else", async () => {
    const before = await resources();
    const paused = await line.run("apply", "--plan", plan, "--yes", "--until", "enable-managed-identity");
    expect(paused.code, paused.stderr).toBe(8);
    const asked = await line.run("undo");
    expect(asked.code).toBe(7);
    expect(asked.stderr).toContain("The removal has not been approved.");
    expect(asked.stdout).toContain("  - create identity id-");
    const undone = await line.run("undo", "--yes");
    expect(undone.code, undone.stderr).toBe(0);
    expect((await line.run("report")).stdout).toMatch(/\| Undo approved \| the emulator's caller .*--yes/);
    const ids = (list: readonly { readonly id: string }[]) => list.map(({ id }) => id).sort();
    expect(ids(await resources())).toEqual(ids(before));
    // An assignment whose principal is gone would be left behind, belonging to nobody.
    const deleted = (await line.lab.requests()).filter(({ method }) => method === "DELETE").map(({ path }) => path);
    const isRole = deleted.map((path) => /roleAssignments/i.test(path));
    expect(isRole.filter(Boolean).length).toBeGreaterThan(0);
    expect(isRole.lastIndexOf(true)).toBeLessThan(isRole.indexOf(false));

    // What was approved before has been taken back since.
    expect((await line.run("resume", "--until", "assign-roles")).code).toBe(7);
    expect(ids(await resources())).toEqual(ids(before));
    expect((await line.run("resume", "--yes", "--until", "assign-roles")).code).toBe(8);
    expect((await line.run("resume", "--until", "assign-roles")).code).toBe(8);
  });

  test("removes what a run had just made when it was killed, and names and leaves what may be somebody else's", async () => {
    const before = await resources();
    const paused = await line.run("apply", "--plan", plan, "--yes", "--until", "enable-managed-identity");
    expect(paused.code, paused.stderr).toBe(8);
    // The process was killed after its last request, before it had the answer.
    const [run] = readdirSync(line.file("state/runs"));
    const journal = line.file(`state/runs/${run}/1-payments-prod/journal.jsonl`);
    const lines = readFileSync(journal, "utf8").split("\n");
    const last = lines.findLastIndex((text) => text.includes('"change:started"'));
    writeFileSync(journal, `${lines.slice(0, last + 1).join("\n")}\n`);
    const shown = JSON.parse((await line.run("undo", "-o", "json")).stdout) as { removes: string[]; keeps: unknown[] };
    expect([shown.removes.length, shown.keeps]).toEqual([(await resources()).length - before.length, []]);

    // The same, had a colleague's run made it an hour later.
    interface Assignment {
      readonly id: string;
      readonly properties: object;
    }
    const known = readFileSync(journal, "utf8").toLowerCase();
    const id = shown.removes.find((made) => !known.includes(made.toLowerCase()))!;
    const assignment = (await resources<Assignment>()).find((one) => one.id.toLowerCase() === id.toLowerCase())!;
    const createdOn = "2026-11-22T10:00:00.0000000Z";
    await line.lab.control("POST", "/_emulator/resources", [
      { ...assignment, properties: { ...assignment.properties, createdOn } },
    ]);
    const undone = await line.run("undo", "--yes");
    expect([undone.code, undone.stderr]).toEqual([
      0,
      expect.stringContaining(`Removed ${shown.removes.length - 1} of `),
    ]);
    expect(undone.stdout).toContain("Left alone; remove it yourself");
    expect(undone.stdout).toContain("somebody else has made it");
    const ids = (list: readonly { readonly id: string }[]) => list.map(({ id }) => id).sort();
    expect(ids(await resources())).toEqual(ids([...before, assignment]));
  });

  test("is refused after the switch", async () => {
    await line.run("apply", "--plan", plan, "--yes", "--until", "verify-migration");
    const refused = await line.run("undo", "--yes");
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain("no way back");
    // Any other run may be newer than this one.
    expect(refused.stderr).toMatch(/Go on with `aks-mi resume \S+ --/);
  });
});
