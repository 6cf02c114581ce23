import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { CommandLine, DEMO_CLUSTER } from "../support/cli.ts";
import type { Emulated } from "../support/emulated.ts";
import { InProcessCommandLine } from "../support/in-process.ts";
import { KEYS, TerminalSession } from "../support/terminal.ts";
import { accept, answerQuestions, confirm, readPlan } from "./walk.ts";

async function openEmulator(timeScale?: number): Promise<CommandLine> {
  const line = await CommandLine.open(timeScale ? { timeScale } : {});
  onTestFinished(() => line.close());
  return line;
}

function openWizard(line: CommandLine): TerminalSession {
  return new TerminalSession(["--emulator", line.endpoint], { columns: 100, rows: 30, cwd: line.folder });
}

interface Resource {
  readonly id: string;
  readonly type: string;
  readonly identity?: object;
  readonly properties?: Record<string, unknown>;
}

/** What is in the model in the end, without what differs from run to run: times, and ids that Azure makes up. */
async function endState(world: Emulated): Promise<unknown> {
  const resources = await world.control<Resource[]>("GET", "/_emulator/resources");
  const roles = resources
    .filter(({ type }) => /roleAssignments$/i.test(type))
    .map(({ properties }) => [properties?.["scope"], properties?.["roleDefinitionId"]].join(" ").toLowerCase());
  const cluster = resources.find(({ id }) => id.toLowerCase() === DEMO_CLUSTER.toLowerCase())!;
  return {
    ids: resources
      .filter(({ type }) => !/roleAssignments$/i.test(type))
      .map(({ id }) => id.toLowerCase())
      .sort(),
    roles: roles.sort(),
    identities: Object.keys((cluster.identity as { userAssignedIdentities: object }).userAssignedIdentities),
    servicePrincipal: cluster.properties?.["servicePrincipalProfile"],
    failures: (await world.events()).filter(({ ok }) => !ok),
  };
}

test("the plan that the wizard saves ends where its own run ends", async () => {
  const first = await openEmulator();
  const terminal = openWizard(first);
  await answerQuestions(terminal);
  await readPlan(terminal);
  await terminal.see("❯ Run it now");
  terminal.press(KEYS.down, KEYS.down);
  await accept(terminal, "❯ Save the plan to a file and leave");
  await terminal.see("File for the plan: (plan.yaml)");
  terminal.press(KEYS.enter);
  expect(await terminal.ended).toBe(0);
  expect(terminal.history).toContain("The plan is saved in plan.yaml; nothing was changed.");
  // The directory is asked with a POST who holds roles; nothing else is sent.
  const sent = (await first.writes()).map(({ method, path }) => `${method} ${path.split("?")[0]}`);
  expect(new Set(sent)).toEqual(new Set(["POST /v1.0/directoryObjects/getByIds"]));

  const file = join(first.folder, "plan.yaml");
  const second = await InProcessCommandLine.open();
  const applied = await second.run("--plan", file, "--yes");
  expect(applied.code, applied.stderr).toBe(0);

  const again = openWizard(first);
  await answerQuestions(again);
  await readPlan(again);
  await accept(again, "❯ Run it now");
  await confirm(again);
  expect(await again.ended).toBe(0);
  const end = await endState(second.lab);
  expect(end).toEqual(await endState(first));
  expect(end).toMatchObject({ servicePrincipal: { clientId: "msi" }, failures: [] });
  rmSync(file);
});

test("a run whose terminal is closed goes on in another one, watched from a third", async () => {
  const line = await openEmulator(200);
  const closed = openWizard(line);
  await answerQuestions(closed);
  await readPlan(closed);
  await accept(closed, "❯ Run it now");
  await confirm(closed);
  await closed.see("✔ Assign roles", /◷ Wait for role propagation +until/);
  const size = { columns: 100, rows: 30, cwd: line.folder, env: { AKS_MI_EMULATOR: line.endpoint } };
  const watcher = new TerminalSession(["status", "--watch"], size);
  await watcher.see("✔ Assign roles", /◷ Wait for role propagation +until/, "Ctrl-C stops watching; the run goes on.");
  closed.close();
  expect(await closed.ended).toBe(129);
  // The watcher sees the end of the process as the end of the run's work.
  expect(await watcher.ended).toBe(0);
  expect(watcher.history).toContain("Next: aks-mi resume");

  const resumed = new TerminalSession(["resume"], size);
  const first = await resumed.see("✔ Create identities", "✔ Assign roles", /◷ Wait for role propagation +until/);
  expect(first).not.toContain("▸");
  const second = new TerminalSession(["status", "--watch"], size);
  await second.see("✔ Assign roles", "Ctrl-C stops watching");
  resumed.resize(140, 40);
  await resumed.see(/payments-prod {90,}EMULATED AZURE/);
  resumed.resize(70, 20);
  const narrow = await resumed.see(/^payments-prod {20,50}EMULATED AZURE$/m, "Ctrl-C saves and stops");
  expect(narrow.split("EMULATED AZURE")).toHaveLength(2);
  await line.control("POST", "/_emulator/clock", { advance: "60m" });
  await resumed.see("✔ Wait for role propagation", /pool system: [1-3] of 3 nodes re-imaged/);
  await line.control("POST", "/_emulator/clock", { advance: "60m" });
  await resumed.see("✔ Verify the migration", /◷ Wait for the token switchover +until/);
  await line.control("POST", "/_emulator/clock", { advance: "24h" });
  expect(await resumed.ended).toBe(0);
  expect(await second.ended).toBe(0);
  expect(second.history).toMatch(/The run is done\.\nNext: aks-mi report/);
  for (const { history } of [resumed, second]) expect(history.split("✔ Wait for the token switchover")).toHaveLength(2);
  expect((await line.writes()).filter(({ path }) => /managedClusters\/payments-prod(\?|$)/i.test(path))).toHaveLength(
    1,
  );
});
