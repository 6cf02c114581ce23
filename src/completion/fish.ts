import type { CommandOutline, OptionOutline, ValueOutline } from "../program-outline.ts";
import { kindOfValue } from "./values.ts";

/** A completion script for fish. */
export function completeInFish(outline: readonly CommandOutline[]): string {
  const commands = outline.filter(({ name }) => name !== "");
  const none = `not __fish_seen_subcommand_from ${commands.map(({ name }) => name).join(" ")}`;
  const lines = outline.flatMap((command) => {
    const condition = `-n ${quote(command.name === "" ? none : `__fish_seen_subcommand_from ${command.name}`)}`;
    return [
      ...command.options.map((option) => `complete -c aks-mi ${condition} ${flag(option)}`),
      ...command.arguments.flatMap((place) => {
        const words = listWords(place);
        return words ? [`complete -c aks-mi ${condition} -a ${quote(words)} -d ${quote(place.description)}`] : [];
      }),
    ];
  });
  const names = commands.map(
    ({ name, summary }) => `complete -c aks-mi -n ${quote(none)} -a ${name} -d ${quote(summary)}`,
  );
  return `# Completion of aks-mi for fish: aks-mi completion fish > ~/.config/fish/completions/aks-mi.fish
complete -c aks-mi -f
function __aks_mi_runs
    set -l folder .aks-mi
    set -q AKS_MI_STATE_DIR; and set folder $AKS_MI_STATE_DIR
    ls $folder/runs 2>/dev/null
end
${[...names, ...lines].join("\n")}
`;
}

function flag({ short, long, description, value }: OptionOutline): string {
  const names = `${short ? `-s ${short.slice(1)} ` : ""}-l ${long.slice(2)}`;
  return `${names}${value ? takes(value) : ""} -d ${quote(description)}`;
}

function takes(value: ValueOutline): string {
  const known = kindOfValue(value);
  if (known.kind === "file") return " -r -F";
  if (known.kind === "directory") return ` -x -a ${quote("(__fish_complete_directories)")}`;
  const words = listWords(value);
  return words ? ` -x -a ${quote(words)}` : " -x";
}

function listWords(value: ValueOutline): string | undefined {
  const known = kindOfValue(value);
  if (known.kind === "choices") return known.choices.join(" ");
  return known.kind === "run" ? "(__aks_mi_runs)" : undefined;
}

/** In single quotes fish knows two escapes, of the quote and of the backslash. */
function quote(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}
