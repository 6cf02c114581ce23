import type { Connection } from "../azure/connection.ts";
import { useColor } from "../text/terminal.ts";
import { runWizard } from "../ui/wizard.ts";
import type { WizardIo, WizardResult } from "../ui/wizard-types.ts";
import { type CommonFlags, connectFor, whoAmI } from "./context.ts";
import { Interrupted, interruptible } from "./interrupt.ts";
import { runNewPlan } from "./run-plan.ts";
import { servicesFor, type WizardFlags } from "./wizard-services.ts";

/** As a shell has it for Ctrl-C. */
const INTERRUPTED_CODE = 130;

/** The wizard, on Azure or on the emulator that the flags name. @returns the exit code */
export async function wizard(flags: CommonFlags): Promise<number> {
  return runWizardOn(await connectFor(flags), flags);
}

/**
 * Leads through a migration, then runs it.
 * @param onDone is told which clusters were migrated
 * @returns the exit code
 */
export async function runWizardOn(
  connection: Connection,
  flags: WizardFlags,
  onDone: (clusterIds: readonly string[]) => Promise<number> = async () => 0,
): Promise<number> {
  const [result, stopped] = await interruptible((signal) => ask(connection, flags, signal));
  if (result.kind === "left" && result.interrupted) return stopped?.exitCode ?? INTERRUPTED_CODE;
  if (result.kind !== "apply") return 0;
  const exitCode = await runNewPlan(
    connection,
    result.plan,
    { by: whoAmI(), how: "prompt", ...(result.until ? { stopsBefore: result.until } : {}) },
    {
      stateDir: flags.stateDir,
      prompt: flags.prompt,
      output: "table",
      emulator: flags.emulator,
      tenant: flags.tenant,
      cloud: flags.cloud,
      ...(result.until ? { until: result.until } : {}),
    },
  );
  return exitCode === 0 ? onDone(result.plan.clusters.map(({ id }) => id)) : exitCode;
}

async function ask(
  connection: Connection,
  flags: WizardFlags,
  signal: AbortSignal,
): Promise<[WizardResult, Interrupted | undefined]> {
  const io: WizardIo = {
    input: process.stdin,
    output: process.stderr,
    color: useColor(process.stderr, process.env),
    columns: () => process.stderr.columns || 80,
    rows: () => process.stderr.rows || 24,
    now: () => connection.clock.now(),
    signal,
  };
  const result = await runWizard(() => servicesFor(connection, flags, signal), io);
  return [result, signal.reason instanceof Interrupted ? signal.reason : undefined];
}
