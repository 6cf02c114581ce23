import { type Command, Option } from "commander";
import { SEVERITIES } from "./engine/step.ts";
import { DEFAULT_WAITS } from "./plan/default-waits.ts";
import {
  breakLockOption,
  checkNames,
  clientId,
  collect,
  durationText,
  maxDurationOption,
  outputOption,
  runArgument,
  untilOption,
  wholeNumber,
  withApproval,
  withInCluster,
  withScope,
} from "./program-options.ts";

/** Makes a command with its summary and the example that its help ends with. */
type MakeCommand = (spec: string, summary: string, example: string) => Command;

/** Where commands are put. */
export interface Registrar {
  readonly program: Command;
  readonly plain: MakeCommand;
  /** With the flags of every command that reaches Azure or a run. */
  readonly command: MakeCommand;
  /** Takes the exit code with which a command has ended. */
  readonly done: (code: number) => void;
}

/** The commands about clusters and runs, in the order of the help; what a command does is loaded when it is called. */
export const COMMANDS: readonly ((registrar: Registrar) => void)[] = [
  addAssess,
  addPlan,
  addApply,
  addRehearse,
  addResume,
  addStatus,
  addUndo,
  addVerify,
  addReport,
];

function addAssess({ command, done }: Registrar): void {
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
}

function addPlan({ command, done }: Registrar): void {
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
}

function addApply({ command, done }: Registrar): void {
  withApproval(command("apply", "run a plan, with checkpoints", "aks-mi apply --plan plan.yaml --approve <hash>"))
    .requiredOption("--plan <file>", "the plan to run")
    .option("--dry-run", "show what would be changed now, and write nothing")
    .addOption(untilOption())
    .option("--not-before <time>", "do nothing before this time (ISO 8601)")
    .addOption(maxDurationOption())
    .addOption(breakLockOption())
    .addOption(outputOption(["table", "json", "jsonl"]))
    .action(async (flags) => done(await (await import("./commands/apply.ts")).apply(flags)));
}

function addRehearse({ command, done }: Registrar): void {
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
}

function addResume({ command, done }: Registrar): void {
  withApproval(command("resume", "continue a run from its journal (the newest by default)", "aks-mi resume"))
    .addArgument(runArgument())
    .addOption(untilOption())
    .addOption(maxDurationOption())
    .addOption(breakLockOption())
    .addOption(outputOption(["table", "json", "jsonl"]))
    .action(async (run, flags) => done(await (await import("./commands/resume.ts")).resume(run, flags)));
}

function addStatus({ command, done }: Registrar): void {
  command("status", "show where a run stands, also while it goes on", "aks-mi status --watch")
    .addArgument(runArgument())
    .option("--watch", "keep showing it until the run ends; without a terminal, a line per event")
    .addOption(outputOption(["table", "json"]))
    .action(async (run, flags) => done(await (await import("./commands/status.ts")).status(run, flags)));
}

function addUndo({ command, done }: Registrar): void {
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
}

function addVerify({ command, done }: Registrar): void {
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
}

function addReport({ command, done }: Registrar): void {
  command("report", "render a run as Markdown, HTML or JSON", "aks-mi report -o html > report.html")
    .addArgument(runArgument())
    .option("--plan <file>", "render a plan file instead of a run")
    .option("--mask", "hide subscription ids")
    .addOption(outputOption(["markdown", "html", "json"], "markdown"))
    .action(async (run, flags) => done(await (await import("./commands/report.ts")).report(run, flags)));
}
