import { Argument, Command, Option } from "commander";
import { SHELLS, type Shell } from "./completion/shells.ts";
import { SEVERITIES } from "./engine/step.ts";
import { DEFAULT_WAITS } from "./plan/default-waits.ts";
import {
  breakLockOption,
  checkNames,
  clientId,
  collect,
  durationText,
  HELP_LAYOUT,
  maxDurationOption,
  outputOption,
  passOn,
  portNumber,
  runArgument,
  settleEmptyValues,
  timeScale,
  untilOption,
  wholeNumber,
  withApproval,
  withCommonFlags,
  withExample,
  withInCluster,
  withScope,
} from "./program-options.ts";
import { VERSION } from "./version.ts";

/** The command line: every command with its flags; what a command does is loaded when it is called. */
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
  const done = (code: number) => setExitCode(code);
  const command = (spec: string, summary: string, example: string) =>
    withCommonFlags(withExample(program.command(spec).description(summary), example));

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
      if (flags.plan) done(await (await import("./commands/apply.ts")).apply({ ...flags, prompt: false }));
      else if (!process.stdin.isTTY || !process.stdout.isTTY || flags.prompt === false || process.env["CI"]) {
        program.outputHelp({ error: true });
        done(2);
      } else done(await (await import("./commands/wizard.ts")).wizard(flags));
    });

  withInCluster(
    withScope(
      command(
        "assess",
        "say of every cluster which identity it really uses, and what stands in the way of changing it",
        "aks-mi assess -o markdown > clusters.md",
      ),
    ),
  )
    .addOption(
      new Option("--fail-on <severity>", "exit 9 when something at least this severe was found").choices([
        ...SEVERITIES,
      ]),
    )
    .addOption(outputOption(["table", "json", "sarif", "markdown"]))
    .action(async (flags) => done(await (await import("./commands/assess.ts")).assess(flags)));

  withInCluster(
    withScope(
      command(
        "plan",
        "make a plan from reads alone, and print the dry-run report",
        "aks-mi plan -s <subscription> -g rg-payments -n payments-prod --out plan.yaml",
      ),
    ),
  )
    .addOption(
      new Option("--to <identity>", "where the control plane is to go")
        .choices(["user-assigned", "system-assigned"])
        .default("user-assigned"),
    )
    .option(
      "--control-plane-identity <name or id>",
      "a user-assigned identity for the control plane (default: id-<cluster>)",
    )
    .option(
      "--kubelet-identity <name, id or aks>",
      "one for the nodes, or the one AKS makes (default: id-<cluster>-kubelet)",
    )
    .option(
      "--identity-resource-group <name>",
      "where new identities are created (default: the cluster's resource group)",
    )
    .option("--registry <id>", "a container registry that the nodes pull from (repeatable)", collect, [])
    .option(
      "--role-propagation <duration>",
      "how long roles are given to work",
      durationText,
      DEFAULT_WAITS.rolePropagation,
    )
    .option(
      "--token-switchover <duration>",
      "how long the old principal is kept valid after the switch",
      durationText,
      DEFAULT_WAITS.tokenSwitchover,
    )
    .option(
      "--required-permissions",
      "print the least role that applying the plan needs, as `az role definition create` takes it",
    )
    .option(
      "--role-requests <file>",
      "leave the role assignments to someone else: write them as requests, and wait for them",
    )
    .option("--switched-at <time>", "when the cluster was switched, where only you know it (ISO 8601)")
    .option(
      "--ignore-preflight <checks>",
      "turn these checks' blockers into recorded warnings (comma-separated, repeatable)",
      checkNames,
      [],
    )
    .option(
      "--require-node-image",
      "block the plan (exit 4) where a pool that is to be re-imaged has no newer node image",
    )
    .option("--out <file>", "write the plan file: YAML, or JSON where the name ends in .json")
    .addOption(outputOption(["table", "json", "yaml", "markdown", "html"]))
    .action(async (flags) => done(await (await import("./commands/plan.ts")).plan(flags)));

  withApproval(command("apply", "run a plan, with checkpoints", "aks-mi apply --plan plan.yaml --approve <hash>"))
    .requiredOption("--plan <file>", "the plan to run")
    .option("--dry-run", "show what would be changed now, and write nothing")
    .addOption(untilOption())
    .option("--not-before <time>", "do nothing before this time (ISO 8601)")
    .addOption(maxDurationOption())
    .addOption(breakLockOption())
    .addOption(outputOption(["table", "json", "jsonl"]))
    .action(async (flags) => done(await (await import("./commands/apply.ts")).apply(flags)));

  command(
    "rehearse",
    "run a plan on an emulated twin of its clusters, in virtual time, and write nothing",
    "aks-mi rehearse --plan plan.yaml --faults",
  )
    .requiredOption("--plan <file>", "the plan to rehearse")
    .option("--thorough", "under every combination of what Azure may answer, not one other answer at a time")
    .option("--faults [seed]", "also with throttling, lost connections and late roles, made from a seed", wholeNumber)
    .option("--save <file>", "keep the twin as a scenario for `aks-mi emulator --scenario`")
    .option("--mask", "replace the ids of subscriptions, tenants, principals and applications in what is written")
    .addOption(outputOption(["table", "json", "markdown"]))
    .action(async (flags) => done(await (await import("./commands/rehearse.ts")).rehearse(flags)));

  withApproval(command("resume", "continue a run from its journal (the newest by default)", "aks-mi resume"))
    .addArgument(runArgument())
    .addOption(untilOption())
    .addOption(maxDurationOption())
    .addOption(breakLockOption())
    .addOption(outputOption(["table", "json", "jsonl"]))
    .action(async (run, flags) => done(await (await import("./commands/resume.ts")).resume(run, flags)));

  command("status", "show where a run stands, also while it goes on", "aks-mi status --watch")
    .addArgument(runArgument())
    .option("--watch", "keep showing it until the run ends; without a terminal, a line per event")
    .addOption(outputOption(["table", "json"]))
    .action(async (run, flags) => done(await (await import("./commands/status.ts")).status(run, flags)));

  withApproval(
    command(
      "undo",
      "before the switch: remove the identities and role assignments that a run created",
      "aks-mi undo --yes",
    ),
  )
    .addArgument(runArgument())
    .addOption(breakLockOption())
    .addOption(outputOption(["table", "json"]))
    .action(async (run, flags) => done(await (await import("./commands/undo.ts")).undo(run, flags)));

  withInCluster(
    withScope(
      command(
        "verify",
        "say per cluster and per pool whether its migration is complete",
        "aks-mi verify --id <cluster id> -o json",
      ),
    ),
  )
    .option(
      "--service-principal <client id>",
      "the service principal that the clusters have left, where no run here tells it",
      clientId,
    )
    .option("--switched-at <time>", "when they were switched, where only you know it (ISO 8601)")
    .addOption(outputOption(["table", "json"]))
    .action(async (flags) => done(await (await import("./commands/verify.ts")).verify(flags)));

  command("report", "render a run as Markdown, HTML or JSON", "aks-mi report -o html > report.html")
    .addArgument(runArgument())
    .option("--plan <file>", "render a plan file instead of a run")
    .option("--mask", "hide subscription ids")
    .addOption(outputOption(["markdown", "html", "json"], "markdown"))
    .action(async (run, flags) => done(await (await import("./commands/report.ts")).report(run, flags)));

  withExample(
    program.command("emulator").description("serve the embedded emulator of Azure Resource Manager on loopback"),
    "aks-mi emulator --port 0 --scenario demo --time-scale 3600",
  )
    .option("--port <n>", "the port; 0 picks a free one", portNumber, 0)
    .option("--scenario <name or file>", "what is in the model at the start (default: nothing)")
    .option("--time-scale <n>", "how many emulated seconds pass in a second", timeScale, 1)
    .option("--seed <n>", "what everything random is made from", wholeNumber, 1)
    .option("--record <file>", "write every exchange served, one JSON object a line")
    .action(async (flags) => done(await (await import("./commands/emulator.ts")).emulator(flags)));

  withExample(
    program.command("demo").description("the wizard on the embedded emulator, in accelerated time"),
    "aks-mi demo --no-prompt",
  )
    .option("--no-prompt", "run it unattended, approving itself (automatic in CI or without a terminal)")
    .option("--time-scale <n>", "how many emulated seconds pass in a second", timeScale, 3600)
    .option("--state-dir <dir>", "where the run is kept (default: a temporary directory)")
    .action(async (flags) => done(await (await import("./commands/demo.ts")).demo(flags)));

  withExample(
    program.command("completion").description("print a script that completes commands, flags and values in a shell"),
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
  for (const known of program.commands) known.allowExcessArguments(false);
  return program;
}
