import { markdownCode, markdownTable, markdownText } from "./markdown.ts";
import type { Cell, Table } from "./table.ts";

/** A table of a report as lines of Markdown, under its heading where it has one; no line when it has no rows. */
export function tableLines({ columns, rows }: Omit<Table, "caption">, heading?: string): string[] {
  if (rows.length === 0) return [];
  const cells = rows.map((row) => row.map((cell) => markdownCell(cell).trim()));
  return [...(heading ? [heading, ""] : []), ...markdownTable(columns, cells), ""];
}

function markdownCell(cell: Cell): string {
  if (cell === undefined) return "";
  if (typeof cell === "string") return markdownText(cell);
  if ("code" in cell) return markdownCode(cell.code);
  if ("state" in cell) return cell.state;
  if ("time" in cell) return cell.time;
  if ("id" in cell) return `${markdownText(cell.name)}<br>${markdownCode(cell.id)}`;
  if ("onlyIf" in cell) return `**Only if:** ${markdownText(cell.onlyIf)}`;
  if ("label" in cell) return cell.label;
  if ("aside" in cell) return "";
  return cell.map(markdownCell).join("");
}
