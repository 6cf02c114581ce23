import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { nextCommandFor } from "../../src/commands/next-command.ts";
import { roleRequests } from "../../src/migration/role-requests.ts";
import { parsePlan, readPlanFile } from "../../src/plan/plan-file.ts";
import type { MigrationPlan } from "../../src/plan/schema.ts";
import { foldEvents } from "../../src/report/fold-events.ts";
import { listTasksLeft } from "../../src/report/left-to-do.ts";
import { retireCommands } from "../../src/report/retire-principal.ts";
import { reportCommand, resumeCommand, statusCommand, undoCommand } from "../../src/report/run-commands.ts";
import { listSnippets, targetIds } from "../../src/report/snippets.ts";

/** A name that a shell would run, however it is quoted by whoever forgets that names have quotes. */
const EVIL = `$(touch)';touch;"touch\`touch\` (touch`;
const PLACE = { tenant: EVIL, emulator: EVIL, stateDir: EVIL };
const GROUP = "/subscriptions/3f0b6c1e-9a54-4d1c-8f27-5b1d7c0a9e01/resourceGroups";

/** A plan as a stranger may have written it: each name in it is as bad as a plan's may be. */
function hostilePlan(): MigrationPlan {
  const plan = readPlanFile("plans/examples/user-assigned.yaml");
  const [cluster] = plan.clusters;
  cluster!.id = `${GROUP}/${EVIL}/providers/Microsoft.ContainerService/managedClusters/${EVIL}`;
  cluster!.from.servicePrincipal!.clientId = EVIL;
  cluster!.target.kubeletIdentity!.resourceGroup = EVIL;
  const key = `role:${EVIL}@${GROUP}/${EVIL}→kubelet`;
  cluster!.steps[0]!.changes.push({ key, summary: "", reason: "", risk: "additive" });
  return parsePlan(stringify(plan), "plan.yaml");
}

/** Every command that is printed for a plan, as it stands. */
function commandsOf(plan: MigrationPlan): string[] {
  const [cluster] = plan.clusters;
  const snippets = listSnippets(cluster!, targetIds(cluster!)).filter(({ language }) => language === "sh");
  return [
    nextCommandFor(plan, "h", EVIL, PLACE),
    nextCommandFor({ ...plan, clusters: [{ ...cluster!, blocked: true }] }, "h", EVIL, PLACE),
    nextCommandFor({ ...plan, clusters: [{ ...cluster!, steps: [] }] }, "h", EVIL, PLACE),
    ...[resumeCommand, statusCommand, undoCommand, reportCommand].map((of) => of({ id: EVIL, plan }, PLACE)),
    ...roleRequests(plan).map(({ command }) => command),
    // The flags of another command stand behind a comment's sign.
    ...snippets.map(({ code }) => code.replaceAll(/^# az/gm, "az").replaceAll("…", "")),
    ...retireCommands({ clientId: EVIL, objectId: EVIL, scopes: [EVIL] }),
    ...listTasksLeft(plan, foldEvents(plan, []), 0, PLACE).flatMap(({ commands }) => commands),
  ];
}

test("commands that are printed for copying do nothing else, whatever the names in them", () => {
  const folder = mkdtempSync(`${tmpdir()}/aks-mi-shell-`);
  const commands = commandsOf(hostilePlan());
  expect(commands.length).toBeGreaterThan(10);
  try {
    for (const command of commands) {
      // The shell finds no program at all, and says which ones it looked for.
      const { stderr } = spawnSync("/bin/sh", ["-c", command], { cwd: folder, env: { PATH: "" }, encoding: "utf8" });
      const looked = [...stderr.matchAll(/([\w-]+): (?:command )?not found/g)].map(([, program]) => program);
      expect([...new Set(looked)], `${command}\n${stderr}`).toHaveLength(1);
      expect(["az", "aks-mi"], `${command}\n${stderr}`).toContain(looked[0]);
      expect(stderr, command).not.toMatch(/syntax error|unterminated/i);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
