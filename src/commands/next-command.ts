import { shell } from "../engine/shell.ts";
import { cloudFlags } from "../plan/cloud-flags.ts";
import type { MigrationPlan } from "../plan/schema.ts";
import type { CommonFlags } from "./context.ts";

/** Where a command finds Azure and its runs. */
export type Place = Pick<CommonFlags, "tenant" | "cloud" | "emulator" | "stateDir">;

/** Where runs are kept if no flag says otherwise. */
const DEFAULT_STATE_DIR = ".aks-mi";

/** The command that continues a run: it knows its cloud and tenant itself. */
export function resumeCommand(run: { readonly id: string }, { stateDir, emulator }: Omit<Place, "tenant" | "cloud">) {
  return commandLine("resume", run.id, ...runsFlags(stateDir), ...flag("--emulator", emulator));
}

/** The command that renders a run. */
export function reportCommand(run: { readonly id: string }, { stateDir }: Pick<Place, "stateDir">): string {
  return commandLine("report", run.id, ...runsFlags(stateDir));
}

/** The command that proves a plan's clusters, with what their run recorded; the plan knows their cloud. */
export function verifyCommand(plan: MigrationPlan, place: Place): string {
  const { cloud: _, ...elsewhere } = place;
  const flags = [...cloudFlags(plan.metadata), ...azureFlags(elsewhere)];
  return commandLine("verify", ...idFlags(plan), ...flags, ...runsFlags(place.stateDir));
}

/**
 * The command that goes on from a plan in a file: it applies it, proves clusters that need no change, and makes a plan that
 * is blocked once more, for it takes a new one to see that the blockers are gone.
 * @param hash the approval hash; of the plan as it was made, where this one is what is left of it
 * @param again how the plan is made, where that is known
 */
export function nextCommandFor(
  plan: MigrationPlan,
  hash: string,
  file: string,
  place: Place,
  again = commandLine("plan", ...idFlags(plan), ...azureFlags(place), "--out", file),
): string {
  if (hasNoChange(plan)) return verifyCommand(plan, place);
  if (plan.clusters.some((cluster) => cluster.blocked)) return again;
  const approval = ["--approve", hash];
  return commandLine(
    "apply",
    "--plan",
    file,
    ...approval,
    ...flag("--emulator", place.emulator),
    ...runsFlags(place.stateDir),
  );
}

/** True when all clusters are as the plan wants them. */
export function hasNoChange(plan: MigrationPlan): boolean {
  return plan.clusters.every((cluster) => cluster.steps.every((step) => step.changes.length === 0));
}

function idFlags({ clusters }: MigrationPlan): string[] {
  return clusters.flatMap(({ id }) => ["--id", id]);
}

/** The flags that lead to the same Azure. */
export function azureFlags({ tenant, cloud, emulator }: Omit<Place, "stateDir">): string[] {
  return [...flag("--tenant", tenant), ...flag("--cloud", cloud), ...flag("--emulator", emulator)];
}

function runsFlags(stateDir: string): string[] {
  return stateDir === DEFAULT_STATE_DIR ? [] : ["--state-dir", stateDir];
}

/** A flag with its value, where it has one. */
export function flag(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [name, value];
}

/** A command of aks-mi as it is typed. */
export function commandLine(...words: readonly string[]): string {
  return ["aks-mi", ...words.map(shell)].join(" ");
}
