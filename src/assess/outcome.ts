import type { NotAssessed } from "../engine/known.ts";
import type { Finding as EngineFinding } from "../engine/step.ts";

export { type Known, known, type NotAssessed, unknown } from "../engine/known.ts";

/** Something that was looked for and found, with the rules of other tools that look for the same. */
export type Finding = EngineFinding & {
  /** Rules of PSRule for Azure and definitions of Azure Policy that report this too. */
  readonly rules?: readonly string[];
};

/** What a check says. Nothing at all means that it looked and found nothing. */
export type Outcome = Finding | NotAssessed;

/** True for a finding, false for what could not be looked at. */
export function isFinding(outcome: Outcome): outcome is Finding {
  return "severity" in outcome;
}

/** What a list showed. With a `gap` there may be more than that, so that absence proves nothing. */
export interface Listed<T> {
  readonly items: readonly T[];
  readonly gap?: string | undefined;
}
