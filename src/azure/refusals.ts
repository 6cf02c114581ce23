import { type ErrorCode, isAksMiError } from "../engine/errors.ts";
import { AzureError } from "./errors.ts";

/** Failures of a single read that leave the rest of an assessment as good as it was. */
const SURVIVABLE: readonly ErrorCode[] = ["AZURE_REFUSED", "AZURE_ERROR", "AZURE_UNREACHABLE"];

/**
 * Why a read failed, in a few words.
 * @throws the error itself when nothing else can be read either: not signed in, interrupted, a defect
 */
export function reasonFor(error: unknown, what: string): string {
  if (!SURVIVABLE.some((code) => isAksMiError(error, code))) throw error;
  if (!(error instanceof AzureError)) return `${what} could not be read: Azure was not reached`;
  return error.status === 403
    ? `you may not read ${what} (${error.azureCode})`
    : `${what} could not be read: ${error.azureCode} (HTTP ${error.status})`;
}
