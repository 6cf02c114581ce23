import type { NotAssessed } from "../engine/known.ts";
import type { Finding } from "../engine/step.ts";

/** What could not be looked at stays in the plan, in front of whoever approves it: it never reads as a pass. */
export function unassessed(
  { check, reason }: NotAssessed,
  remedy: string,
  severity: "medium" | "info" = "info",
): Finding {
  return { check, severity, seen: `${reason}: not assessed`, remedy };
}
