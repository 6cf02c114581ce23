import type { RecordedFinding } from "../engine/step.ts";
import { markdownCode as code, markdownTable as table, markdownText as text } from "./markdown.ts";
import { sentence } from "./words.ts";

/** Findings as a table, the gravest first, under a heading that is one level below that of their cluster. */
export function findingLines(heading: "##" | "###", findings: readonly RecordedFinding[]): string[] {
  if (findings.length === 0) return [];
  const rows = findings.map(({ severity, check, seen, remedy, link }) => [
    severity === "blocker" ? "**BLOCKER**" : severity,
    code(check),
    text(sentence(seen)),
    text(sentence(remedy)) + (link ? ` ${code(link)}` : ""),
  ]);
  return [`${heading} Findings`, "", ...table(["Severity", "Check", "Seen", "Remedy"], rows), ""];
}
