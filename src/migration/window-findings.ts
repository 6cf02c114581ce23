import type { MaintenanceConfiguration } from "../azure/maintenance.ts";
import type { ManagedCluster } from "../azure/managed-cluster.ts";
import { formatInstant, HOUR_MS } from "../engine/clock.ts";
import type { Finding } from "../engine/step.ts";
import { isWindowOnly } from "./disruption-policy.ts";
import { nodeWindow, windowAt } from "./maintenance-window.ts";
import type { RollKind } from "./pool-findings.ts";

const LINK = "https://learn.microsoft.com/azure/aks/planned-maintenance";

/**
 * RD008: when nodes may be re-imaged. A maintenance window binds AKS, and this tool keeps to it (AKS documentation).
 * @param rollMs how long re-imaging all nodes takes, one after the other
 */
export function checkWindows(
  cluster: ManagedCluster,
  configurations: readonly MaintenanceConfiguration[],
  roll: RollKind,
  rollMs: number,
  now: Date,
): Finding[] {
  const isBound = isWindowOnly(cluster);
  const found = nodeWindow(configurations);
  const state = found && windowAt(found.window, now);
  const findings: Finding[] = [];
  if (!found || !state) return findings;
  const { name, window } = found;
  if (!state.open) {
    const date = state.opensAt && formatInstant(state.opensAt);
    findings.push({
      check: "RD008",
      severity: isBound ? "high" : "medium",
      seen: `the maintenance window ${name} is shut${date ? ` until ${date}` : " and does not open any more"}`,
      remedy: isBound
        ? "The run pauses before the update (exit 8) and says when to resume: the node disruption policy allows it only then."
        : `The run pauses before the ${roll === "update" ? "update, which re-images them," : "nodes"} (exit 8) and says when to resume; a plan with --ignore-preflight RD008 does not wait.`,
      link: LINK,
    });
  }
  if (rollMs > window.durationHours * HOUR_MS) {
    findings.push({
      check: "RD008",
      severity: "medium",
      seen: `the maintenance window ${name} is open for ${window.durationHours} h, and re-imaging the nodes may take ${Math.ceil(rollMs / HOUR_MS)} h`,
      remedy:
        "A pool that has begun is finished, the others wait for the next window: widen it, or raise the pools' max surge.",
      link: LINK,
    });
  }
  return findings;
}
