import { AksMiError } from "../engine/errors.ts";
import { sanitize } from "../text/terminal.ts";

/** Says on stderr what went wrong and what to do about it; the stack only where it was asked for. */
export function showError(error: unknown, verbose: boolean): void {
  const known = error instanceof AksMiError;
  const message = known
    ? `${error.message} (${error.code})`
    : `A defect of aks-mi: ${error instanceof Error ? error.message : String(error)}`;
  const remedy = known
    ? error.remedy
    : "Run it again with --verbose and report what it prints; `aks-mi resume` goes on where the run stands.";
  process.stderr.write(`${sanitize(`aks-mi: ${message}`)}\n${sanitize(`  → ${remedy}`)}\n`);
  if (!verbose) return;
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    process.stderr.write(`${cause === error ? "" : "caused by "}${sanitize(cause.stack ?? cause.message)}\n`);
  }
}
