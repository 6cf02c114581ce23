import type { NotAssessed } from "./known.ts";
import type { Finding } from "./step.ts";

/** What a check says. Nothing at all means that it looked and found nothing. */
export type Outcome = Finding | NotAssessed;

/** True for a finding, false for what could not be looked at. */
export function isFinding(outcome: Outcome): outcome is Finding {
  return "severity" in outcome;
}

/** What could not be looked at stays in a plan, in front of whoever approves it: it never reads as a pass. */
export function asFinding(outcome: Outcome, remedy: string, severity: "medium" | "info" = "info"): Finding {
  if (isFinding(outcome)) return outcome;
  const { check, reason } = outcome;
  return { check, severity, seen: `${reason}: not assessed`, remedy };
}
