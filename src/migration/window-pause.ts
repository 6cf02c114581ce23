import type { Azure } from "../azure/azure.ts";
import { hasStatus } from "../azure/errors.ts";
import type { MaintenanceConfiguration } from "../azure/maintenance.ts";
import type { ManagedCluster } from "../azure/managed-cluster.ts";
import { formatInstant } from "../engine/clock.ts";
import type { Change, Step, Verdict } from "../engine/step.ts";
import { isWindowOnly } from "./disruption-policy.ts";
import { nodeWindow, windowAt } from "./maintenance-window.ts";
import type { Migration } from "./migration.ts";

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

/** The windows that an update of the cluster has to keep to, and whether Azure itself insists on them. */
interface WindowFacts {
  readonly windows: readonly MaintenanceConfiguration[];
  readonly isBound: boolean;
}

/** An update of the cluster that has to keep to the window. */
interface BoundUpdate {
  /** Of the change that is the update. */
  readonly key: string;
  /** True when it re-images nodes. */
  readonly drains: boolean;
  /** True when the cluster shows it already. */
  isDone(cluster: ManagedCluster): boolean;
}

/**
 * A step whose update of the cluster waits for the maintenance window: where the node disruption policy allows changes of
 * identities only then, and where the update re-images nodes, as a node image upgrade would (AKS documentation of both).
 */
export function keepToWindow<F extends { readonly cluster: ManagedCluster }, C extends Change>(
  step: Step<F, C>,
  { clusterId, ignoresWindows, history }: Migration,
  update: BoundUpdate,
  azure: Azure,
): Step<F & WindowFacts, C> {
  return {
    ...step,
    async detect(signal) {
      const facts = await step.detect(signal);
      const isBound = isWindowOnly(facts.cluster);
      const isBegun = ["applied", "seen"].includes(history.stateOf(update.key) ?? "") || update.isDone(facts.cluster);
      const waits = (isBound || update.drains) && !isBegun && !ignoresWindows;
      return { ...facts, isBound, windows: waits ? await readWindows(azure, clusterId) : [] };
    },
    decide(facts, now) {
      const verdict = step.decide(facts, now);
      const isUpdate = verdict.kind === "change" && verdict.changes.some(({ key }) => key === update.key);
      if (!isUpdate) return verdict;
      const why = facts.isBound
        ? "the node disruption policy allows changes of the cluster's identities only then"
        : undefined;
      return pauseForWindow(facts.windows, verdict.changes, now, why) ?? verdict;
    },
  };
}
