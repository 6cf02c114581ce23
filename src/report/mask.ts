import { DEFAULT_STATE_DIR, type Place } from "../plan/command-line.ts";
import type { MigrationPlan } from "../plan/schema.ts";
import { maskSubscriptions } from "./ids.ts";
import type { RunView } from "./run-view.ts";

/** What a report may leave out. */
export interface MaskOption {
  /** Replaces subscription ids. */
  readonly mask?: boolean | undefined;
}

/** How a run is reported. */
export interface RunReportOptions extends MaskOption {
  /** Where the commands in it find the run and its Azure; absent: without a flag. */
  readonly place?: Place | undefined;
}

/** Where commands look that have no flag. */
export const USUAL_PLACE: Place = { stateDir: DEFAULT_STATE_DIR };

/** What a report of a plan needs besides the plan, for a file. */
export interface PlanDocumentOptions extends MaskOption {
  /** Approval hash of the plan. */
  readonly hash: string;
  /** The exact command to go on with. */
  readonly nextCommand: string;
}

/** A plan as a report shows it, and the command after it: both call a subscription the same. */
export function maskPlan(
  plan: MigrationPlan,
  { nextCommand, mask }: Pick<PlanDocumentOptions, "nextCommand" | "mask">,
): { plan: MigrationPlan; nextCommand: string } {
  return mask ? maskSubscriptions({ plan, nextCommand }) : { plan, nextCommand };
}

/** A run as a report shows it, with its plan: both call a subscription the same. */
export function maskRun(
  plan: MigrationPlan,
  view: RunView,
  { mask }: MaskOption,
): { plan: MigrationPlan; view: RunView } {
  return mask ? maskSubscriptions({ plan, view }) : { plan, view };
}
