import { AksMiError } from "./errors.ts";
import type { Finding } from "./step.ts";

/** The error that ends a run on findings: the words of the first blocker, or of the first finding when none is one. */
export function blocked(findings: readonly Finding[]): AksMiError {
  const first = findings.find((finding) => finding.severity === "blocker") ?? findings[0]!;
  return new AksMiError("BLOCKED", `${first.check}: ${first.seen}`, first.remedy);
}
