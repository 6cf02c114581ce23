import type { Azure } from "../azure/azure.ts";
import type { ManagedCluster } from "../azure/clusters.ts";
import { asString, at } from "../azure/json.ts";
import type { MaintenanceConfiguration } from "../azure/maintenance.ts";
import type { Change, Finding, Step } from "../engine/step.ts";
import type { Migration } from "./migration.ts";
import { pauseForWindow, readWindows } from "./window-pause.ts";

/** The windows outside of which Azure refuses changes of the cluster's identities; none where it takes them at any time. */
interface PolicyFacts {
  readonly windows: readonly MaintenanceConfiguration[];
}

/** What a cluster says about disruptions of its nodes, in lower case: `block`, `allow`, `allowduringmaintenancewindow`. */
function disruptionPolicyOf(cluster: ManagedCluster): string | undefined {
  return asString(at(cluster, "properties", "nodeDisruptionProfile", "nodeDisruptionPolicy"))?.toLowerCase();
}

/** True when changes of the cluster's identities are allowed in its maintenance window only (AKS documentation, preview). */
export function isWindowOnly(cluster: ManagedCluster): boolean {
  return disruptionPolicyOf(cluster) === "allowduringmaintenancewindow";
}

/** True when no change of the cluster's identities is allowed at all; node image upgrades are (AKS documentation, preview). */
export function isBlockedByPolicy(cluster: ManagedCluster): boolean {
  return disruptionPolicyOf(cluster) === "block";
}

/** RD008: the node disruption policy would have Azure refuse the update. */
export function checkDisruptionPolicy(cluster: ManagedCluster): Finding[] {
  if (!isBlockedByPolicy(cluster)) return [];
  return [
    {
      check: "RD008",
      severity: "blocker",
      seen: "the node disruption policy is Block: Azure refuses changes of the cluster's identity",
      remedy: "Set it to Allow, or AllowDuringMaintenanceWindow, for the time of the migration.",
      link: "https://learn.microsoft.com/azure/aks/node-disruption-policy",
    },
  ];
}

/** A step whose update of the cluster waits for the window in which the node disruption policy allows it. */
export function keepToDisruptionPolicy<F extends { readonly cluster: ManagedCluster }, C extends Change>(
  step: Step<F, C>,
  { clusterId, ignoresWindows }: Migration,
  azure: Azure,
): Step<F & PolicyFacts, C> {
  return {
    ...step,
    async detect(signal) {
      const facts = await step.detect(signal);
      const windows = isWindowOnly(facts.cluster) && !ignoresWindows ? await readWindows(azure, clusterId) : [];
      return { ...facts, windows };
    },
    decide(facts, now) {
      const verdict = step.decide(facts, now);
      const isUpdate = verdict.kind === "change" && verdict.changes.some(({ risk }) => risk !== "additive");
      if (!isUpdate) return verdict;
      const why = "the node disruption policy allows changes of the cluster's identities only then";
      return pauseForWindow(facts.windows, verdict.changes, now, why) ?? verdict;
    },
  };
}
