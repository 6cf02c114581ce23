import type { CommandOutline, ValueOutline } from "../program-outline.ts";
import { kindOfValue, RUNS_FOLDER } from "./values.ts";

/** A completion script for bash, 3.2 (macOS) and later. */
export function completeInBash(outline: readonly CommandOutline[]): string {
  const names = outline.flatMap(({ name }) => (name ? [name] : []));
  return `# Completion of aks-mi for bash. In ~/.bashrc: source <(aks-mi completion bash)
_aks_mi() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="" word
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in ${names.join("|")}) command="$word"; break ;; esac
  done
  # An empty answer falls back to files, unless it is said that there is nothing to offer.
  case "$command $previous" in
${outline.flatMap(listValues).join("\n")}
  esac
  case "$command" in
${outline.map((command) => `    "${command.name}") ${offer(listWords(command, names))} ;;`).join("\n")}
  esac
}
complete -o default -F _aks_mi aks-mi
`;
}

/** A case for each flag that takes a value. */
function listValues({ name, options }: CommandOutline): string[] {
  return options.flatMap(({ short, long, value }) => {
    if (!value) return [];
    const flags = [short, long].filter(Boolean).map((flag) => `"${name} ${flag}"`);
    return [`    ${flags.join("|")}) ${completeValue(value)}; return ;;`];
  });
}

function completeValue(value: ValueOutline): string {
  const known = kindOfValue(value);
  if (known.kind === "choices") return offer(known.choices.join(" "));
  if (known.kind === "file") return ":";
  if (known.kind === "directory") return `COMPREPLY=($(compgen -d -- "$current"))`;
  return "compopt +o default 2>/dev/null";
}

/** Everything that can stand in the place of a word that is no value: commands, arguments, flags. */
function listWords({ name, arguments: places, options }: CommandOutline, names: readonly string[]): string {
  const flags = options.flatMap(({ short, long }) => (short ? [short, long] : [long]));
  const values = places.flatMap((place) => {
    const known = kindOfValue(place);
    return known.kind === "choices" ? known.choices : known.kind === "run" ? [`$(ls ${RUNS_FOLDER} 2>/dev/null)`] : [];
  });
  return [...(name === "" ? names : []), ...values, ...flags].join(" ");
}

function offer(words: string): string {
  return `COMPREPLY=($(compgen -W "${words}" -- "$current"))`;
}
