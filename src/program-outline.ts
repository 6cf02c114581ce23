import type { Argument, Command, Option } from "commander";
import { exampleOf } from "./program-options.ts";

/** What a user can type after a flag or in the place of an argument. */
export interface ValueOutline {
  /** What it stands for, for example `file` or `resource id`. */
  readonly name: string;
  /** All values there are, where they can be listed. */
  readonly choices: readonly string[];
}

/** A flag of a command. */
export interface OptionOutline {
  /** As the help has it, for example `-o, --output <format>`. */
  readonly flags: string;
  readonly short?: string | undefined;
  readonly long: string;
  readonly description: string;
  /** Absent for a flag that takes none. */
  readonly value?: ValueOutline | undefined;
  readonly fallback?: string | undefined;
  readonly environment?: string | undefined;
  readonly mandatory: boolean;
}

/** An argument of a command. */
export interface ArgumentOutline extends ValueOutline {
  readonly description: string;
  readonly required: boolean;
}

/** A command as its help describes it, as plain data: what completion scripts and the reference are made from. */
export interface CommandOutline {
  /** Empty for the program itself. */
  readonly name: string;
  readonly summary: string;
  readonly usage: string;
  readonly example: string;
  readonly arguments: readonly ArgumentOutline[];
  readonly options: readonly OptionOutline[];
}

/** The program itself, then its commands in the order of the help. */
export function outlineProgram(program: Command): CommandOutline[] {
  return [outlineCommand(program, ""), ...program.commands.map((command) => outlineCommand(command, command.name()))];
}

function outlineCommand(command: Command, name: string): CommandOutline {
  const help = command.createHelp();
  return {
    name,
    summary: command.description(),
    usage: help.commandUsage(command),
    example: exampleOf(command),
    arguments: command.registeredArguments.map(outlineArgument),
    options: help.visibleOptions(command).map(outlineOption),
  };
}

function outlineArgument(argument: Argument): ArgumentOutline {
  const { description, required } = argument;
  return { name: argument.name(), description, required, choices: argument.argChoices ?? [] };
}

function outlineOption(option: Option): OptionOutline {
  const { flags, short, long, description, argChoices, defaultValue, envVar, mandatory } = option;
  const placeholder = /[<[]([^>\]]+)[>\]]/.exec(flags)?.[1];
  const shown = !option.negate && (typeof defaultValue === "string" || typeof defaultValue === "number");
  return {
    flags,
    short,
    long: long!,
    description,
    value: placeholder === undefined ? undefined : { name: placeholder, choices: argChoices ?? [] },
    fallback: shown ? String(defaultValue) : undefined,
    environment: envVar,
    mandatory,
  };
}
