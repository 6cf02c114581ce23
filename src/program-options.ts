import { Argument, type Command, Help, InvalidArgumentError, Option } from "commander";
import { parseDuration } from "./engine/clock.ts";
import { BLOCKER_CHECKS, STEP_IDS } from "./engine/step.ts";

const examples = new WeakMap<Command, string>();

/** Ends a command's help with an example of it. */
export function withExample(command: Command, example: string): Command {
  examples.set(command, example);
  return command.addHelpText("after", `\nExample:\n  ${example}`);
}

/** The example that a command's help ends with. @throws Error for a command without one: each has one */
export function exampleOf(command: Command): string {
  const example = examples.get(command);
  if (example === undefined) throw new Error(`${command.name()} has no example`);
  return example;
}

/** The flags of every command that reaches Azure or a run. */
export function withCommonFlags(command: Command): Command {
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

/** The flags that say which clusters. */
export function withScope(command: Command): Command {
  const id = new Option("--id <resource id>", "a cluster (repeatable)").argParser(collect).default([]);
  return command
    .addOption(id.conflicts(["subscription", "resourceGroup", "name"]))
    .option("-s, --subscription <id>", "a subscription, by id or name")
    .option("-g, --resource-group <name>", "a resource group")
    .option("-n, --name <name>", "a cluster's name");
}

/** The flags that approve without a question. */
export function withApproval(command: Command): Command {
  return command
    .option("-y, --yes", "approve the plan as it is")
    .option("--approve <hash>", "approve the plan with this hash, as `plan` printed it");
}

/** The flags that let a command look inside clusters. */
export function withInCluster(command: Command): Command {
  return command
    .option(
      "--in-cluster",
      "look inside each cluster too: starts a short-lived pod in it, through the AKS run command (asked for once in a terminal)",
    )
    .option("-y, --yes", "do not ask before --in-cluster");
}

/** How the data on stdout is printed. */
export function outputOption(choices: string[], fallback = "table"): Option {
  return new Option("-o, --output <format>", "what is printed").choices(choices).default(fallback);
}

/** Whose locks a command may break. */
export function breakLockOption(): Option {
  return new Option(
    "--break-lock <run>",
    "take over the clusters that this run still holds, where its process is gone with its host; it stops before its next write should it come back",
  );
}

/** Where a run stops early. */
export function untilOption(): Option {
  return new Option(
    "--until <step>",
    "pause (exit 8) before this step, or before the next one where a path lacks it",
  ).choices(STEP_IDS);
}

/** When a run stops for want of time. */
export function maxDurationOption(): Option {
  const option = new Option(
    "--max-duration <duration>",
    "pause (exit 8) when nothing more can be done within this time",
  );
  return option.argParser(durationText);
}

/** The run that a command is about. */
export function runArgument(): Argument {
  return new Argument("[run]", "the run's id (the newest by default)");
}

/** The values of an option that can be given again and again. */
export function collect(value: string, earlier: string[]): string[] {
  return [...earlier, value];
}

/** Ids of checks that can block a plan. @throws InvalidArgumentError when one is none: a typing error would ignore nothing */
export function checkNames(value: string, earlier: string[]): string[] {
  const names = value.split(",").map((name) => name.trim().toUpperCase());
  const unknown = names.find((name) => !BLOCKER_CHECKS.some((check) => check === name));
  if (unknown !== undefined)
    throw new InvalidArgumentError(
      `"${unknown}" is no check that blocks a plan; give some of ${BLOCKER_CHECKS.join(", ")}, with commas between them.`,
    );
  return [...earlier, ...names];
}

/** The client id of a service principal. @throws InvalidArgumentError when it is none: nothing would be found of it */
export function clientId(value: string): string {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value))
    throw new InvalidArgumentError("It must be a client id such as 11111111-2222-3333-4444-555555555555.");
  return value;
}

/** How help is laid out: descriptions are wrapped beside long flags too. */
export const HELP_LAYOUT: Partial<Help> = {
  minWidthToWrap: 20,
  optionDescription(option) {
    const repeatable = Array.isArray(option.defaultValue);
    const shown = repeatable ? Object.create(option, { defaultValue: { value: undefined } }) : option;
    return Help.prototype.optionDescription.call(this, shown) + (option.mandatory ? " (required)" : "");
  },
};

/**
 * Hands a command the flags that stand before its name: left with the program, they would have no effect.
 * Ends the program where the command has no such flag.
 */
export function passOn(program: Command, command: Command): void {
  for (const option of program.options) {
    const name = option.attributeName();
    if (program.getOptionValueSource(name) !== "cli") continue;
    if (!command.options.some((own) => own.attributeName() === name))
      program.error(`error: '${command.name()}' has no option '${option.long}'`);
    command.setOptionValueWithSource(name, program.getOptionValue(name), "cli");
  }
}

/**
 * Ends the program where a flag has an empty value: that is an unset variable in a script, and not a flag that was left out.
 * An empty hash is left to the approval, as another wrong one. An empty environment variable is one that is not set: many a
 * CI system cannot unset one.
 */
export function settleEmptyValues(command: Command): void {
  for (const option of command.options) {
    const name = option.attributeName();
    if (name === "approve" || ![command.getOptionValue(name)].flat().includes("")) continue;
    const source = command.getOptionValueSource(name);
    if (source === "cli") command.error(`error: option '${option.flags}' is empty`);
    if (source === "env") command.setOptionValueWithSource(name, option.defaultValue, "default");
  }
}

/** A duration, as it was written. @throws InvalidArgumentError when it is none */
export function durationText(value: string): string {
  if (parseDuration(value) === undefined)
    throw new InvalidArgumentError("It must be a duration such as 90s, 60m, 24h or 1h30m.");
  return value;
}

/** A number without a fraction. @throws InvalidArgumentError when it is none */
export function wholeNumber(value: string): number {
  if (!/^\d+$/.test(value)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(value);
}

/** A TCP port, or 0. @throws InvalidArgumentError when it is none */
export function portNumber(value: string): number {
  const port = wholeNumber(value);
  if (port > 65_535) throw new InvalidArgumentError("It must be a port from 0 to 65535.");
  return port;
}

/** The fastest that an emulated Azure can live: what its clusters do in a second has to take less than that. */
const FASTEST = 1_000_000;

/** How many times as fast as in reality. @throws InvalidArgumentError when it is none that an emulator keeps up with */
export function timeScale(value: string): number {
  const number = Number(value);
  if (!(number > 0) || number > FASTEST)
    throw new InvalidArgumentError(`It must be a number above 0, and ${FASTEST} at most.`);
  return number;
}
