import type { Accepted, Clusters, OperationStatus } from "../azure/clusters.ts";
import { isTerminal } from "../azure/managed-cluster.ts";
import type { Operation, OperationStore } from "../engine/operations.ts";
import type { Report } from "../engine/step.ts";

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
