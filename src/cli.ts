#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { parseDuration } from "./engine/clock.ts";
import { exitCodeOf } from "./exit-codes.ts";
import { VERSION } from "./version.ts";

const STEPS_HELP = "create-identities, assign-roles, await-role-propagation, enable-managed-identity, …";

function buildProgram(setExitCode: (code: number) => void): Command {
  const program = new Command("aks-mi")
    .description("Moves AKS clusters from a service principal to managed identity, with a plan, checkpoints and proof.")
    .version(VERSION, "-V, --version", "print the version")
    .enablePositionalOptions()
    .showHelpAfterError("(run with --help for the options)")
    .exitOverride();
  const done = (code: number) => setExitCode(code);
  const command = (spec: string, summary: string, example: string) =>
    withCommonFlags(program.command(spec).description(summary).addHelpText("after", `\nExample:\n  ${example}`));

  withCommonFlags(withApproval(program))
    .option("--plan <file>", "run this plan without a prompt, as `apply --plan` does")
    .addOption(untilOption())
    .option("--max-duration <duration>", "pause (exit 8) when nothing more can be done within this time", durationText)
    .addHelpText(
      "after",
      "\nIn a terminal, `aks-mi` alone starts the wizard.\nExample:\n  aks-mi plan --id <cluster id> --out plan.yaml",
    )
    .action(async (flags) => {
      if (flags.plan) done(await (await import("./commands/apply.ts")).apply({ ...flags, prompt: false }));
      else if (!process.stdin.isTTY || !process.stdout.isTTY || flags.prompt === false || process.env["CI"]) {
        process.stderr.write(program.helpInformation());
        done(2);
      } else done(await (await import("./commands/wizard.ts")).wizard(flags));
    });

  withScope(
    command(
      "plan",
      "make a plan from reads alone, and print the dry-run report",
      "aks-mi plan -s <subscription> -g rg-payments -n payments-prod --out plan.yaml",
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
    .option("--role-propagation <duration>", "how long roles are given to work", durationText, "60m")
    .option(
      "--token-switchover <duration>",
      "how long the old principal is kept valid after the switch",
      durationText,
      "24h",
    )
    .option("--switched-at <time>", "when the cluster was switched, where only you know it (ISO 8601)")
    .option(
      "--ignore-preflight <checks>",
      "turn these checks' blockers into recorded warnings (comma-separated, repeatable)",
      checkNames,
      [],
    )
    .option("--out <file>", "write the plan file: YAML, or JSON where the name ends in .json")
    .addOption(outputOption(["table", "json", "yaml", "markdown", "html"]))
    .action(async (flags) => done(await (await import("./commands/plan.ts")).plan(flags)));

  withApproval(command("apply", "run a plan, with checkpoints", "aks-mi apply --plan plan.yaml --approve <hash>"))
    .requiredOption("--plan <file>", "the plan to run")
    .option("--dry-run", "show what would be changed now, and write nothing")
    .addOption(untilOption())
    .option("--not-before <time>", "do nothing before this time (ISO 8601)")
    .option("--max-duration <duration>", "pause (exit 8) when nothing more can be done within this time", durationText)
    .addOption(outputOption(["table", "json", "jsonl"]))
    .action(async (flags) => done(await (await import("./commands/apply.ts")).apply(flags)));

  withApproval(command("resume", "continue a run from its journal (the newest by default)", "aks-mi resume"))
    .argument("[run]", "the run's id")
    .addOption(untilOption())
    .option("--max-duration <duration>", "pause (exit 8) when nothing more can be done within this time", durationText)
    .addOption(outputOption(["table", "json", "jsonl"]))
    .action(async (run, flags) => done(await (await import("./commands/resume.ts")).resume(run, flags)));

  command("status", "show where a run stands", "aks-mi status -o json")
    .argument("[run]", "the run's id (the newest by default)")
    .addOption(outputOption(["table", "json"]))
    .action(async (run, flags) => done(await (await import("./commands/status.ts")).status(run, flags)));

  withApproval(
    command(
      "undo",
      "before the switch: remove the identities and role assignments that a run created",
      "aks-mi undo --yes",
    ),
  )
    .argument("[run]", "the run's id (the newest by default)")
    .addOption(outputOption(["table", "json"]))
    .action(async (run, flags) => done(await (await import("./commands/undo.ts")).undo(run, flags)));

  withScope(
    command(
      "verify",
      "say per cluster and per pool whether its migration is complete",
      "aks-mi verify --id <cluster id> -o json",
    ),
  )
    .addOption(outputOption(["table", "json"]))
    .action(async (flags) => done(await (await import("./commands/verify.ts")).verify(flags)));

  command("report", "render a run as Markdown, HTML or JSON", "aks-mi report -o html > report.html")
    .argument("[run]", "the run's id (the newest by default)")
    .option("--plan <file>", "render a plan file instead of a run")
    .option("--mask", "hide subscription ids")
    .addOption(outputOption(["markdown", "html", "json"], "markdown"))
    .action(async (run, flags) => done(await (await import("./commands/report.ts")).report(run, flags)));

  program
    .command("emulator")
    .description("serve the embedded emulator of Azure Resource Manager on loopback")
    .option("--port <n>", "the port; 0 picks a free one", wholeNumber, 0)
    .option("--scenario <name or file>", "what is in the model at the start (default: nothing)")
    .option("--time-scale <n>", "how many emulated seconds pass in a second", positiveNumber, 1)
    .option("--seed <n>", "what everything random is made from", wholeNumber, 1)
    .option("--record <file>", "write every exchange served, one JSON object a line")
    .addHelpText("after", "\nExample:\n  aks-mi emulator --port 0 --scenario demo --time-scale 3600")
    .action(async (flags) => done(await (await import("./commands/emulator.ts")).emulator(flags)));

  program
    .command("demo")
    .description("the wizard on the embedded emulator, in accelerated time")
    .option("--no-prompt", "run it unattended, approving itself (automatic in CI or without a terminal)")
    .option("--time-scale <n>", "how many emulated seconds pass in a second", positiveNumber, 3600)
    .option("--state-dir <dir>", "where the run is kept (default: a temporary directory)")
    .addHelpText("after", "\nExample:\n  aks-mi demo --no-prompt")
    .action(async (flags) => done(await (await import("./commands/demo.ts")).demo(flags)));
  return program;
}

function withCommonFlags(command: Command): Command {
  return command
    .option("--tenant <id>", "the Microsoft Entra tenant")
    .addOption(
      new Option("--cloud <name>", "the cloud").choices(["AzureCloud", "AzureUSGovernment", "AzureChinaCloud"]),
    )
    .addOption(new Option("--emulator <url>", "an emulator on this machine in place of Azure").env("AKS_MI_EMULATOR"))
    .addOption(new Option("--state-dir <dir>", "where runs are kept").env("AKS_MI_STATE_DIR").default(".aks-mi"))
    .option("--no-prompt", "never ask (automatic in CI or without a terminal)")
    .option("--verbose", "show the detail of errors");
}

function withScope(command: Command): Command {
  return command
    .option("--id <resource id>", "a cluster (repeatable)", collect, [])
    .option("-s, --subscription <id>", "a subscription, by id or name")
    .option("-g, --resource-group <name>", "a resource group")
    .option("-n, --name <name>", "a cluster's name");
}

function withApproval(command: Command): Command {
  return command
    .option("-y, --yes", "approve the plan as it is")
    .option("--approve <hash>", "approve the plan with this hash, as `plan` printed it");
}

function outputOption(choices: string[], fallback = "table"): Option {
  return new Option("-o, --output <format>", "what is printed").choices(choices).default(fallback);
}

function untilOption(): Option {
  return new Option("--until <step>", `pause (exit 8) before this step: ${STEPS_HELP}`);
}

function collect(value: string, earlier: string[]): string[] {
  return [...earlier, value];
}

function checkNames(value: string, earlier: string[]): string[] {
  const names = value.split(",").map((name) => name.trim().toUpperCase());
  if (!names.every((name) => /^[A-Z]{2}\d{3}$/.test(name)))
    throw new InvalidArgumentError("It must be ids of checks such as RD009, with commas between them.");
  return [...earlier, ...names];
}

function durationText(value: string): string {
  if (parseDuration(value) === undefined)
    throw new InvalidArgumentError("It must be a duration such as 90s, 60m, 24h or 1h30m.");
  return value;
}

function wholeNumber(value: string): number {
  if (!/^\d+$/.test(value)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(value);
}

function positiveNumber(value: string): number {
  const number = Number(value);
  if (!(number > 0) || !Number.isFinite(number)) throw new InvalidArgumentError("It must be a number above 0.");
  return number;
}

/** Runs one command line. @returns the exit code */
async function main(argv: string[]): Promise<number> {
  let exitCode = 0;
  const program = buildProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(argv);
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const { showError } = await import("./commands/show-error.ts");
    showError(error, argv.includes("--verbose"));
    return exitCodeOf(error);
  }
}

// A reader that has seen enough (`aks-mi … | head`) is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(process.exitCode ?? 0);
    throw error;
  });
}
process.exitCode = await main(process.argv);
