import type { CommandOutline, OptionOutline, ValueOutline } from "../program-outline.ts";
import { kindOfValue, quote, RUNS_FOLDER } from "./values.ts";

/** A completion script for zsh: sourced after `compinit`, or as `_aks-mi` in a folder of `fpath`. */
export function completeInZsh(outline: readonly CommandOutline[]): string {
  const commands = outline.filter(({ name }) => name !== "");
  return `#compdef aks-mi
# Completion of aks-mi for zsh: aks-mi completion zsh > "\${fpath[1]}/_aks-mi"
_aks_mi() {
  local curcontext="$curcontext" state line
  local -a commands
  typeset -A opt_args
  commands=(
${commands.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`).join("\n")}
  )
  _arguments -C \\
${listSpecs(outline.find(({ name }) => name === "")!)
  .map((spec) => `    ${spec} \\`)
  .join("\n")}
    '1: :->command' '*:: :->rest' && return
  case $state in
    command) _describe -t commands command commands ;;
    rest)
      case $words[1] in
${commands.map(completeCommand).join("\n")}
      esac ;;
  esac
}
if [[ "$funcstack[1]" == "_aks_mi" || "$funcstack[1]" == "_aks-mi" ]]; then _aks_mi "$@"; else compdef _aks_mi aks-mi; fi
`;
}

function completeCommand(command: CommandOutline): string {
  const specs = [...listSpecs(command), ...command.arguments.map((place, index) => listArgument(place, index + 1))];
  return `        ${command.name}) _arguments ${specs.map((spec) => `\\\n          ${spec}`).join(" ")} ;;`;
}

function listSpecs({ options }: CommandOutline): string[] {
  return options.flatMap((option) => [option.short, option.long].filter(Boolean).map((flag) => spec(flag!, option)));
}

function spec(flag: string, { description, value }: OptionOutline): string {
  const text = `${flag}[${description.replace(/[[\]\\]/g, "\\$&")}]`;
  return quote(value ? `${text}:${value.name}:${action(value)}` : text);
}

function listArgument(place: ValueOutline, position: number): string {
  return quote(`${position}:${place.name}:${action(place)}`);
}

function action(value: ValueOutline): string {
  const known = kindOfValue(value);
  if (known.kind === "choices") return `(${known.choices.join(" ")})`;
  if (known.kind === "file") return "_files";
  if (known.kind === "directory") return "_files -/";
  return known.kind === "run" ? `($(ls ${RUNS_FOLDER} 2>/dev/null))` : " ";
}
