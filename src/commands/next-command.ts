import { commandLine, emulatorFlags, flag, type Place, runsFlags } from "../plan/command-line.ts";
import type { MigrationPlan } from "../plan/schema.ts";
import { verifyCommand } from "../report/run-commands.ts";

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
  again = planCommand(plan, place, file),
): string {
  if (hasNoChange(plan)) return verifyCommand(plan, place);
  if (plan.clusters.some((cluster) => cluster.blocked)) return again;
  return commandLine(
    "apply",
    "--plan",
    file,
    ...["--approve", hash],
    ...emulatorFlags(plan.metadata, place),
    ...runsFlags(place.stateDir),
  );
}

/** The command that makes a plan for the same clusters into a file, with nothing chosen. */
export function planCommand({ clusters }: MigrationPlan, place: Place, file: string): string {
  return commandLine("plan", ...clusters.flatMap(({ id }) => ["--id", id]), ...azureFlags(place), "--out", file);
}

/** True when all clusters are as the plan wants them. */
export function hasNoChange(plan: MigrationPlan): boolean {
  return plan.clusters.every((cluster) => cluster.steps.every((step) => step.changes.length === 0));
}

/** The flags that lead to the same Azure. */
export function azureFlags({ tenant, cloud, emulator }: Omit<Place, "stateDir">): string[] {
  return [...flag("--tenant", tenant), ...flag("--cloud", cloud), ...flag("--emulator", emulator)];
}
