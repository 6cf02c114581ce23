import type { Azure } from "../azure/azure.ts";
import { formatInstant, MINUTE_MS, SECOND_MS } from "../engine/clock.ts";
import type { Change, Step, StepId, Verdict } from "../engine/step.ts";
import { waitForAzure } from "./azure-at-work.ts";
import { type Grant, grantChange } from "./grants.ts";
import { applyGrant, type GrantFacts, readCluster, readGrants } from "./held-grants.ts";
import type { Migration } from "./migration.ts";

/** How often it is looked whether Azure shows an identity, and how long it may take to. */
const IDENTITY_POLL_MS = 30 * SECOND_MS;
const IDENTITY_LIMIT_MS = 30 * MINUTE_MS;

/** A step about role assignments. */
export type GrantStep = Step<GrantFacts, Change>;

/** Which role assignments a step is about. */
export interface GrantStepOptions {
  readonly id: StepId;
  readonly azure: Azure;
  readonly migration: Migration;
  readonly grants: readonly Grant[];
  /** Gaps in rights that the step closes. */
  readonly gaps?: readonly Change[];
}

/** A step that makes role assignments: assign-roles, attach-acr and grant-addon-roles differ in what they assign to whom. */
export function grantStep({ id, azure, migration, grants, gaps = [] }: GrantStepOptions): GrantStep {
  return {
    id,
    gaps,
    async detect() {
      return readGrants(azure, migration, await readCluster(azure, migration), grants);
    },
    decide(facts) {
      if (facts.missing.length === 0) return { kind: "done", evidence: grantsHeld(grants.length) };
      if (facts.waitingForPrincipal) {
        return waitForAzure(migration.history, id, {
          reason: "Azure does not show the new identity yet.",
          pollMs: IDENTITY_POLL_MS,
          limitMs: IDENTITY_LIMIT_MS,
        });
      }
      if (migration.roleRequests) return waitForRequests(facts.missing);
      return { kind: "change", changes: facts.missing.map(grantChange) };
    },
    async apply(change, report) {
      const grant = grants.find((candidate) => grantChange(candidate).key === change.key)!;
      await applyGrant(azure, migration, grant, report);
    },
  };
}

/** How often it is looked whether someone else has made the role assignments. */
const REQUEST_POLL_MS = 5 * MINUTE_MS;

/** The verdict while others have to act: their assignments count from their own dates, like ours. */
export function waitForRequests(missing: readonly Grant[]): Extract<Verdict, { kind: "wait" }> {
  const first = grantChange(missing[0]!).summary;
  const more = missing.length > 1 ? `, and ${missing.length - 1} more` : "";
  return { kind: "wait", reason: `Someone who may has to ${first}${more}.`, pollMs: REQUEST_POLL_MS, idle: true };
}

function grantsHeld(count: number): string {
  if (count === 0) return "No role is needed.";
  return count === 1 ? "The role assignment is there." : `All ${count} role assignments are there.`;
}

/**
 * A step that waits until role assignments work: a while after the youngest of them, whoever made it and whenever. One that
 * goes meanwhile is made again, and the wait counts from there.
 */
export function propagationStep(options: GrantStepOptions): GrantStep {
  const { migration } = options;
  const grants = grantStep(options);
  const minutes = Math.round(migration.rolePropagationMs / MINUTE_MS);
  return {
    ...grants,
    decide(facts, now) {
      if (facts.missing.length > 0) return grants.decide(facts, now);
      if (!facts.youngest) return { kind: "done", evidence: "No role assignment is recent." };
      const until = new Date(facts.youngest.getTime() + migration.rolePropagationMs);
      if (now >= until) {
        return {
          kind: "done",
          evidence: `The youngest role assignment, of ${formatInstant(facts.youngest)}, is ${minutes} minutes old.`,
        };
      }
      const reason = `Role assignments take up to ${minutes} minutes to work; the youngest is of ${formatInstant(facts.youngest)}.`;
      return { kind: "wait", reason, until, pollMs: IDENTITY_POLL_MS, idle: true };
    },
  };
}
