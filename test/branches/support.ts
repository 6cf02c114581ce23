import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import type { Json } from "../../src/azure/json.ts";
import type { Scenario } from "../../src/emulator/scenario.ts";
import { type Assumption, listAssumptions } from "../../src/rehearse/assumptions.ts";
import { type Ended, InProcessCommandLine } from "../support/in-process.ts";
import type { Lab, ModelEvent } from "../support/lab.ts";
import { copyOfScenario } from "../support/scenarios.ts";

const [EXPECTED, ...OTHERS] = listAssumptions({ thorough: false, deadPrincipal: true });

const also = (name: string, behaviour: Readonly<Record<string, Json>>): Assumption => ({
  name,
  behaviour: { ...EXPECTED!.behaviour, ...behaviour },
});

const SAYS_NOTHING = also("instances always say that they run the newest model", { latestModelApplied: true });

/** Everything that a rehearsal assumes, and flags of instances that tell nothing: for the paths. */
export const ALL_ANSWERS: readonly Assumption[] = [EXPECTED!, ...OTHERS, SAYS_NOTHING];

/**
 * For the branches: every answer to every question at least once, and there where it takes effect. What an update of one
 * identity alone does to the nodes matters only where Azure does not take both at once, and each is tried with one of these.
 */
export const EACH_ANSWER: readonly Assumption[] = [
  EXPECTED!,
  also("the update of both identities re-images no node", { combinedIdentityUpdate: "appliesWithoutRoll" }),
  also("two updates, each of which re-images the nodes", {
    combinedIdentityUpdate: "refused",
    identityUpdateReimagesNodes: true,
  }),
  also("two updates, neither of which re-images a node", {
    combinedIdentityUpdate: "ignoresKubelet",
    kubeletIdentityUpdateReimagesNodes: false,
  }),
  also("re-imaging replaces instances", { reimage: "replacesInstance" }),
  SAYS_NOTHING,
  also("the update of the control plane re-images the nodes", { identityUpdateReimagesNodes: true }),
  also("the update of the kubelet identity re-images no node", { kubeletIdentityUpdateReimagesNodes: false }),
  also("no update lets go of a dead service principal", { deadPrincipalUpdate: "refused" }),
];

/** True where Azure lets no update of a cluster through whose service principal is dead. */
export function isRefusing({ deadPrincipalUpdate }: Assumption["behaviour"]): boolean {
  return deadPrincipalUpdate === "refused";
}

/** The answers that make a difference to a branch: how Azure takes both identities matters where both are sent at once. */
function answersFor({ path, flags = [], gaps = [] }: Branch, all: readonly Assumption[]): readonly Assumption[] {
  const sendsBoth = path === "service-principal-to-user-assigned" && !(Array.isArray(flags) && flags.includes("aks"));
  return all.filter(({ behaviour }) => {
    const isTaken = behaviour["combinedIdentityUpdate"] === "rolls";
    if (isRefusing(behaviour)) return gaps.includes("gap:service-principal");
    if (!sendsBoth) return isTaken;
    const isOfOneIdentity =
      behaviour["identityUpdateReimagesNodes"] === true || behaviour["kubeletIdentityUpdateReimagesNodes"] === false;
    return all !== EACH_ANSWER || !isTaken || !isOfOneIdentity;
  });
}

/** Where a run stops on its way, why, and what somebody does about it before it is resumed. */
export interface Stop {
  /** 8: paused; 1: a step failed. */
  readonly code: 1 | 8;
  /** What the command says on stderr. */
  readonly says: RegExp;
  readonly cure?: (world: World) => Promise<unknown>;
  /** The command that goes on from there; absent: `resume`. */
  readonly next?: (world: World) => Promise<Ended>;
  /** Under which answers of Azure it stops there; absent: under each. */
  readonly when?: (behaviour: Assumption["behaviour"]) => boolean;
}

/** One situation that Microsoft documents, or that users met, from its beginning to its verified end. */
export interface Branch {
  readonly name: string;
  readonly scenario: string;
  /** Changes the scenario before it is loaded. */
  readonly alter?: (scenario: Scenario) => void;
  /** The path of the plan. */
  readonly path: string;
  /** What else `plan` is told. */
  readonly flags?: readonly string[] | ((world: World) => readonly string[]);
  /** What is so in this branch, whatever Azure answers to the open questions. */
  readonly behaviour?: Readonly<Record<string, Json>>;
  /** What happens before the plan is made. */
  readonly arrange?: (world: World) => Promise<unknown>;
  /** What somebody else does once the plan is there, while the run waits. */
  readonly meanwhile?: (world: World) => Promise<unknown>;
  /** What the report of the plan says of it. */
  readonly says?: readonly RegExp[];
  /** The gaps in rights that the plan announces. */
  readonly gaps?: readonly string[];
  readonly stops?: readonly Stop[];
  /** Nodes may be drained once by each of two updates or upgrades. */
  readonly drainsTwice?: true;
}

/** A command line, its lab, and the cluster that this is about. */
export interface World {
  readonly line: InProcessCommandLine;
  readonly lab: Lab;
  readonly cluster: string;
}

/** Opens a command line on a scenario, as far as a branch needs it. */
export async function openWorld(
  { scenario, alter, behaviour = {}, arrange }: Pick<Branch, "scenario" | "alter" | "behaviour" | "arrange">,
  assumed: Assumption["behaviour"] = {},
): Promise<World> {
  const copy = await copyOfScenario(scenario);
  alter?.(copy);
  const line = await InProcessCommandLine.open({ ...assumed, ...behaviour }, copy);
  const [cluster] = await line.lab.clusterIds();
  const world = { line, lab: line.lab, cluster: cluster! };
  // A cluster is older than its migration.
  await line.lab.control("POST", "/_emulator/clock", { advance: "30m" });
  await arrange?.(world);
  return world;
}

/** Tests each branch under the answers that matter to it: planned, applied, resumed where it stops, verified. */
export function testBranches(branches: readonly Branch[], answers: readonly Assumption[] = EACH_ANSWER): void {
  // Loaded before a test begins, or it would be while other people's virtual time runs on.
  beforeAll(async () => {
    await import("../../src/commands/apply.ts");
  });
  for (const branch of branches) {
    test.each(answersFor(branch, answers))(`${branch.name}; $name`, async (assumption) => {
      const world = await openWorld(branch, assumption.behaviour);
      await migrate(world, branch, assumption.behaviour);
    });
  }
}

/** Takes a branch through the public commands to its verified end. */
export async function migrate(world: World, branch: Branch, assumed: Assumption["behaviour"]): Promise<void> {
  const { line, lab, cluster } = world;
  const file = line.file("plan.yaml");
  const startedAt = lab.clock.now().toISOString();
  const flags = typeof branch.flags === "function" ? branch.flags(world) : (branch.flags ?? []);
  const writes = (await lab.writes()).length;
  const planned = await line.run("plan", "--id", cluster, ...flags, "--out", file);
  expect(planned, planned.stderr).toMatchObject({ code: 0 });
  expect((await lab.writes()).length, "a plan writes nothing").toBe(writes);
  const plan = readFileSync(file, "utf8");
  expect(plan).toContain(`path: ${branch.path}\n`);
  for (const says of branch.says ?? []) expect(unwrapped(planned.stdout)).toMatch(says);
  const gaps = [...plan.matchAll(/key: "?(gap:[^"\n]+)/g)].map((match) => match[1]!);
  expect(new Set(gaps), "gaps that the plan announces").toEqual(new Set(branch.gaps ?? []));

  const [events] = await Promise.all([applyToTheEnd(world, branch, assumed), branch.meanwhile?.(world)]);
  const life = (await lab.events()).filter(({ at }) => at >= startedAt);
  expect(outsideGaps(life, events, gaps), "failures that no gap of the plan covers").toEqual([]);
  expectDrains(life, plan, branch.drainsTwice === true || isTwoUpdates(assumed));
  await expectComplete(world, flags);
}

/** Applies and resumes, and has each stop on the way cured. @returns the events of all of these commands */
async function applyToTheEnd(world: World, branch: Branch, assumed: Assumption["behaviour"]): Promise<RunEvent[]> {
  const expected = (branch.stops ?? []).filter(({ when }) => when?.(assumed) ?? true);
  let ended = await world.line.run("apply", "--plan", world.line.file("plan.yaml"), "--yes", "-o", "jsonl");
  const events = eventsOf(ended);
  for (const stop of expected) {
    expect(ended, ended.stderr).toMatchObject({ code: stop.code });
    expect(ended.stderr).toMatch(stop.says);
    await stop.cure?.(world);
    ended = await (stop.next?.(world) ?? world.line.run("resume", "-o", "jsonl"));
    events.push(...eventsOf(ended));
  }
  expect(ended, ended.stderr).toMatchObject({ code: 0 });
  return events;
}

/** Verified, and a second plan has nothing left to do. */
async function expectComplete({ line, cluster }: World, flags: readonly string[]): Promise<void> {
  const verified = await line.run("verify", "--id", cluster, "-o", "json");
  expect(verified, verified.stdout).toMatchObject({ code: 0 });
  const again = await line.run("plan", "--id", cluster, ...flags, "-o", "json");
  expect(again, again.stderr).toMatchObject({ code: 0 });
  expect(JSON.parse(again.stdout).clusters[0].path).toBe("none");
}

/** The report of a plan without its line breaks. */
export function unwrapped(text: string): string {
  return text.replace(/\s+/g, " ");
}

interface RunEvent {
  readonly type: string;
  readonly at: string;
  readonly step?: string;
  readonly key?: string;
}

function eventsOf({ stdout }: Ended): RunEvent[] {
  const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
  return lines.map((line) => JSON.parse(line) as RunEvent);
}

/** What may fail while the gap of this name is open: what the principal does that is without its rights. */
const FAILS_IN: Readonly<Record<string, readonly string[]>> = {
  "gap:kubelet": ["imagePull"],
  "gap:control-plane": ["diskAttach", "loadBalancer"],
  "gap:service-principal": ["imagePull", "diskAttach", "loadBalancer"],
};

/**
 * The failures that lie in no gap that the plan announced, in short. A gap lasts from the switch, one of the service
 * principal itself from the beginning, until it is closed, at the latest with the proof that the migration is complete.
 */
function outsideGaps(life: readonly ModelEvent[], events: readonly RunEvent[], announced: readonly string[]): string[] {
  const beganAt = events.find(({ type }) => type === "run:started")!.at;
  const switchedAt = events.find(({ type, key }) => type === "change:started" && key?.startsWith("switch:"))?.at;
  const provenAt = events.findLast(({ type, step }) => type === "step:done" && step === "verify-migration")?.at;
  const gaps = announced.map((gap) => ({
    kinds: FAILS_IN[gap] ?? [],
    from: gap === "gap:service-principal" ? beganAt : (switchedAt ?? beganAt),
    to: events.findLast(({ type, key }) => type === "change:applied" && key === gap)?.at ?? provenAt ?? beganAt,
  }));
  const isCovered = ({ kind, at }: ModelEvent) =>
    gaps.some((gap) => gap.kinds.includes(kind) && at >= gap.from && at <= gap.to);
  const failures = life.filter((event) => !event.ok && !isCovered(event));
  return failures.slice(0, 3).map(({ at, kind, node = "", reason = "" }) => `${at} ${kind} ${node} ${reason}`);
}

/** Two updates, of which the first re-images nodes too: each node is drained twice, as the plan says. */
function isTwoUpdates(behaviour: Assumption["behaviour"]): boolean {
  const isSplit = ["refused", "ignoresKubelet"].includes(String(behaviour["combinedIdentityUpdate"]));
  return isSplit && behaviour["identityUpdateReimagesNodes"] === true;
}

/** Counted by pool: an instance that takes another's place has another name. */
function expectDrains(life: readonly ModelEvent[], plan: string, isTwice: boolean): void {
  const nodes = new Map(
    [...plan.matchAll(/- name: (\S+)\n(?: +nodeImageVersion: \S+\n)? +nodes: (\d+)/g)].map((match) => [
      match[1]!,
      Number(match[2]),
    ]),
  );
  for (const [pool, count] of nodes) {
    const drained = life.filter((event) => event.kind === "nodeDrained" && event.pool === pool).length;
    expect(drained, `drains of pool ${pool}`).toBeLessThanOrEqual(isTwice ? 2 * count : count);
  }
}
