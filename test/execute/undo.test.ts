import { describe, expect, test } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/engine/clock.ts";
import type { WireRequest } from "../../src/engine/wire.ts";
import { CASES, type MigrationCase } from "../simulation/cases.ts";
import { Crash, Disk, type Hooks, runProcess } from "../simulation/process.ts";
import { Site } from "../simulation/site.ts";
import { changesSince, readInventory, undoRun } from "../simulation/take-back.ts";

const [MIGRATION] = CASES as [MigrationCase];
const IDENTITY = /^after PUT .*userAssignedIdentities\/[^/]+$/;
const ROLE = /^after PUT .*roleAssignments\/[^/]+$/;

/** Lets a process die at the nth point of a kind, or where it never comes that far, at its end. */
function dyingAt(what: RegExp, nth = 1): Hooks {
  let left = nth;
  return {
    point(text) {
      if (left > 0 && what.test(text)) left -= 1;
      if (left === 0) throw new Crash();
    },
  };
}

async function begin() {
  const site = await Site.open(MIGRATION);
  return { site, disk: new Disk(), before: await readInventory(site) };
}

describe("what a run made is found and removed", () => {
  test.each([
    ["an identity of which only Azure knows", IDENTITY, 1],
    ["the second identity", IDENTITY, 2],
    ["a role assignment of which only Azure knows", ROLE, 1],
    ["a later role assignment", ROLE, 3],
    ["one whose id is in the journal, not that Azure has accepted it", /^after journal change:bound/, 3],
    ["nothing, where the request was never sent", /^before PUT .*roleAssignments/, 1],
  ])("where it was killed: %s", async (_, what, nth) => {
    const { site, disk, before } = await begin();
    expect(await runProcess(site, disk, dyingAt(what, nth))).toEqual({ kind: "crashed" });
    const left = await undoRun(site, disk);
    expect(left.doubtful).toEqual([]);
    expect(changesSince(before, await readInventory(site))).toEqual([]);
    expect((await undoRun(site, disk)).made).toEqual([]);
  });

  test.each([
    ["an identity", IDENTITY],
    ["a role assignment", ROLE],
  ])("where the run that was resumed later found %s there", async (_, what) => {
    const { site, disk, before } = await begin();
    await runProcess(site, disk, dyingAt(what));
    site.clock.advance(DAY_MS);
    await runProcess(site, disk, dyingAt(/^before journal step:waiting/));
    const { made, doubtful } = await undoRun(site, disk);
    expect(doubtful).toEqual([]);
    expect(new Set(made.map(({ key }) => key))).toEqual(
      new Set(disk.events.flatMap((event) => (event.type === "change:started" ? [event.key] : []))),
    );
    expect(changesSince(before, await readInventory(site))).toEqual([]);
  });

  test("where it was told that it was there already, and an earlier attempt of its own had made it", async () => {
    const { site, disk, before } = await begin();
    await runProcess(site, disk, dyingAt(ROLE));
    const name = changesSince(before, await readInventory(site))
      .find((change) => change.includes("roleassignments"))!
      .split("/")
      .at(-1)!;
    const begun = disk.lines.length;
    // Azure does not list it yet, and so it is made again.
    await runProcess(site, disk, {
      ...dyingAt(/^after journal change:bound/),
      async carry(request) {
        const response = await site.emulator.handle(request);
        if (request.method !== "GET" || !/\/roleAssignments\?/.test(request.url)) return response;
        const { value } = JSON.parse(response.body) as { value: { name: string }[] };
        return { ...response, body: JSON.stringify({ value: value.filter((held) => held.name !== name) }) };
      },
    });
    const bound = disk.events.slice(begun).find(({ type }) => type === "change:bound");
    expect(bound).toMatchObject({ adopted: true });
    await undoRun(site, disk);
    expect(changesSince(before, await readInventory(site))).toEqual([]);
  });

  test("once: what it took back and made again since is found again", async () => {
    const { site, disk, before } = await begin();
    await runProcess(site, disk, dyingAt(ROLE));
    await undoRun(site, disk);
    site.clock.advance(HOUR_MS);
    await runProcess(site, disk, dyingAt(ROLE, 2));
    expect((await undoRun(site, disk)).doubtful).toEqual([]);
    expect(changesSince(before, await readInventory(site))).toEqual([]);
  });
});

describe("what somebody else made stays", () => {
  /** The run dies before its request is sent, and somebody makes the same thing a while later. */
  async function strangerAfter(what: RegExp, laterMs: number) {
    const { site, disk, before } = await begin();
    let request: { path: string; body: string } | undefined;
    await runProcess(site, disk, {
      point() {},
      async carry(sent) {
        const path = new URL(sent.url).pathname;
        if (sent.method !== "PUT" || !what.test(path)) return site.emulator.handle(sent);
        request = { path, body: sent.body! };
        throw new Crash();
      },
    });
    site.clock.advance(laterMs);
    const version = /roleAssignments/.test(request!.path) ? "2022-04-01" : "2023-01-31";
    const made = await site.ask("PUT", `${request!.path}?api-version=${version}`, JSON.parse(request!.body));
    expect(made.status).toBe(201);
    return { site, disk, before, id: request!.path.toLowerCase() };
  }

  test.each([
    ["an identity of the same name", /userAssignedIdentities\/[^/]+$/],
    ["the same role assignment, under the same name", /roleAssignments\/[^/]+$/],
  ])("%s, and is named with the reason", async (_, what) => {
    const { site, disk, before, id } = await strangerAfter(what, HOUR_MS);
    const { made, doubtful } = await undoRun(site, disk);
    expect(made.map(({ resourceId }) => resourceId.toLowerCase())).not.toContain(id);
    expect(doubtful).toEqual([
      expect.objectContaining({ reason: expect.stringContaining("somebody else has made it") }),
    ]);
    expect(doubtful[0]!.resourceId.toLowerCase()).toBe(id);
    expect(changesSince(before, await readInventory(site))).toEqual([`+ ${id}`]);
  });

  test("though a run that was resumed later found it there and went on with it", async () => {
    const { site, disk, before, id } = await strangerAfter(/userAssignedIdentities\/[^/]+$/, HOUR_MS);
    await runProcess(site, disk, dyingAt(/^before journal step:waiting/));
    const { doubtful } = await undoRun(site, disk);
    expect(doubtful.map(({ resourceId }) => resourceId.toLowerCase())).toEqual([id]);
    expect(changesSince(before, await readInventory(site))).toEqual([`+ ${id}`]);
  });

  test("what was made under another name for the same right", async () => {
    const { site, disk, before } = await begin();
    let other = "";
    await runProcess(site, disk, {
      point() {},
      async carry(sent) {
        const { pathname } = new URL(sent.url);
        if (sent.method !== "PUT" || !/roleAssignments/.test(pathname)) return site.emulator.handle(sent);
        other = pathname.replace(/[^/]+$/, "11111111-2222-4333-8444-555555555555");
        await site.ask("PUT", `${other}?api-version=2022-04-01`, JSON.parse(sent.body!));
        throw new Crash();
      },
    });
    await undoRun(site, disk);
    expect(changesSince(before, await readInventory(site))).toEqual([`+ ${other.toLowerCase()}`]);
  });

  test.each([
    ["does not show when it was made", { from: '"createdTime"', to: '"otherTime"' }],
    ["may not be asked when it was made", { status: 403, from: /.*/s, to: '{"error":{"code":"AuthorizationFailed"}}' }],
  ])("where Azure %s", async (_, { status, from, to }: { status?: number; from: string | RegExp; to: string }) => {
    const { site, disk } = await begin();
    await runProcess(site, disk, dyingAt(IDENTITY));
    const handle = async (request: WireRequest) => {
      const response = await site.emulator.handle(request);
      if (!/\/resources\?/.test(request.url)) return response;
      return { ...response, status: status ?? response.status, body: response.body.replace(from, to) };
    };
    const { made, doubtful } = await undoRun(site, disk, { handle, clock: site.clock });
    expect(made).toEqual([]);
    expect(doubtful).toEqual([expect.objectContaining({ reason: expect.stringContaining("does not show when") })]);
  });
});

describe("nothing is removed", () => {
  test("once nodes are drained or the cluster is switched, or uses what would be removed", async () => {
    const { site, disk, before } = await begin();
    await runProcess(site, disk, dyingAt(/^before PUT .*managedClusters\/[^/]+$/));
    const made = changesSince(before, await readInventory(site));
    await expect(undoRun(site, disk)).rejects.toMatchObject({ code: "BLOCKED" });
    // The same without the word of the journal: by hand, or on another machine.
    const early = new Disk();
    early.lines.push(...disk.lines.filter((line) => !/"key":"(switch|gap):/.test(line)));
    const cluster = await site.read<{ identity?: unknown }>(`${site.clusterId}?api-version=2026-04-01`);
    const ids = made.filter((change) => /userassignedidentities\/[^/]+$/.test(change)).map((change) => change.slice(2));
    await site.ask("PUT", `${site.clusterId}?api-version=2026-04-01`, {
      ...cluster,
      identity: { type: "UserAssigned", userAssignedIdentities: { [ids[0]!]: {} } },
    });
    site.clock.advance(MINUTE_MS);
    await expect(undoRun(site, early)).rejects.toMatchObject({ code: "BLOCKED" });
    const after = new Set(changesSince(before, await readInventory(site)));
    for (const one of made) expect(after).toContain(one);
  });
});
