import type { Azure } from "../azure/azure.ts";
import type { ManagedCluster } from "../azure/clusters.ts";
import { asString, at } from "../azure/json.ts";
import type { MaintenanceConfiguration } from "../azure/maintenance.ts";
import type { Change, Step } from "../engine/step.ts";
import type { Migration } from "./migration.ts";
import { pauseForWindow, readWindows } from "./window-pause.ts";

/** The windows outside of which Azure refuses changes of the cluster's identities; none where it takes them at any time. */
interface PolicyFacts {
  readonly windows: readonly MaintenanceConfiguration[];
}

/** True when changes of the cluster's identities are allowed in its maintenance window only (AKS documentation, preview). */
export function isWindowOnly(cluster: ManagedCluster): boolean {
  const policy = asString(at(cluster, "properties", "nodeDisruptionProfile", "nodeDisruptionPolicy"));
  return policy?.toLowerCase() === "allowduringmaintenancewindow";
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
