import { STYLE } from "./html-style.ts";

/** Text that is HTML already. Only `html` makes it, so nothing reaches a page unescaped. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What may be put into HTML. */
export type Part = Html | string | number | undefined | false | readonly Part[];

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** HTML from a template; everything put into it is escaped, unless it is HTML itself. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.reduce((text, piece, index) => text + toText(parts[index - 1]) + piece));
}

function toText(part: Part): string {
  if (part instanceof Html) return part.text;
  if (Array.isArray(part)) return part.map(toText).join("");
  if (part === undefined || part === false) return "";
  return String(part).replace(/[&<>"']/g, (character) => ESCAPES[character]!);
}

/** A whole self-contained page: no scripts, no requests, light and dark. */
export function htmlPage(title: string, header: Html, main: Html, footer: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<header>${header}</header>
<main>${main}</main>
<footer>${footer}</footer>
</body>
</html>
`.text;
}

/** A section with its heading; left out when it has nothing in it. */
export function htmlSection(id: string, title: string, ...body: readonly Part[]): Html | undefined {
  const content = toText(body);
  if (content.trim() === "") return undefined;
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${new Html(content)}</section>`;
}

/** A table that turns into cards on a phone; the roles keep it a table for a screen reader all the same. */
export function htmlTable(
  caption: string,
  header: readonly string[],
  rows: readonly (readonly Part[])[],
): Html | undefined {
  if (rows.length === 0) return undefined;
  return html`<table role="table"><caption>${caption}</caption>
<thead role="rowgroup"><tr role="row">${header.map((cell) => html`<th role="columnheader" scope="col">${cell}</th>`)}</tr></thead>
<tbody role="rowgroup">${rows.map((row) => tableRow(header, row))}</tbody></table>`;
}

function tableRow(header: readonly string[], row: readonly Part[]): Html {
  return html`<tr role="row">${row.map((cell, index) => html`<td role="cell" data-label="${header[index]}">${cell}</td>`)}</tr>`;
}

/** A sentence in which code stands between backticks. */
export function htmlProse(text: string): Html {
  const parts = text.split("`");
  if (parts.length % 2 === 0) return html`${text}`;
  return html`${parts.map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))}`;
}

/** Terms with their values. */
export function htmlFacts(facts: readonly (readonly [term: string, value: Part])[]): Html {
  return html`<dl>${facts.map(([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** A word that stands for a state; its class gives it a colour, its text says the same. */
export function htmlBadge(state: string): Html {
  return html`<span class="badge ${state.replaceAll(" ", "-")}">${state}</span>`;
}

/** Commands or code to copy. The block scrolls, so it has to be reachable by keyboard. */
export function htmlCode(label: string, code: string): Html {
  return html`<pre tabindex="0" role="region" aria-label="${label}"><code>${code}</code></pre>`;
}

/** A time or a duration, which reads badly when broken. */
export function htmlTime(text: string): Html {
  return html`<span class="time">${text}</span>`;
}
