import { describe, expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS, VirtualClock } from "../../src/engine/clock.ts";
import type { StampedEvent } from "../../src/engine/events.ts";
import { History } from "../../src/engine/history.ts";
import { MemoryOperationStore } from "../../src/engine/operations.ts";
import { type Outcome, type RunOptions, run } from "../../src/engine/run.ts";
import type { AnyStep, Verdict } from "../../src/engine/step.ts";
import { WorkPlaces } from "../../src/execute/work-places.ts";

/** A place is asked for, and what was promised is carried out, between two turns of the loop. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("places", () => {
  test("are given in the order of asking, never more than there are", async () => {
    const places = new WorkPlaces(2);
    const got: number[] = [];
    const own = [0, 1, 2, 3, 4].map(() => places.for(new AbortController().signal));
    own.forEach((place, index) => void place.take().then(() => got.push(index)));
    await settled();
    expect(got).toEqual([0, 1]);
    own[1]!.leave();
    own[1]!.leave();
    await settled();
    expect(got).toEqual([0, 1, 2]);
    void own[1]!.take().then(() => got.push(1));
    own[0]!.leave();
    own[2]!.leave();
    await settled();
    expect(got).toEqual([0, 1, 2, 3, 4]);
    own[3]!.leave();
    await settled();
    expect(got).toEqual([0, 1, 2, 3, 4, 1]);
  });

  test("are held once, however often they are taken", async () => {
    const places = new WorkPlaces(1);
    const [first, second] = [0, 1].map(() => places.for(new AbortController().signal));
    await first!.take();
    await first!.take();
    expect([first!.isTaken(), second!.isTaken()]).toEqual([false, true]);
    first!.leave();
    expect(second!.isTaken()).toBe(false);
  });

  test("are not kept for who has been stopped while queueing", async () => {
    const places = new WorkPlaces(1);
    const controller = new AbortController();
    const [first, second, third] = [
      places.for(new AbortController().signal),
      places.for(controller.signal),
      places.for(new AbortController().signal),
    ];
    await first!.take();
    const stopped = second!.take();
    const next = third!.take();
    controller.abort(new Error("stopped"));
    await expect(stopped).rejects.toThrow("stopped");
    await expect(second!.take()).rejects.toThrow("stopped");
    first!.leave();
    await next;
    second!.leave();
    expect(second!.isTaken()).toBe(true);
  });
});

/** What clusters that share places do, on one clock. */
class Fleet {
  readonly clock = new VirtualClock();
  readonly controller = new AbortController();
  readonly #places: WorkPlaces;
  #busy = 0;
  most = 0;

  constructor(places: number) {
    this.#places = new WorkPlaces(places);
  }

  /** Work of Azure on a cluster, seen by looking every minute. */
  work(id: AnyStep["id"], lastsMs: number): AnyStep {
    let endsAt: number | undefined;
    return {
      id,
      detect: async () => undefined,
      decide: (_facts, now): Verdict => {
        if (endsAt === undefined) {
          endsAt = now.getTime() + lastsMs;
          this.#busy += 1;
          this.most = Math.max(this.most, this.#busy);
        }
        if (now.getTime() < endsAt) return { kind: "wait", reason: "Azure is at it.", pollMs: MINUTE_MS };
        this.#busy -= 1;
        return { kind: "done", evidence: "done" };
      },
      apply: async () => {},
    };
  }

  /** An hour that has to pass, or somebody who acts after an hour. */
  idle(id: AnyStep["id"], isKnown = true): AnyStep {
    let until: Date | undefined;
    return {
      id,
      detect: async () => undefined,
      decide: (_facts, now): Verdict => {
        until ??= new Date(now.getTime() + HOUR_MS);
        if (now >= until) return { kind: "done", evidence: "over" };
        const known = isKnown ? { until } : {};
        return { kind: "wait", reason: "It takes an hour.", pollMs: MINUTE_MS, idle: true, ...known };
      },
      apply: async () => {},
    };
  }

  /** Runs a cluster, as everything that runs several does. */
  async run(steps: readonly AnyStep[], options: Partial<RunOptions> = {}) {
    const place = this.#places.for(this.controller.signal);
    const events: StampedEvent[] = [];
    await place.take();
    try {
      const generator = run({
        steps,
        approved: new Map(),
        clock: this.clock,
        signal: this.controller.signal,
        history: new History(),
        operations: new MemoryOperationStore(),
        place,
        guard: async () => [],
        ...options,
      });
      for (;;) {
        const next = await generator.next();
        if (next.done) return { events, outcome: next.value as Outcome, at: this.clock.now() };
        events.push(next.value);
      }
    } finally {
      place.leave();
    }
  }
}

const times = (count: number) => Array.from({ length: count }, (_, index) => index);

describe("clusters that share places", () => {
  test.each([true, false])("wait side by side and work one after the other (moment known: %s)", async (isKnown) => {
    const fleet = new Fleet(2);
    const start = fleet.clock.now().getTime();
    const ended = await Promise.all(
      times(8).map(() =>
        fleet.run([
          fleet.idle("await-role-propagation", isKnown),
          fleet.work("enable-managed-identity", 10 * MINUTE_MS),
        ]),
      ),
    );
    expect(fleet.most).toBe(2);
    expect(ended.map(({ at }) => (at.getTime() - start) / MINUTE_MS)).toEqual([70, 70, 80, 80, 90, 90, 100, 100]);
  });

  test("keep their places while Azure is at work", async () => {
    const fleet = new Fleet(2);
    const start = fleet.clock.now().getTime();
    await Promise.all(times(4).map(() => fleet.run([fleet.work("enable-managed-identity", HOUR_MS)])));
    expect(fleet.most).toBe(2);
    expect(fleet.clock.now().getTime() - start).toBe(2 * HOUR_MS);
  });

  test("say so once when their wait is over and there is no place", async () => {
    const fleet = new Fleet(1);
    const steps = () => [fleet.idle("await-role-propagation"), fleet.work("enable-managed-identity", 10 * MINUTE_MS)];
    const [first, second] = await Promise.all([fleet.run(steps()), fleet.run(steps())]);
    const waits = ({ events }: typeof first) =>
      events.filter(({ type, step }) => type === "step:waiting" && step === "await-role-propagation");
    expect(waits(first)).toHaveLength(1);
    expect(waits(second)).toEqual([
      expect.objectContaining({ until: expect.any(String) }),
      expect.objectContaining({ queued: true }),
    ]);
  });

  test("pause all when the time box ends in their wait, and before their work when it ends in the queue", async () => {
    const fleet = new Fleet(1);
    const inMinutes = (minutes: number) => new Date(fleet.clock.now().getTime() + minutes * MINUTE_MS);
    const steps = () => [fleet.idle("await-role-propagation"), fleet.work("enable-managed-identity", 10 * MINUTE_MS)];
    const early = await Promise.all(times(3).map(() => fleet.run(steps(), { pauseAt: inMinutes(30) })));
    expect(early.map(({ outcome }) => outcome)).toEqual(
      times(3).map(() => expect.objectContaining({ kind: "paused", retryAt: inMinutes(60) })),
    );
    const late = await Promise.all(times(3).map(() => fleet.run(steps(), { pauseAt: inMinutes(75) })));
    expect(late.map(({ outcome }) => outcome.kind)).toEqual(["done", "paused", "paused"]);
  });

  test("stop before a step while others wait", async () => {
    const fleet = new Fleet(1);
    const steps = () => [fleet.idle("await-role-propagation"), fleet.work("enable-managed-identity", 10 * MINUTE_MS)];
    const ended = await Promise.all(times(3).map(() => fleet.run(steps(), { until: "enable-managed-identity" })));
    expect(ended.map(({ outcome }) => outcome.kind)).toEqual(["paused", "paused", "paused"]);
    expect(fleet.most).toBe(0);
  });

  test("all end when they are stopped, whether they work, wait, queue again or have not begun", async () => {
    const fleet = new Fleet(1);
    const endless = fleet.work("enable-managed-identity", 5 * HOUR_MS);
    const running = [
      fleet.run([fleet.idle("await-role-propagation"), endless]),
      fleet.run([fleet.idle("await-role-propagation"), fleet.work("enable-managed-identity", MINUTE_MS)]),
      fleet.run([
        fleet.work("enable-managed-identity", 2 * MINUTE_MS),
        fleet.idle("await-kubelet-propagation"),
        fleet.idle("await-token-switchover"),
      ]),
    ];
    const late = fleet.clock.sleep(90 * MINUTE_MS).then(() => {
      const last = fleet.run([fleet.work("enable-managed-identity", MINUTE_MS)]);
      fleet.controller.abort(new Error("stopped"));
      return last;
    });
    const ended = await Promise.allSettled([...running, late]);
    expect(ended.map(({ status }) => status)).toEqual(times(4).map(() => "rejected"));
    for (const one of ended) expect(one).toMatchObject({ reason: { message: "stopped" } });
    expect(fleet.most).toBe(1);
  });
});
