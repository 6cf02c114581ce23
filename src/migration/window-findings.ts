import type { ManagedCluster } from "../azure/clusters.ts";
import { asString, at } from "../azure/json.ts";
import type { MaintenanceConfiguration } from "../azure/maintenance.ts";
import { formatInstant, HOUR_MS } from "../engine/clock.ts";
import type { Finding } from "../engine/step.ts";
import { isWindowOnly } from "./disruption-policy.ts";
import { nodeWindow, windowAt } from "./maintenance-window.ts";
import type { RollKind } from "./pool-findings.ts";

const LINK = "https://learn.microsoft.com/azure/aks/planned-maintenance";
const POLICY_LINK = "https://learn.microsoft.com/azure/aks/node-disruption-policy";

/**
 * RD008: what says when nodes may be re-imaged. The node disruption policy is Azure's own and covers changes of identities,
 * but no node image upgrades; a maintenance window binds AKS, and this tool keeps to it (AKS documentation of both).
 * @param rollMs how long re-imaging all nodes takes, one after the other
 */
export function checkWindows(
  cluster: ManagedCluster,
  configurations: readonly MaintenanceConfiguration[],
  roll: RollKind,
  rollMs: number,
  now: Date,
): Finding[] {
  const policy = asString(at(cluster, "properties", "nodeDisruptionProfile", "nodeDisruptionPolicy"))?.toLowerCase();
  const isBound = isWindowOnly(cluster);
  const found = nodeWindow(configurations);
  const state = found && windowAt(found.window, now);
  const findings: Finding[] = [];
  if (policy === "block") {
    findings.push({
      check: "RD008",
      severity: "blocker",
      seen: "the node disruption policy is Block: Azure refuses changes of the cluster's identity",
      remedy: "Set it to Allow, or AllowDuringMaintenanceWindow, for the time of the migration.",
      link: POLICY_LINK,
    });
  }
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
        : roll === "update"
          ? `Azure re-images nodes with the update itself: stop before it with --until, and resume ${date ? `at ${date}` : "in a window"}.`
          : "The run pauses before the nodes (exit 8) and says when to resume; a plan with --ignore-preflight RD008 does not wait.",
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
