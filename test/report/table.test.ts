import { expect, test } from "vitest";
import { htmlReportTable } from "../../src/report/html-table.ts";
import { tableLines } from "../../src/report/markdown-table.ts";
import type { Cell } from "../../src/report/table.ts";

const inHtml = (cell: Cell) =>
  /<td[^>]*>(.*)<\/td>/.exec(htmlReportTable({ caption: "", columns: ["A"], rows: [[cell]] })!.text)![1];
const inMarkdown = (cell: Cell) => /^\| (.*) \|$/.exec(tableLines({ columns: ["A"], rows: [[cell]] })[2]!)![1];

test.each<[what: string, cell: Cell, html: string, markdown: string]>([
  ["nothing", undefined, "", ""],
  ["text, escaped", "<b>|*", "&lt;b&gt;|*", "\\<b\\>\\|\\*"],
  ["code", { code: "a|<b>" }, "<code>a|&lt;b&gt;</code>", "`a\\|<b>`"],
  ["a state", { state: "in progress" }, '<span class="badge in-progress">in progress</span>', "in progress"],
  ["a time", { time: "1 h" }, '<span class="time">1 h</span>', "1 h"],
  ["a name and its id", { name: "<n>", id: "/id" }, "&lt;n&gt;<br><code>/id</code>", "\\<n\\><br>`/id`"],
  ["a condition", { onlyIf: "<c>" }, "<strong>Only if: &lt;c&gt;</strong>", "**Only if:** \\<c\\>"],
  ["words of our own", { label: "Nodes (kubelet)" }, "Nodes (kubelet)", "Nodes (kubelet)"],
  ["a remark", { aside: "(1 retry)" }, '<span class="muted">(1 retry)</span>', ""],
  ["parts", ["a", " ", [{ code: "b" }, " "]], "a <code>b</code> ", "a `b`"],
])("a cell with %s is written in HTML and in Markdown", (_what, cell, html, markdown) => {
  expect([inHtml(cell), inMarkdown(cell)]).toEqual([html, markdown]);
});

test("a table without rows is left out, with its heading", () => {
  expect(htmlReportTable({ caption: "C", columns: ["A"], rows: [] })).toBeUndefined();
  expect(tableLines({ columns: ["A"], rows: [] }, "## Heading")).toEqual([]);
});
