import type { Json } from "../azure/json.ts";
import { formatDuration } from "../engine/clock.ts";
import { DURATIONS } from "../report/durations.ts";

/** One way in which Azure may behave, as far as evidence leaves it open. */
export interface Assumption {
  readonly name: string;
  /** In the emulator's terms. */
  readonly behaviour: Readonly<Record<string, Json>>;
}

/** The open questions about Azure, each with its answers, the likeliest first: what was recorded, or is documented. */
const QUESTIONS = {
  combinedIdentityUpdate: ["rolls", "appliesWithoutRoll", "refused", "ignoresKubelet"],
  identityUpdateReimagesNodes: [false, true],
  kubeletIdentityUpdateReimagesNodes: [true, false],
  reimage: ["inPlace", "replacesInstance"],
  deadPrincipalUpdate: ["accepted", "refused"],
} as const satisfies Readonly<Record<string, readonly Json[]>>;

const ANSWERS: Readonly<Record<string, string>> = {
  "combinedIdentityUpdate: appliesWithoutRoll": "the update of both identities re-images no node",
  "combinedIdentityUpdate: refused": "Azure refuses both identities in one update",
  "combinedIdentityUpdate: ignoresKubelet": "Azure ignores the kubelet identity in the first update",
  "identityUpdateReimagesNodes: true": "an update of the control-plane identity re-images the nodes",
  "kubeletIdentityUpdateReimagesNodes: false": "an update of the kubelet identity re-images no node",
  "reimage: replacesInstance": "re-imaging replaces instances instead of keeping them",
  "deadPrincipalUpdate: refused": "Azure refuses every update of a cluster whose service principal is dead",
};

type Question = keyof typeof QUESTIONS;

const AS_EXPECTED = "as expected";

/** What Azure is expected to do: the first answer to every question. */
const EXPECTED: Assumption = assume(AS_EXPECTED, {});

/** Answers that make two updates of one: only then does it matter what an update of the control plane alone does. */
const TWO_UPDATES = [
  { combinedIdentityUpdate: "refused", identityUpdateReimagesNodes: true },
  { combinedIdentityUpdate: "ignoresKubelet", identityUpdateReimagesNodes: true },
] as const;

/** What decides which questions matter. */
export interface AssumptionScope {
  /** Every combination of answers, instead of one other answer at a time. */
  readonly thorough: boolean;
  /** True when a cluster's service principal is dead: only then is it open what Azure makes of its update. */
  readonly deadPrincipal?: boolean;
}

/**
 * Every other answer to one question at a time, with the two pairs that drain nodes twice; or every combination of
 * answers. The expected one comes first.
 */
export function listAssumptions({ thorough, deadPrincipal = false }: AssumptionScope): Assumption[] {
  const asked = questions().filter((question) => question !== "deadPrincipalUpdate" || deadPrincipal);
  if (thorough) return combine(asked);
  return [EXPECTED, ...oneAtATime(asked), ...TWO_UPDATES.map((chosen) => assume(nameOf(chosen), chosen))];
}

function oneAtATime(asked: readonly Question[]): Assumption[] {
  return asked.flatMap((question) =>
    QUESTIONS[question].slice(1).map((answer) => assume(nameOf({ [question]: answer }), { [question]: answer })),
  );
}

function combine(asked: readonly Question[]): Assumption[] {
  let combinations: Record<string, Json>[] = [{}];
  for (const question of asked) {
    combinations = combinations.flatMap((chosen) =>
      QUESTIONS[question].map((answer) => ({ ...chosen, [question]: answer })),
    );
  }
  return combinations.map((chosen) => assume(nameOf(chosen), chosen));
}

/** The answers that are not the expected ones, in words. */
function nameOf(chosen: Readonly<Record<string, Json>>): string {
  const others = questions().filter(
    (question) => (chosen[question] ?? QUESTIONS[question][0]) !== QUESTIONS[question][0],
  );
  return others.length === 0 ? AS_EXPECTED : others.map((question) => describe(question, chosen[question]!)).join("; ");
}

function questions(): Question[] {
  return Object.keys(QUESTIONS) as Question[];
}

function describe(question: Question, answer: Json): string {
  return ANSWERS[`${question}: ${String(answer)}`]!;
}

function assume(name: string, chosen: Readonly<Record<string, Json>>): Assumption {
  const expected = Object.fromEntries(questions().map((question) => [question, QUESTIONS[question][0]]));
  return { name, behaviour: { ...expected, ...chosen } };
}

/** The same assumption where everything takes as little, or as long, as was ever reported: the ends of the range. */
export function atPace(assumption: Assumption, end: "minMs" | "maxMs"): Assumption {
  const take = (what: "identityUpdate" | "rollNode") => `${DURATIONS[what][end] / 1_000}s`;
  const words = end === "minMs" ? "at Azure's quickest" : "at Azure's slowest";
  return {
    name: `${assumption.name}, ${words} (${formatDuration(DURATIONS.rollNode[end])} a node)`,
    behaviour: {
      ...assumption.behaviour,
      identityUpdate: take("identityUpdate"),
      nodeImageUpgradePerNode: take("rollNode"),
    },
  };
}
