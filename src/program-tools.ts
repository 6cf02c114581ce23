import { Argument } from "commander";
import { SHELLS, type Shell } from "./completion/shells.ts";
import type { Registrar } from "./program-commands.ts";
import { portNumber, timeScale, wholeNumber } from "./program-options.ts";

/** The commands that reach no Azure, in the order of the help. */
export const TOOLS: readonly ((registrar: Registrar) => void)[] = [addEmulator, addDemo, addCompletion];

function addEmulator({ done, plain }: Registrar): void {
  plain(
    "emulator",
    "serve the embedded emulator of Azure Resource Manager on loopback",
    "aks-mi emulator --port 0 --scenario demo --time-scale 3600",
  )
    .option("--port <n>", "the port; 0 picks a free one", portNumber, 0)
    .option("--scenario <name or file>", "what is in the model at the start (default: nothing)")
    .option("--time-scale <n>", "how many emulated seconds pass in a second", timeScale, 1)
    .option("--seed <n>", "what everything random is made from", wholeNumber, 1)
    .option("--record <file>", "write every exchange served, one JSON object a line")
    .action(async (flags) => done(await (await import("./commands/emulator.ts")).emulator(flags)));
}

function addDemo({ done, plain }: Registrar): void {
  plain("demo", "the wizard on the embedded emulator, in accelerated time", "aks-mi demo --no-prompt")
    .option("--no-prompt", "run it unattended, approving itself (automatic in CI or without a terminal)")
    .option("--time-scale <n>", "how many emulated seconds pass in a second", timeScale, 3600)
    .option("--state-dir <dir>", "where the run is kept (default: a temporary directory)")
    .action(async (flags) => done(await (await import("./commands/demo.ts")).demo(flags)));
}

function addCompletion({ done, plain, program }: Registrar): void {
  plain(
    "completion",
    "print a script that completes commands, flags and values in a shell",
    "source <(aks-mi completion bash)",
  )
    .addArgument(new Argument("<shell>", "the shell").choices(SHELLS))
    .action(async (shell: Shell) => {
      const [{ completion }, { outlineProgram }] = await Promise.all([
        import("./commands/completion.ts"),
        import("./program-outline.ts"),
      ]);
      done(completion(shell, outlineProgram(program)));
    });
}
