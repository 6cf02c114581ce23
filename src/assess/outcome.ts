import type { Finding as EngineFinding } from "../engine/step.ts";

/** Something that was looked for and found, with the rules of other tools that look for the same. */
export interface Finding extends EngineFinding {
  /** Rules of PSRule for Azure and definitions of Azure Policy that report this too. */
  readonly rules?: readonly string[];
}

/** Something that could not be looked at: never a pass. */
export interface NotAssessed {
  readonly check: string;
  readonly reason: string;
}

/** What a check says. Nothing at all means that it looked and found nothing. */
export type Outcome = Finding | NotAssessed;

/** True for a finding, false for what could not be looked at. */
export function isFinding(outcome: Outcome): outcome is Finding {
  return "severity" in outcome;
}

/** Something that was read, or why it could not be. */
export type Known<T> = { readonly known: true; readonly value: T } | { readonly known: false; readonly reason: string };

/** What a list showed. With a `gap` there may be more than that, so that absence proves nothing. */
export interface Listed<T> {
  readonly items: readonly T[];
  readonly gap?: string | undefined;
}

/** Says that something was read. */
export function known<T>(value: T): Known<T> {
  return { known: true, value };
}

/** Says why something could not be read. */
export function unknown(reason: string): { readonly known: false; readonly reason: string } {
  return { known: false, reason };
}
