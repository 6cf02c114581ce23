import type { Assessment } from "../assess-estate.ts";

/** The assessment as scripts read it. */
export function renderAssessmentJson(assessment: Assessment): string {
  return `${JSON.stringify(assessment, undefined, 2)}\n`;
}
