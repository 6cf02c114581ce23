import { join } from "node:path";
import { connect } from "../azure/connection.ts";
import { normalizeId } from "../azure/ids.ts";
import { createEmulator } from "../emulator/emulator.ts";
import { loadScenario } from "../emulator/scenario.ts";
import { ScaledClock } from "../engine/clock.ts";
import { planHash } from "../plan/canonical.ts";
import { DEFAULT_WAITS } from "../plan/default-waits.ts";
import { writePlanFile } from "../plan/plan-file.ts";
import { makePlan } from "../planning/make-plan.ts";
import { renderPlan } from "../report/plan-report.ts";
import { makeStateDirectory } from "../state/state-directory.ts";
import { useColor, wrapText } from "../text/terminal.ts";
import { mayPrompt, planOrigin, tenantOf, whoAmI } from "./context.ts";
import { nextCommandFor } from "./next-command.ts";
import { runNewPlan } from "./run-plan.ts";
import { showVerified, verifyClusters } from "./verify.ts";

/** The flags of `demo`. */
export interface DemoFlags {
  readonly prompt: boolean;
  readonly timeScale: number;
  readonly stateDir?: string;
}

/** The whole job on the embedded emulator: plan, migrate, prove. @returns the exit code */
export async function demo(flags: DemoFlags): Promise<number> {
  const clock = new ScaledClock(new Date(), flags.timeScale);
  const emulator = createEmulator({ clock, scenario: await loadScenario("demo") });
  const connection = await connect({ cloud: "AzureCloud", emulator });
  const stateDir = makeStateDirectory(flags.stateDir);
  const about = `An emulated Azure, ${flags.timeScale} times as fast as a real one; the run is kept in ${stateDir}.`;
  process.stderr.write(`${wrapText(about, (process.stderr.columns || 120) - 1).join("\n")}\n\n`);
  const azure = connection.azure();
  const prove = async (ids: readonly string[]) => {
    process.stdout.write("\nWhat Azure shows now (`aks-mi verify`):\n\n");
    return showVerified(await verifyClusters(connection, ids, { stateDir }), "table");
  };
  if (mayPrompt(flags)) {
    const { runWizardOn } = await import("./wizard.ts");
    return runWizardOn(connection, { stateDir, prompt: true }, prove);
  }
  const subscriptions = await azure.resources.subscriptions();
  const clusters = (await Promise.all(subscriptions.map(({ id }) => azure.clusters.list(id)))).flat();
  const clusterIds = clusters.map((cluster) => normalizeId(String(cluster["id"])));
  const made = await makePlan(
    azure,
    { clusterIds, to: "user-assigned", registries: [], ...DEFAULT_WAITS },
    planOrigin(connection, tenantOf(clusterIds[0], subscriptions, {})),
  );
  const file = join(stateDir, "plan.yaml");
  writePlanFile(file, made);
  const hash = planHash(made);
  const color = useColor(process.stdout, process.env);
  process.stdout.write(
    renderPlan(made, {
      color,
      width: process.stdout.columns || 100,
      hash,
      planFile: file,
      nextCommand: nextCommandFor(made, hash, file, { stateDir }),
    }),
  );

  process.stderr.write(
    "\nThe demo approves its own plan, and its Azure is in this process. From here on this is what `aks-mi apply` does:\n\n",
  );
  const exitCode = await runNewPlan(
    connection,
    made,
    { by: whoAmI(), how: "yes" },
    { stateDir, prompt: false, output: "table" },
  );
  return exitCode === 0 ? prove(clusterIds) : exitCode;
}
