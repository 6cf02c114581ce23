import { Command } from "commander";
import { COMMANDS } from "./program-commands.ts";
import {
  breakLockOption,
  HELP_LAYOUT,
  maxDurationOption,
  passOn,
  settleEmptyValues,
  untilOption,
  withApproval,
  withCommonFlags,
  withExample,
} from "./program-options.ts";
import { TOOLS } from "./program-tools.ts";
import { isInCi } from "./text/in-ci.ts";
import { VERSION } from "./version.ts";

/** The command line: the program itself, and every command. */
export function buildProgram(setExitCode: (code: number) => void): Command {
  const program = new Command("aks-mi")
    .description(
      "Moves AKS clusters from a service principal to managed identity, with a plan, checkpoints and proof.\nIn a terminal, `aks-mi` alone starts the wizard.",
    )
    .version(VERSION, "-V, --version", "print the version")
    .enablePositionalOptions()
    .helpCommand("help [command]", "display help for a command")
    .configureHelp(HELP_LAYOUT)
    .showHelpAfterError("(run with --help for the options)")
    .hook("preSubcommand", passOn)
    .hook("preAction", (_, command) => settleEmptyValues(command))
    .exitOverride();
  const plain = (spec: string, summary: string, example: string) =>
    withExample(program.command(spec).description(summary), example);
  const command: typeof plain = (...told) => withCommonFlags(plain(...told));

  withExample(withCommonFlags(withApproval(program)), "aks-mi plan --id <cluster id> --out plan.yaml")
    .option("--plan <file>", "run this plan without a prompt, as `apply --plan` does")
    .addOption(untilOption())
    .addOption(maxDurationOption())
    .addOption(breakLockOption())
    // What is no command reaches the program's own action; commander would speak of its arguments and options instead.
    .allowExcessArguments()
    .allowUnknownOption()
    .action(async (flags, { args }: Command) => {
      if (args[0]?.startsWith("-")) program.error(`error: unknown option '${args[0]}'`);
      if (args[0] !== undefined) {
        const names = program.commands.map((known) => known.name()).join(", ");
        program.error(`error: there is no command '${args[0]}'; the commands are ${names}`);
      }
      if (flags.plan) setExitCode(await (await import("./commands/apply.ts")).apply({ ...flags, prompt: false }));
      else if (!process.stdin.isTTY || !process.stdout.isTTY || flags.prompt === false || isInCi(process.env)) {
        program.outputHelp({ error: true });
        setExitCode(2);
      } else setExitCode(await (await import("./commands/wizard.ts")).wizard(flags));
    });

  for (const add of [...COMMANDS, ...TOOLS]) add({ program, plain, command, done: setExitCode });
  for (const known of program.commands) known.allowExcessArguments(false);
  return program;
}
