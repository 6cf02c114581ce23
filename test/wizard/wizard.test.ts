import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CommandLine } from "../support/cli.ts";
import { KEYS, TerminalSession } from "../support/terminal.ts";
import { accept, answerQuestions, confirm, readPlan } from "./walk.ts";

/** How many emulated seconds pass in one: slow enough for each node to be seen; the waits are skipped. */
const TIME_SCALE = 450;

const ESCAPE = "\u001b";
const COLOR = new RegExp(`${ESCAPE}\\[[0-9;]*m`);

/** Colours take no columns, so that one size is enough to be walked without them. */
const SIZES: { columns: number; rows: number; env: Record<string, string> }[] = [
  { columns: 80, rows: 24, env: {} },
  { columns: 140, rows: 40, env: { NO_COLOR: "1" } },
];

/** What was answered so far, as every question shows it. */
const ANSWERS = {
  cluster: /✔ Cluster +payments-prod in rg-payments-prod/,
  target: /✔ Target +user-assigned identity/,
  control: /✔ Control plane +id-payments-prod/,
  nodes: /✔ Nodes +id-payments-prod-kubelet/,
  place: /✔ Place +resource group rg-payments-prod/,
  registries: /✔ Registries +those of the old principal/,
};

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

/** Answers the questions of the wizard, goes one back on the way, and sees each screen. */
async function answer(terminal: TerminalSession): Promise<void> {
  const { cluster, target, control, nodes, place, registries } = ANSWERS;
  const first = await accept(terminal, "EMULATED AzureCloud", "Which clusters shall be migrated?", "❯ ◯ payments-prod");
  expect(first).toMatch(/payments-prod +service principal +secret \d+ days +\d high/);
  expect(first).toContain("3 pools, 9 nodes");
  await accept(terminal, "❯ Go on with payments-prod", "◉ payments-prod");
  await accept(terminal, cluster, "❯ User-assigned (recommended)", "Exists before the switch");
  await accept(terminal, cluster, target, "Which identity shall the control plane use?", "❯ id-payments-prod (rec");

  await terminal.see(control, "Which identity shall the nodes (kubelet) use?", "The one that AKS makes");
  terminal.press(KEYS.escape);
  const back = await accept(terminal, "Which identity shall the control plane use?", "❯ id-payments-prod (rec");
  expect(back).toMatch(target);
  expect(back).not.toMatch(control);
  await accept(terminal, control, "❯ id-payments-prod-kubelet (recommended)");

  await terminal.see(nodes, "Resource group for new identities: (rg-payments-prod)");
  terminal.press(KEYS.enter);
  await accept(terminal, place, "❯ Go on with contosoplatform", "the old identity holds AcrPull on it (always kept)");

  const pages = (await readPlan(terminal)).join("\n");
  expect(pages).toContain("from service principal to user-assigned managed identity");
  expect(count(pages, "━ POINT OF NO RETURN ━")).toBe(1);
  expect(pages).toMatch(/Plan hash +[0-9a-f]{64}/);
  await accept(
    terminal,
    registries,
    /✔ Plan +14 changes, 9 nodes drained, 2\d h/,
    "What shall happen with this plan?",
    "❯ Run it now",
  );
  expect(await confirm(terminal)).toContain("cannot go back to a service");
}

describe("the wizard in a terminal", () => {
  test.concurrent.for(SIZES)("leads from its first screen to the finished migration: $columns × $rows $env", async ({
    columns,
    rows,
    env,
  }, { onTestFinished }) => {
    const line = await CommandLine.open({ timeScale: TIME_SCALE });
    onTestFinished(() => line.close());
    const frames = new Set<number>();
    const terminal = new TerminalSession(["--emulator", line.endpoint], {
      columns,
      rows,
      env,
      cwd: line.folder,
      onScreen: (screen) => frames.add(count(screen, "EMULATED AZURE\n ✔")),
    });
    await answer(terminal);

    await terminal.see(/◷ Wait for role propagation +until .* left/, "point of no return", "Ctrl-C saves and stops");
    terminal.press("for-nobody", KEYS.enter, KEYS.enter);
    await line.control("POST", "/_emulator/clock", { advance: "60m" });
    await terminal.see("✔ Wait for role propagation", "Enable managed", /pool system: [1-3] of 3 nodes re-imaged/);
    await terminal.see(/pool apps: [1-4] of 4 nodes re-imaged/);
    await line.control("POST", "/_emulator/clock", { advance: "45m" });
    await terminal.see("✔ Verify the migration", /◷ Wait for the token switchover +until .* left/);
    await line.control("POST", "/_emulator/clock", { advance: "24h" });
    expect(await terminal.ended).toBe(0);

    const { history } = terminal;
    expect(history).toContain("The same without the wizard:");
    for (const step of ["Create identities", "Enable managed identity", "Wait for the token switchover"])
      expect(count(history, `✔ ${step}`), history).toBe(1);
    expect(history).toMatch(
      /The migration is complete\.\nReport: \.aks-mi\/runs\/\S+\/report\.html\nNext: aks-mi verify/,
    );
    expect(history).not.toMatch(/Ctrl-C|❯|re-imaged|for-nobody/);
    expect([...frames]).toEqual([0, 1]);
    expect([...terminal.wrapped]).toEqual([]);
    expect(COLOR.test(terminal.raw)).toBe(!env["NO_COLOR"]);
  });

  test.concurrent("of the demo ends with what verify shows", async () => {
    const cwd = mkdtempSync(join(tmpdir(), "aks-mi-demo-"));
    const terminal = new TerminalSession(["demo", "--time-scale", "36000"], { columns: 80, rows: 24, cwd });
    await answerQuestions(terminal);
    await readPlan(terminal);
    await accept(terminal, "❯ Run it now");
    await confirm(terminal);
    await terminal.see("Ctrl-C stops; the emulated Azure ends with it.");
    expect(await terminal.ended).toBe(0);
    const end = terminal.history.slice(terminal.history.indexOf("The migration is complete."));
    expect(end).toContain("payments-prod: complete (user-assigned)");
    // The emulator has ended with the process: there is nothing left that a command could ask.
    expect(end).not.toContain("Next:");
    expect([...terminal.wrapped]).toEqual([]);
  });
});
