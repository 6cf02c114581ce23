import { type Html, html, htmlBadge, htmlTable, htmlTime, type Part } from "./html.ts";
import type { Cell, Table } from "./table.ts";

/** A table of a report as HTML; undefined when it has no rows. */
export function htmlReportTable({ caption, columns, rows }: Table): Html | undefined {
  const cells = rows.map((row) => row.map(htmlCell));
  return htmlTable(caption, columns, cells);
}

function htmlCell(cell: Cell): Part {
  if (cell === undefined || typeof cell === "string") return cell;
  if ("code" in cell) return html`<code>${cell.code}</code>`;
  if ("state" in cell) return htmlBadge(cell.state);
  if ("time" in cell) return htmlTime(cell.time);
  if ("id" in cell) return html`${cell.name}<br><code>${cell.id}</code>`;
  if ("onlyIf" in cell) return html`<strong>Only if: ${cell.onlyIf}</strong>`;
  if ("label" in cell) return cell.label;
  if ("aside" in cell) return html`<span class="muted">${cell.aside}</span>`;
  return cell.map(htmlCell);
}
