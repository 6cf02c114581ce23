import { describe, expect, test } from "vitest";
import { MINUTE_MS, VirtualClock } from "../../src/engine/clock.ts";
import { AksMiError, TransientError } from "../../src/engine/errors.ts";
import type { StampedEvent } from "../../src/engine/events.ts";
import { History } from "../../src/engine/history.ts";
import { MemoryOperationStore } from "../../src/engine/operations.ts";
import { type Outcome, type RunOptions, run } from "../../src/engine/run.ts";
import type { AnyStep, Change, Risk, StepId, Verdict } from "../../src/engine/step.ts";

function change(key: string, risk: Risk = "additive"): Change {
  return { key, summary: `make ${key}`, reason: "a test", risk };
}

/** A step whose world is a set of keys: done when all of its changes are in it. */
function worldStep(
  id: StepId,
  world: Set<string>,
  changes: readonly Change[],
  overrides: Partial<AnyStep> = {},
): AnyStep {
  return {
    id,
    detect: async () => new Set(world),
    decide: (facts: Set<string>): Verdict => {
      const missing = changes.filter(({ key }) => !facts.has(key));
      return missing.length === 0 ? { kind: "done", evidence: "all there" } : { kind: "change", changes: missing };
    },
    apply: async ({ key }: Change) => {
      world.add(key);
    },
    ...overrides,
  };
}

interface Ended {
  readonly events: StampedEvent[];
  readonly outcome?: Outcome;
  readonly error?: unknown;
}

async function collect(steps: readonly AnyStep[], options: Partial<RunOptions> = {}): Promise<Ended> {
  const approved = new Map(
    steps.map((step) => [step.id, [change("a"), change("b"), change("switch:x", "irreversible")]]),
  );
  const events: StampedEvent[] = [];
  const generator = run({
    steps,
    approved,
    clock: new VirtualClock(),
    signal: new AbortController().signal,
    history: new History(),
    operations: new MemoryOperationStore(),
    guard: async () => [],
    ...options,
  });
  try {
    for (;;) {
      const next = await generator.next();
      if (next.done) return { events, outcome: next.value };
      events.push(next.value);
    }
  } catch (error) {
    return { events, error };
  }
}

const types = ({ events }: Ended) => events.map(({ type }) => type);

describe("a run", () => {
  test("applies what is missing, looks again, and is done", async () => {
    const world = new Set<string>();
    const ended = await collect([worldStep("assign-roles", world, [change("a"), change("b")])]);
    expect(ended.outcome).toEqual({ kind: "done", changed: true });
    expect(types(ended)).toEqual([
      "step:started",
      "change:started",
      "change:applied",
      "change:started",
      "change:applied",
      "step:done",
      "run:done",
    ]);
  });

  test("changes nothing where everything is there already", async () => {
    const ended = await collect([worldStep("assign-roles", new Set(["a"]), [change("a")])]);
    expect(ended.outcome).toEqual({ kind: "done", changed: false });
  });

  test("stops before a change that was not approved", async () => {
    const world = new Set<string>();
    const ended = await collect([worldStep("assign-roles", world, [change("stranger")])]);
    expect(ended.error).toMatchObject({ code: "PLAN_CHANGED" });
    expect(world).toEqual(new Set());
  });

  test("waits for Azure to show what it accepted, and never repeats it", async () => {
    let applied = 0;
    let looks = 0;
    const step = worldStep("assign-roles", new Set(), [change("a")], {
      detect: async () => (++looks > 4 ? new Set(["a"]) : new Set()),
      apply: async () => {
        applied++;
      },
    });
    const ended = await collect([step]);
    expect(ended.outcome?.kind).toBe("done");
    expect(applied).toBe(1);
    expect(types(ended).filter((type) => type === "step:settling")).toHaveLength(1);
  });

  test("gives up with an error when Azure never shows what it accepted", async () => {
    const step = worldStep("assign-roles", new Set(), [change("a")], { apply: async () => {} });
    const ended = await collect([step]);
    expect(ended.error).toMatchObject({ code: "STEP_FAILED" });
    expect(types(ended).filter((type) => type === "change:started")).toHaveLength(1);
  });

  test("says again that it waits after each change, though for the same reason", async () => {
    let looks = 0;
    const waiting = { kind: "wait", reason: "Azure is at work.", pollMs: MINUTE_MS } as const;
    const verdicts = [waiting, { kind: "change", changes: [change("a")] }, waiting, waiting] as const;
    const step = worldStep("assign-roles", new Set(), [], {
      decide: (): Verdict => verdicts[looks++] ?? { kind: "done", evidence: "all there" },
    });
    expect(types(await collect([step])).filter((type) => /waiting|applied/.test(type))).toEqual([
      "step:waiting",
      "change:applied",
      "step:waiting",
    ]);
  });

  test("looks at everything again before the point of no return, and goes back to what has gone", async () => {
    const world = new Set<string>();
    let vanishOnce = true;
    const first = worldStep("assign-roles", world, [change("a")]);
    const wait = worldStep("await-role-propagation", world, [], {
      decide: () => {
        if (vanishOnce) world.delete("a");
        vanishOnce = false;
        return { kind: "done", evidence: "waited" };
      },
    });
    const last = worldStep("enable-managed-identity", world, [change("switch:x", "irreversible")]);
    const ended = await collect([first, wait, last]);
    expect(ended.outcome?.kind).toBe("done");
    const started = ended.events
      .filter((event) => event.type === "change:started")
      .map((event) => [event.key, event.again]);
    expect(started).toEqual([
      ["a", undefined],
      ["a", true],
      ["switch:x", undefined],
    ]);
  });

  test("looks at every earlier step again before it says that it is done, and goes back to what has gone", async () => {
    const world = new Set<string>();
    const first = worldStep("assign-roles", world, [change("a")]);
    let waits = 0;
    const last = worldStep("await-token-switchover", world, [], {
      decide: () => {
        if (++waits === 1) world.delete("a");
        return { kind: "done", evidence: "waited" };
      },
    });
    const ended = await collect([first, last]);
    expect(ended.outcome?.kind).toBe("done");
    expect([...world, waits]).toEqual(["a", 2]);
  });

  test("stops before the point of no return when the preflight finds a blocker", async () => {
    const world = new Set<string>();
    const ended = await collect([worldStep("enable-managed-identity", world, [change("switch:x", "irreversible")])], {
      guard: async () => [
        { check: "RD001", severity: "blocker", seen: "the cluster is Failed", remedy: "reconcile it" },
      ],
    });
    expect(ended.error).toMatchObject({ code: "BLOCKED" });
    expect(world.size).toBe(0);
  });

  test("leaves somebody else's operation to its end, and then decides anew", async () => {
    const world = new Set<string>();
    const busy = ["an operation", "an operation", "another one"];
    const ended = await collect([worldStep("enable-managed-identity", world, [change("switch:x", "irreversible")])], {
      underWay: async () => busy.shift(),
    });
    expect(ended.outcome?.kind).toBe("done");
    expect(types(ended)).toEqual([
      "step:started",
      "step:waiting",
      "step:waiting",
      "step:started",
      "change:started",
      "change:applied",
      "step:done",
      "run:done",
    ]);
  });

  test("waits for somebody else's operation no longer than an hour: what never ends is for the preflight", async () => {
    const clock = new VirtualClock();
    const start = clock.now().getTime();
    const world = new Set<string>();
    const ended = await collect([worldStep("enable-managed-identity", world, [change("switch:x", "irreversible")])], {
      clock,
      underWay: async () => "an operation that hangs",
      guard: async () => [
        { check: "RD001", severity: "blocker", seen: "the cluster is Updating", remedy: "wait for it" },
      ],
    });
    expect(ended.error).toMatchObject({ code: "BLOCKED" });
    expect(clock.now().getTime() - start).toBe(60 * MINUTE_MS);
    expect(world.size).toBe(0);
  });

  test("never repeats a switch that was seen done and has gone again", async () => {
    const history = new History([
      { type: "change:started", key: "switch:x", summary: "", risk: "irreversible", step: "enable-managed-identity" },
      { type: "change:applied", key: "switch:x", step: "enable-managed-identity" },
      { type: "step:done", evidence: "", step: "enable-managed-identity" },
    ]);
    const world = new Set<string>();
    const ended = await collect([worldStep("enable-managed-identity", world, [change("switch:x", "irreversible")])], {
      history,
    });
    expect(ended.error).toMatchObject({ code: "STEP_FAILED" });
    expect(world.size).toBe(0);
  });

  test("forgets the operation of an earlier attempt before it begins the next: that one may die before it knows its own", async () => {
    const operations = new MemoryOperationStore();
    operations.save({ id: "old", key: "a", url: "https://management.azure.com/old" });
    let known: unknown = "not asked";
    const world = new Set<string>();
    const step = worldStep("assign-roles", world, [change("a")], {
      apply: async ({ key }: Change) => {
        known = operations.find(key);
        world.add(key);
      },
    });
    await collect([step], { operations });
    expect(known).toBeUndefined();
  });

  test("pauses at once when a wait is known to end after the time box", async () => {
    const clock = new VirtualClock();
    const until = new Date(clock.now().getTime() + 60 * MINUTE_MS);
    const step = worldStep("await-role-propagation", new Set(), [], {
      decide: () => ({ kind: "wait", reason: "roles", until, pollMs: MINUTE_MS }),
    });
    const pauseAt = new Date(clock.now().getTime() + 50 * MINUTE_MS);
    const ended = await collect([step], { clock, pauseAt });
    expect(ended.outcome).toMatchObject({ kind: "paused", retryAt: until });
    expect(clock.now() < pauseAt).toBe(true);
  });

  test("begins no change after the time box is closed", async () => {
    const clock = new VirtualClock();
    const world = new Set<string>();
    const ended = await collect([worldStep("assign-roles", world, [change("a")])], { clock, pauseAt: clock.now() });
    expect(ended.outcome).toMatchObject({ kind: "paused" });
    expect(world).toEqual(new Set());
  });

  test("pauses when the time box closes while Azure does not show a change, or before it can be sent again", async () => {
    const clock = new VirtualClock();
    const pauseAt = new Date(clock.now().getTime() + 2 * MINUTE_MS);
    const unseen = worldStep("assign-roles", new Set(), [change("a")], { apply: async () => {} });
    const throttled = worldStep("assign-roles", new Set(), [change("a")], {
      apply: () => Promise.reject(new TransientError("busy", { retryAfterMs: 5 * MINUTE_MS })),
    });
    for (const step of [throttled, unseen]) {
      expect((await collect([step], { clock, pauseAt })).outcome).toMatchObject({ kind: "paused" });
      expect(clock.now() <= pauseAt).toBe(true);
    }
  });

  test.each<[string, Partial<Change>]>([
    ["is worse than was approved", { risk: "disruptive" }],
    ["drains a pool that was not approved", { drains: ["apps"] }],
  ])("stops before a change of an approved key that %s", async (_, more) => {
    const world = new Set<string>();
    const ended = await collect([worldStep("assign-roles", world, [{ ...change("a"), ...more }])]);
    expect(ended.error).toMatchObject({ code: "PLAN_CHANGED" });
    expect(world).toEqual(new Set());
  });

  test("sleeps a wait of known end in one go", async () => {
    const clock = new VirtualClock();
    const until = new Date(clock.now().getTime() + 60 * MINUTE_MS);
    let looks = 0;
    const step = worldStep("await-role-propagation", new Set(), [], {
      detect: async () => ++looks,
      decide: (_: unknown, now: Date): Verdict =>
        now >= until ? { kind: "done", evidence: "over" } : { kind: "wait", reason: "roles", until, pollMs: MINUTE_MS },
    });
    expect((await collect([step], { clock })).outcome?.kind).toBe("done");
    expect(looks).toBe(2);
  });

  test("stops before the step that --until names", async () => {
    const world = new Set<string>();
    const steps = [
      worldStep("assign-roles", world, [change("a")]),
      worldStep("enable-managed-identity", world, [change("switch:x", "irreversible")]),
    ];
    const ended = await collect(steps, { until: "enable-managed-identity" });
    expect(ended.outcome?.kind).toBe("paused");
    expect(world).toEqual(new Set(["a"]));
  });

  test("stops before the next step where its path lacks the one that --until names: that drains, too", async () => {
    const world = new Set<string>();
    const steps = [
      worldStep("assign-roles", world, [change("a")]),
      worldStep("upgrade-node-images", world, [change("roll:x", "disruptive")]),
    ];
    const ended = await collect(steps, { until: "enable-managed-identity" });
    expect(ended.outcome).toMatchObject({
      kind: "paused",
      reason: "The run was to stop before enable-managed-identity, and upgrade-node-images comes after it.",
    });
    expect(world).toEqual(new Set(["a"]));
  });

  test("looks again after a failure that tells nothing, and does not repeat what Azure did", async () => {
    const world = new Set<string>();
    let applied = 0;
    const step = worldStep("assign-roles", world, [change("a")], {
      apply: async ({ key }: Change) => {
        applied++;
        world.add(key);
        throw new TransientError("connection reset");
      },
    });
    const ended = await collect([step]);
    expect(ended.outcome?.kind).toBe("done");
    expect(applied).toBe(1);
    expect(types(ended)).toContain("change:applied");
  });

  test("tries a change whose operation failed again on the next run, not on this one", async () => {
    const failed: Verdict = {
      kind: "failed",
      key: "a",
      code: "Boom",
      message: "the operation failed",
      remedy: "mend it",
    };
    const operations = new MemoryOperationStore();
    operations.save({ id: "1", key: "a", url: "https://example" });
    const world = new Set<string>();
    const decide = (facts: Set<string>): Verdict => {
      if (operations.find("a")) return failed;
      return facts.has("a") ? { kind: "done", evidence: "" } : { kind: "change", changes: [change("a")] };
    };
    const history = new History([
      { type: "change:started", key: "a", summary: "", risk: "additive", step: "assign-roles" },
    ]);
    const first = await collect([worldStep("assign-roles", world, [], { decide })], { operations, history });
    expect(first.error).toMatchObject({ code: "STEP_FAILED" });
    const second = await collect([worldStep("assign-roles", world, [], { decide })], {
      operations,
      history: new History([...journalOf(first)]),
    });
    expect(second.outcome?.kind).toBe("done");
  });

  test("ends with the signal's reason and without a last word when it is stopped", async () => {
    const controller = new AbortController();
    const step = worldStep("assign-roles", new Set(), [change("a")], {
      detect: async () => {
        controller.abort(new Error("stopped"));
        return new Set();
      },
    });
    const ended = await collect([step], { signal: controller.signal });
    expect(ended.error).toEqual(new Error("stopped"));
    expect(types(ended)).not.toContain("step:failed");
  });

  test("says what failed as an event before it throws", async () => {
    const step = worldStep("assign-roles", new Set(), [], {
      detect: async () => {
        throw new AksMiError("AZURE_REFUSED", "Azure refused.", "Ask for a role.");
      },
    });
    const ended = await collect([step]);
    expect(ended.events.at(-1)).toMatchObject({
      type: "step:failed",
      code: "AZURE_REFUSED",
      remedy: "Ask for a role.",
    });
  });
});

/** What the journal has after a run that began a change in its first step. */
function journalOf(ended: Ended): StampedEvent[] {
  return [{ type: "change:started", key: "a", summary: "", risk: "additive", step: "assign-roles" }, ...ended.events];
}
