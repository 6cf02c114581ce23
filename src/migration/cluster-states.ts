import {
  type Accepted,
  type Clusters,
  type ManagedCluster,
  type OperationStatus,
  provisioningStateOf,
} from "../azure/clusters.ts";
import { asObject } from "../azure/json.ts";
import type { Operation, OperationStore } from "../engine/operations.ts";
import type { Report } from "../engine/step.ts";

/** The states in which a cluster or pool stays until somebody does something. */
const TERMINAL_STATES = new Set(["Succeeded", "Failed", "Canceled"]);

/** True when no operation is at work any more. */
export function isTerminal(state: string): boolean {
  return TERMINAL_STATES.has(state);
}

/** True when the last operation on it did not succeed: it failed, or someone aborted it. */
export function endedBadly(state: string): boolean {
  return isTerminal(state) && state !== "Succeeded";
}

/** The provisioning state of the cluster itself. */
export function clusterState(cluster: ManagedCluster): string {
  return provisioningStateOf(asObject(cluster["properties"]));
}

/** How the operation of a change stands. */
export interface OperationFacts {
  /** `none`: no operation is known, or Azure has forgotten it. */
  readonly state: "none" | "running" | "succeeded" | "failed";
  readonly code: string;
  readonly message: string;
}

/** Where there is nothing to look for. */
export const NO_OPERATION: OperationFacts = { state: "none", code: "", message: "" };

/**
 * Asks Azure how the operation of a change stands. Only `status` decides: an operation may carry an error while it goes
 * on, and even when it succeeded (recorded in 2024).
 */
export async function readOperation(
  clusters: Clusters,
  operations: OperationStore,
  key: string,
): Promise<OperationFacts> {
  const operation: Operation | undefined = operations.find(key);
  const status: OperationStatus | undefined = operation && (await clusters.operation(operation.url));
  if (!status) return NO_OPERATION;
  const state = status.status === "Succeeded" ? "succeeded" : isTerminal(status.status) ? "failed" : "running";
  return { state, code: status.code ?? status.status, message: status.message ?? `the operation is ${status.status}` };
}

/** Remembers the operation that a write started, before anything else is done. */
export async function rememberOperation(
  operations: OperationStore,
  key: string,
  accepted: Accepted,
  report: Report,
  takesUp = false,
): Promise<void> {
  const { operation, operationUrl, correlationId, at } = accepted;
  if (!operation || !operationUrl) return;
  operations.save({ id: operation, key, url: operationUrl });
  await report({
    type: "operation:started",
    key,
    operation,
    correlationId,
    acceptedAt: at?.toISOString(),
    ...(takesUp ? { takesUp } : {}),
  });
}
