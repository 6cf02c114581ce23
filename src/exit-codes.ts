import { AksMiError, type ErrorCode } from "./engine/errors.ts";

/** The exit code of every way to fail. */
const EXIT_CODES: Readonly<Record<ErrorCode, number>> = {
  STEP_FAILED: 1,
  AZURE_ERROR: 1,
  AZURE_UNREACHABLE: 1,
  STATE_UNWRITABLE: 1,
  USAGE: 2,
  PLAN_INVALID: 2,
  STATE_UNREADABLE: 2,
  NOT_SIGNED_IN: 3,
  AZURE_REFUSED: 3,
  BLOCKED: 4,
  PLAN_STALE: 5,
  PLAN_CHANGED: 5,
  LOCKED: 6,
  APPROVAL_NEEDED: 7,
  DEFECT: 70,
};

/** The exit codes of commands that ended without an error, and not as one would wish. */
export const EXIT = {
  /** A plan was made that cannot be applied. */
  blocked: EXIT_CODES.BLOCKED,
  paused: 8,
  /** `assess` or `verify` found what it was to look for. */
  found: 9,
  /** Not all clusters ended alike. */
  mixed: 10,
} as const;

/** The exit code that an error stands for; what is no error of ours is a defect. */
export function exitCodeOf(error: unknown): number {
  return error instanceof AksMiError ? EXIT_CODES[error.code] : EXIT_CODES.DEFECT;
}
