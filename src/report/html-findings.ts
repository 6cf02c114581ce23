import type { RecordedFinding } from "../engine/step.ts";
import { type Html, html, htmlBadge, htmlProse, htmlTable } from "./html.ts";
import { sentence, sortFindings } from "./words.ts";

/** Findings as a table, the gravest first; undefined for none. An address is no link: it may come from a file that was edited. */
export function htmlFindings(caption: string, findings: readonly RecordedFinding[]): Html | undefined {
  const rows = sortFindings(findings).map(({ severity, check, seen, remedy, link }) => [
    htmlBadge(severity),
    html`<code>${check}</code>`,
    htmlProse(sentence(seen)),
    html`${htmlProse(sentence(remedy))}${link && html`<br><code>${link}</code>`}`,
  ]);
  return htmlTable(caption, ["Severity", "Check", "Seen", "Remedy"], rows);
}
