import type { Azure } from "../azure/azure.ts";
import { hasStatus } from "../azure/errors.ts";
import type { MaintenanceConfiguration } from "../azure/maintenance.ts";
import { formatInstant } from "../engine/clock.ts";
import type { Change, Verdict } from "../engine/step.ts";
import { nodeWindow, windowAt } from "./maintenance-window.ts";

/** Reads the maintenance windows of a cluster; none where they may not be read, which the plan has said. */
export async function readWindows(azure: Azure, clusterId: string): Promise<MaintenanceConfiguration[]> {
  try {
    return await azure.maintenance.configurations(clusterId);
  } catch (error) {
    if (hasStatus(error, 403) || hasStatus(error, 404)) return [];
    throw error;
  }
}

/**
 * Pure: nodes are re-imaged while the cluster's maintenance window is open, where it has one.
 * @param later what is to be done once it opens
 * @param why what binds it to the window, where that is not the tool's own courtesy
 * @returns undefined when nothing has to wait
 */
export function pauseForWindow<C extends Change>(
  maintenance: readonly MaintenanceConfiguration[],
  later: readonly C[],
  now: Date,
  why = "a plan made with --ignore-preflight RD008 does not wait for it",
): Extract<Verdict<C>, { kind: "pause" }> | undefined {
  const found = nodeWindow(maintenance);
  const state = found && windowAt(found.window, now);
  if (!found || !state || state.open) return undefined;
  const when = state.opensAt ? `opens at ${formatInstant(state.opensAt)}` : "does not open any more";
  return {
    kind: "pause",
    reason: `The maintenance window ${found.name} is shut and ${when}; ${why}.`,
    ...(state.opensAt ? { retryAt: state.opensAt } : {}),
    later,
  };
}
