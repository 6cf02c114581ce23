import { AzureError, hasAzureCode } from "../azure/errors.ts";

/** What Azure says about a drain that failed: who stood in the way, and which node it stopped at. */
export interface DrainFailure {
  /** Disruption budgets, as `namespace/name` where Azure names the namespace. */
  readonly budgets: readonly string[];
  readonly node: string | undefined;
}

const NAME = "[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?";

/** The ways in which AKS names a disruption budget in its errors (public reports of `UpgradeFailed` and `UnsatisfiablePDB`). */
const BUDGET_PATTERNS = [
  new RegExp(`PDB debug info: (${NAME}/${NAME}) blocked by pdb`, "g"),
  new RegExp(`PDB (${NAME}(?:/${NAME})?) has maxunavailable == 0`, "g"),
  new RegExp(`violate the pod's disruption budget:? (${NAME}(?:/${NAME})?)`, "g"),
];

/**
 * Reads Azure's message about a roll that failed.
 * @returns undefined when no disruption budget is to blame
 */
export function readDrainFailure(message: string): DrainFailure | undefined {
  const named = BUDGET_PATTERNS.flatMap((pattern) => [...message.matchAll(pattern)].map(([, name]) => name!));
  const full = named.filter((name) => name.includes("/"));
  const short = named.filter((name) => !name.includes("/") && !full.some((other) => other.endsWith(`/${name}`)));
  const budgets = [...new Set([...full, ...short])];
  if (budgets.length === 0) return undefined;
  return { budgets, node: new RegExp(`Drain node (${NAME}) failed`).exec(message)?.[1] };
}

/** What to do about a roll that failed, by what Azure says of it. */
export function remedyForRoll(message: string): string {
  const drain = readDrainFailure(message);
  if (!drain)
    return `Put right what Azure says (quota, addresses), then run \`aks-mi resume\`: it tries again.${uncordon()}`;
  const budgets = drain.budgets.join(", ");
  return `Let the disruption budget ${budgets} allow an eviction (more replicas, a higher maxUnavailable, or away with it for the time of the migration), then run \`aks-mi resume\`.${drain.node ? uncordon(drain.node) : ""}`;
}

/** A roll that stopped leaves the node at which it stopped without new pods (AKS issue 3439), which nobody puts back by itself. */
function uncordon(node?: string): string {
  const which = node === undefined ? "A node at which it stopped" : `The node ${node}`;
  return ` ${which} may be left cordoned (SchedulingDisabled in \`kubectl get nodes\`): \`kubectl uncordon ${node ?? "NAME"}\`, in a private cluster through \`az aks command invoke\`.`;
}

/** A budget that can never be met: Azure refuses the request at once, before any node is drained. */
function isUnsatisfiableBudget(error: unknown): error is AzureError {
  return hasAzureCode(error, "UnsatisfiablePDB");
}

/** The error of a refused roll, with the budget in its remedy where one is to blame. */
export function withDrainRemedy(error: unknown): unknown {
  if (!isUnsatisfiableBudget(error)) return error;
  return new AzureError(error.code, error.status, error.azureCode, error.message, remedyForRoll(error.message), error);
}
