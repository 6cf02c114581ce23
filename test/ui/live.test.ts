import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import type { Event } from "../../src/engine/events.ts";
import { foldEvents } from "../../src/report/fold-events.ts";
import { createPalette, visibleLength } from "../../src/text/terminal.ts";
import { drawFrame } from "../../src/ui/frame.ts";
import type { FrameOptions } from "../../src/ui/frame-line.ts";
import { observeLive } from "../../src/ui/live.ts";
import { buildEvents, buildPlan, CLUSTER, REFUSED } from "../report/fixtures.ts";
import { FINISHED, INTERRUPTED, ROLLING } from "../report/run-fixtures.ts";

const plan = buildPlan();
const OPTIONS: FrameOptions = {
  now: new Date("2026-11-22T08:50:16Z"),
  width: 80,
  height: 24,
  paint: createPalette(false),
  spinner: "*",
  emulated: false,
  final: false,
  keys: "Ctrl-C saves and stops.",
};

function frame(events: readonly Event[], options: Partial<FrameOptions> = {}, of = plan): string {
  return drawFrame(foldEvents(of, events), { ...OPTIONS, ...options });
}

describe("a frame of the live view", () => {
  it("shows what was done before a resume as done, and a wait counting down to a clock time", () => {
    const text = frame(INTERRUPTED);
    expect(text).toMatch(/✔ Create identities +6 s\n ✔ Assign roles +9 s\n/);
    expect(text).toMatch(/◷ Wait for role propagation +until 09:00 UTC, 10 min left/);
    expect(frame(INTERRUPTED, { now: new Date("2026-11-22T08:59:16Z") })).toContain("until 09:00 UTC, 1 min left");
  });

  it("shows the nodes of each pool, and a time left that follows them", () => {
    const now = new Date("2026-11-22T09:12:17Z");
    const text = frame(ROLLING, { now });
    expect(text).toMatch(/███████░░░ pool system: 2 of 3 nodes re-imaged +aks-system-1 09:12 UTC/);
    expect(text).toMatch(/▸ switch payments-prod .*in progress/);
    expect(text).toMatch(/elapsed 1 h 12 min +proven in about 31 min to 1 h/);
  });

  it("shows a retry with its reason while its step is at work", () => {
    const retried = INTERRUPTED.findIndex(({ type }) => type === "request:retried");
    expect(frame(INTERRUPTED.slice(0, retried + 1))).toMatch(
      /↻ PrincipalNotFound, again after 5 s: PUT roleAssignments/,
    );
    expect(frame(INTERRUPTED)).not.toContain("PrincipalNotFound");
  });

  it("shows a retry before the first step, and no longer than until that is at work", () => {
    const retried = { type: "request:retried", request: "read", reason: "ETIMEDOUT", delayMs: 5000 } as const;
    const events = [...INTERRUPTED.slice(0, 2), ...buildEvents(["08:00:01", undefined, retried])];
    expect(frame(events)).toMatch(/^payments-prod\s+↻ ETIMEDOUT, again after 5 s: read +08:00 UTC\n · Create/);
    expect(frame([...events, INTERRUPTED[2]!])).not.toContain("ETIMEDOUT");
  });

  it("names the pools that a step has yet to drain as soon as it drains one", () => {
    const first = ROLLING.findIndex((event) => event.type === "node:progress" && event.reimaged === 1);
    expect(frame(ROLLING.slice(0, first))).not.toContain("pool apps");
    expect(frame(ROLLING.slice(0, first + 1))).toMatch(/pool system: 1 of 3 .*\n +░{10} pool apps: 0 of 4 nodes/);
  });

  it("keeps the changes in the plan's order where they fit", () => {
    const applied = INTERRUPTED.findIndex(
      ({ type, step }) => type === "change:applied" && step === "create-identities",
    );
    const text = frame(INTERRUPTED.slice(0, applied + 1));
    expect(text).toMatch(/· create identity id-payments-prod in .*\n +✔ create identity id-payments-prod-kubelet/);
  });

  it("says of a step that had nothing to do that it had not", () => {
    expect(frame(FINISHED)).toMatch(/✔ Assign kubelet identity +nothing to do/);
    expect(frame(FINISHED)).toMatch(/✔ Verify the migration +3 s/);
  });

  it("writes the moments that a wait's reason names as clock times", () => {
    const reason = "the youngest is of 2026-11-22T07:25:54.100Z";
    const waiting = { type: "step:waiting", reason, until: "2026-11-22T09:00:16Z" } as const;
    const text = frame([...INTERRUPTED, ...buildEvents(["08:30:02", "await-role-propagation", waiting])]);
    expect(text).toContain("the youngest is of 07:25 UTC");
  });

  it("names roles short", () => {
    const started = INTERRUPTED.findIndex(({ type, step }) => type === "change:started" && step === "assign-roles");
    const text = frame(INTERRUPTED.slice(0, started + 1));
    expect(text).toMatch(/▸ AcrPull on registry acrshared for kubelet +in progress/);
    expect(text).toContain("· Network Contributor on subnet vnet-hub/snet-gpu for control-plane");
  });

  it("marks the point of no return as long as it lies ahead", () => {
    expect(frame(INTERRUPTED)).toMatch(/· Enable managed identity +point of no return/);
    expect(frame(FINISHED)).not.toContain("point of no return");
  });

  it("draws a step that starts again as at work", () => {
    const again = [
      ...ROLLING,
      ...buildEvents(["09:13:00", "assign-roles", { type: "step:started", title: "Assign roles" }]),
    ];
    expect(frame(again)).toMatch(/\* Assign roles/);
    expect(frame(again)).toMatch(/· Enable managed identity/);
  });

  it("shows why a step failed and what to do", () => {
    const text = frame([...ROLLING, ...buildEvents(["09:13:00", "enable-managed-identity", REFUSED])]);
    expect(text).toContain("Azure said no. (AZURE_ERROR) Ask again.");
    expect(text).not.toContain("Ctrl-C");
  });

  it.each([
    [80, 24],
    [140, 40],
    [60, 17],
  ])("never exceeds %i columns and %i rows, whatever has happened", (width, height) => {
    for (let length = 0; length <= FINISHED.length; length += 1) {
      const lines = frame(FINISHED.slice(0, length), { width, height }).split("\n");
      expect(lines.length).toBeLessThan(height);
      for (const line of lines) expect(visibleLength(line), line).toBeLessThan(width);
    }
  });

  it("gives clusters that don't fit a line each", () => {
    const ids = ["a", "b", "c", "d"].map((name) => CLUSTER.replace("payments-prod", name));
    const fleet = { ...plan, clusters: ids.map((id) => ({ ...plan.clusters[0]!, id })) };
    const events = INTERRUPTED.map((event) => ({ ...event, cluster: ids[1]! }));
    const lines = frame(events, {}, fleet).split("\n");
    expect(lines.slice(0, 5).map((line) => line.trim().slice(0, 14))).toEqual([
      "· a  0 of 11  ",
      "◷ b  2 of 11  ",
      "roles take up ",
      "· c  0 of 11  ",
      "· d  0 of 11  ",
    ]);
    expect(lines[0]).toContain("queued");
    expect(lines[1]).toContain("until 09:00 UTC");
  });

  it("shows those at work first where there are more clusters than lines, and a queue as standing still", () => {
    const ids = Array.from({ length: 30 }, (_, index) => CLUSTER.replace("payments-prod", `c${index}`));
    const fleet = { ...plan, clusters: ids.map((id) => ({ ...plan.clusters[0]!, id })) };
    const of = (index: number, events: readonly Event[]) => events.map((event) => ({ ...event, cluster: ids[index]! }));
    const reason = "As many clusters as may be are at work.";
    const queued = { type: "step:waiting", reason, queued: true } as const;
    const events = [
      ...of(0, [...INTERRUPTED, ...buildEvents(["09:01:00", "await-role-propagation", queued])]),
      ...of(25, ROLLING),
    ];
    const lines = frame(events, {}, fleet).split("\n");
    expect(lines[0]).toMatch(/^ \* c25 /);
    expect(lines[1]).toMatch(/^ ◷ c0 .*Wait for role propagation/);
    expect(lines.find((line) => line.includes("more"))).toMatch(/… and \d+ more clusters/);
  });

  it("counts the queue into the time that is left", () => {
    const fleetOf = (count: number) => {
      const clusters = Array.from({ length: count }, (_, index) => ({
        ...plan.clusters[0]!,
        id: `${CLUSTER}-${index}`,
      }));
      const events = INTERRUPTED.slice(0, 1).map((event) => ({ ...event, cluster: clusters[0]!.id }));
      return /proven in about (.*)/.exec(frame(events, {}, { ...plan, clusters }))?.[1]?.trim();
    };
    expect(fleetOf(5)).toBe(fleetOf(1));
    expect(fleetOf(6)).not.toBe(fleetOf(1));
  });
});

describe("the live view", () => {
  const input = new PassThrough();

  function fakeStream() {
    const written: string[] = [];
    return { written, columns: 80, rows: 24, isTTY: true, write: (text: string) => written.push(text) > 0 };
  }

  it("is the only writer while it is up, and gives the streams back with what was written meanwhile", async () => {
    const [output, other] = [fakeStream(), fakeStream()];
    const listeners = process.listenerCount("exit");
    const [write, otherWrite] = [output.write, other.write];
    const live = observeLive({ plan, input, output, other, color: false, now: () => OPTIONS.now, keys: "" });
    for (const event of FINISHED) live.event(event);
    // listr2 loads its drawing lazily; the stream is taken over when that is done.
    while (other.write === otherWrite) await new Promise(setImmediate);
    other.write("stray\n");
    expect(other.written).toEqual([]);
    await live.end({ exitCode: 0, message: "Done.", next: "aks-mi report" });
    expect(other.written.join("")).toContain("stray");
    expect(output.write).toBe(write);
    expect(process.listenerCount("exit")).toBe(listeners);
    const text = output.written.join("");
    expect(text).toContain("✔ Wait for the token switchover");
    expect(text.endsWith("Done.\nNext: aks-mi report\n")).toBe(true);
  });

  it("is as wide as most where the terminal says that it has no size", async () => {
    const sizeless = () => Object.assign(fakeStream(), { columns: 0, rows: 0 });
    const [output, other] = [sizeless(), sizeless()];
    const otherWrite = other.write;
    const live = observeLive({ plan, input, output, other, color: false, now: () => OPTIONS.now, keys: "" });
    for (const event of FINISHED) live.event(event);
    while (other.write === otherWrite) await new Promise(setImmediate);
    await live.end({ exitCode: 0, message: "Done." });
    const text = output.written.join("");
    expect(text).toMatch(/✔ Wait for the token switchover/);
    expect(text.endsWith("Done.\n")).toBe(true);
  });

  it("ends in good order when it ends before it was ever drawn", async () => {
    const [output, other] = [fakeStream(), fakeStream()];
    const write = output.write;
    await observeLive({ plan, input, output, other, color: false, now: () => OPTIONS.now, keys: "" }).end({
      exitCode: 1,
      message: "No.",
    });
    expect(output.write).toBe(write);
    expect(output.written.join("")).toMatch(/No\.\n$/);
  });
});
