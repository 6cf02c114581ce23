/** What went wrong, as far as the caller has to know: each code has one exit code, mapped in `src/exit-codes.ts`. */
export type ErrorCode =
  | "USAGE"
  | "PLAN_INVALID"
  | "PLAN_STALE"
  | "PLAN_CHANGED"
  | "NOT_SIGNED_IN"
  | "AZURE_REFUSED"
  | "AZURE_ERROR"
  | "AZURE_UNREACHABLE"
  | "BLOCKED"
  | "LOCKED"
  | "APPROVAL_NEEDED"
  | "STEP_FAILED"
  | "STATE_UNREADABLE"
  | "STATE_UNWRITABLE"
  | "DEFECT";

/** The one error of this project: a code, one sentence that names the thing, and a remedy the user can act on. */
export class AksMiError extends Error {
  override readonly name = "AksMiError";
  readonly code: ErrorCode;
  /** What the user can do about it, as a sentence. */
  readonly remedy: string;

  constructor(code: ErrorCode, message: string, remedy: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.remedy = remedy;
  }
}

/** True when the value is an `AksMiError`, optionally with the given code. */
export function isAksMiError(value: unknown, code?: ErrorCode): value is AksMiError {
  return value instanceof AksMiError && (code === undefined || value.code === code);
}

/** Thrown where the time box of a run ends before a request may be sent again: the run is paused, not failed. */
export class TimeBoxOver extends Error {
  override readonly name = "TimeBoxOver";
}

/** Thrown by `Step.apply` when nobody knows whether Azure acted: the engine looks again before it does anything else. */
export class TransientError extends Error {
  override readonly name = "TransientError";
  /** How long the service asked to be left alone, in milliseconds of the engine's clock. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options?: { cause?: unknown; retryAfterMs?: number | undefined }) {
    super(message, options);
    this.retryAfterMs = options?.retryAfterMs;
  }
}

/** Why the system refused a file, without its path, which the message names already: `ENOENT: no such file or directory`. */
export function fileProblem(error: unknown): string {
  return (error as Error).message.replace(/, \w+( '.*')?$/s, "");
}
