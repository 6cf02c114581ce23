import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { WireRequest, WireResponse } from "../../src/engine/wire.ts";
import { DEMO_CLUSTER } from "../support/cli.ts";
import { InProcessCommandLine } from "../support/in-process.ts";

/** What moves a cursor, hides or turns text, and means something to HTML, Markdown, SARIF and CI systems. */
const HOSTILE = [
  "\u001b]0;title\u0007\u001b[2J\u009b31m\u202e\u200b\u2028",
  "<script>alert(1)</script><img src=x onerror=alert(1)>",
  "[x](https://elsewhere.example)|`~~",
  "##vso[task.complete result=Succeeded]##[error]\n::error::x\n\n# Heading",
].join("");

/** Fields whose text people choose, or Azure. */
const FREE_TEXT = /^(displayName|message|roleName|nodeImageVersion|caller|description|notes|reason)$/;

/** The same answer with hostile texts in it. */
function taint(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(taint);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      typeof item === "string" && FREE_TEXT.test(key) ? item + HOSTILE : taint(item),
    ]),
  );
}

const isUpdate = ({ method, url }: WireRequest) => method === "PUT" && /managedClusters\/payments-prod\?/.test(url);
const REFUSAL: WireResponse = {
  status: 400,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ error: { code: `Odd${HOSTILE}`, message: HOSTILE } }),
};

/** A command line on an Azure in which everything is named so, and that refuses to switch the cluster. */
async function openTainted(): Promise<InProcessCommandLine> {
  const line = await InProcessCommandLine.open();
  const { handle } = line.lab.emulator;
  const answer = async (request: WireRequest): Promise<WireResponse> => {
    if (isUpdate(request)) return REFUSAL;
    const response = await handle(request);
    if (request.url.includes("/_emulator/") || response.body === "") return response;
    return { ...response, body: JSON.stringify(taint(JSON.parse(response.body))) };
  };
  Object.assign(line.lab.emulator, { handle: answer });
  return line;
}

/** Line breaks are ours, as nothing has colours here; every other control would be someone else's. */
const CONTROLS = /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u;
const CI_COMMANDS = /##vso\[task\.complete|##\[error\]|^[ \t]*::error::x/m;
const MARKUP: Readonly<Record<string, RegExp>> = {
  html: /<script|<img/,
  markdown: /(?<!\\)<(?:script|img)|(?<!\\)\]\(https:\/\/elsewhere|^# Heading/m,
  sarif: /[^\\]\]\(https:\/\/elsewhere/,
};

test("what Azure calls things, and says of a failure, does nothing where it is shown", async () => {
  const line = await openTainted();
  const plan = line.file("plan.yaml");
  const shown: { where: string; text: string; markup?: string }[] = [];
  const run = async (env: Record<string, string>, ...args: string[]) => {
    const { stdout, stderr } = await line.runIn({ env }, ...args);
    const markup = args[args.indexOf("-o") + 1]!;
    shown.push({ where: args.join(" "), text: stdout, ...(args.includes("-o") ? { markup } : {}) });
    shown.push({ where: `${args.join(" ")} (stderr)`, text: stderr });
  };
  for (const output of ["table", "json", "markdown", "html"])
    await run({}, "plan", "--id", DEMO_CLUSTER, "--out", plan, "-o", output);
  for (const output of ["table", "json", "sarif", "markdown"]) await run({}, "assess", "-o", output);
  await run({}, "verify", "--id", DEMO_CLUSTER);
  await run({ TF_BUILD: "True" }, "apply", "--plan", plan, "--yes", "--verbose");
  const summary = line.file("summary.md");
  await run({ GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: summary }, "resume", "--verbose");
  await run({}, "resume", "-o", "jsonl");
  await run({}, "status");
  for (const output of ["markdown", "html", "json"]) await run({}, "report", "-o", output);
  const runs = line.file("state/runs");
  for (const [name, markup] of [
    ["report.md", "markdown"],
    ["report.html", "html"],
  ] as const)
    shown.push({ where: name, text: readFileSync(`${runs}/${readdirSync(runs)[0]}/${name}`, "utf8"), markup });
  shown.push({ where: "the job's summary", text: readFileSync(summary, "utf8"), markup: "markdown" });

  expect(shown.filter(({ text }) => text.includes("elsewhere.example")).length).toBeGreaterThan(12);
  for (const { where, text, markup } of shown) {
    expect(CONTROLS.exec(text)?.index, where).toBeUndefined();
    // A report is a file or a page: no CI system reads it line by line.
    if (!/^(report\.|the job)/.test(where)) expect(CI_COMMANDS.exec(text)?.[0], where).toBeUndefined();
    expect(MARKUP[markup ?? ""]?.exec(text)?.[0], where).toBeUndefined();
  }
});
