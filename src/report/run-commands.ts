import { cloudFlags, commandLine, emulatorFlags, flag, type Place, runsFlags } from "../plan/command-line.ts";
import type { MigrationPlan } from "../plan/schema.ts";

/** A run as its commands name it. */
export interface NamedRun {
  readonly id: string;
  readonly plan: MigrationPlan;
}

/** The command that continues a run: it knows its cloud and tenant itself. */
export function resumeCommand(run: NamedRun, place: Place): string {
  return commandOn("resume", run, place);
}

/** The command that takes back what a run has made. */
export function undoCommand(run: NamedRun, place: Place): string {
  return commandOn("undo", run, place);
}

/** The command that shows where a run stands, by the emulator's clock where it has one. */
export function statusCommand(run: NamedRun, place: Place): string {
  return commandOn("status", run, place);
}

function commandOn(name: string, { id, plan }: NamedRun, place: Place): string {
  return commandLine(name, id, ...runsFlags(place.stateDir), ...emulatorFlags(plan.metadata, place));
}

/** The command that renders a run. */
export function reportCommand({ id }: Pick<NamedRun, "id">, { stateDir }: Pick<Place, "stateDir">): string {
  return commandLine("report", id, ...runsFlags(stateDir));
}

/** The command that proves clusters of a plan, with what their run recorded; the plan knows their cloud. */
export function verifyCommand(
  { metadata, clusters }: Pick<MigrationPlan, "metadata" | "clusters">,
  place: Place,
  ...more: readonly string[]
): string {
  return commandLine(
    "verify",
    ...clusters.flatMap(({ id }) => ["--id", id]),
    ...more,
    ...cloudFlags(metadata),
    ...flag("--tenant", place.tenant),
    ...emulatorFlags(metadata, place),
    ...runsFlags(place.stateDir),
  );
}
