import { isRestError } from "@azure/core-rest-pipeline";
import { AksMiError } from "../engine/errors.ts";
import { type RetryContext, withRetry } from "./retry.ts";

/**
 * Calls a client of the SDK, as `withRetry` does. Its models take answers for what the API description promises, and trip
 * over any other with an error of JavaScript's own.
 * @throws AksMiError `AZURE_ERROR` for an answer that the SDK does not understand
 */
export function callSdk<T>(what: string, context: RetryContext, call: () => Promise<T>): Promise<T> {
  return withRetry(what, context, async () => {
    try {
      return await call();
    } catch (error) {
      if (!isMisread(error)) throw error;
      throw new AksMiError(
        "AZURE_ERROR",
        `The answer to "${what}" is not what Azure's API description says.`,
        "Check for a proxy that answers in Azure's place, then run the command again.",
        { cause: error },
      );
    }
  });
}

/** Errors of JavaScript's own, and those of the SDK that stand neither for an answer nor for the network. */
function isMisread(error: unknown): boolean {
  if (error instanceof TypeError || error instanceof RangeError) return true;
  return isRestError(error) && error.statusCode === undefined && error.code === undefined;
}
