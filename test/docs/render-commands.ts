import type { ArgumentOutline, CommandOutline, OptionOutline } from "../../src/program-outline.ts";

/** The reference of all commands as Markdown: what `docs/commands.md` holds. */
export function renderCommands(outline: readonly CommandOutline[]): string {
  const title = ({ name }: CommandOutline) => (name ? `aks-mi ${name}` : "aks-mi");
  return `# Commands

This page is made from the command line itself by \`npm run docs\`; a test fails when it is out of date.
Exit codes and files are described in the [README](../README.md).

${outline.map((command) => `- [\`${title(command)}\`](#${title(command).replaceAll(" ", "-")})`).join("\n")}

${outline.map((command) => renderCommand(title(command), command)).join("\n")}`;
}

function renderCommand(title: string, { summary, usage, example, arguments: places, options }: CommandOutline): string {
  return `## ${title}

${sentences(summary)}

\`\`\`sh
${usage}
\`\`\`

Example:

\`\`\`sh
${example}
\`\`\`
${places.length > 0 ? `\n| argument | what it is |\n| --- | --- |\n${places.map(argumentRow).join("\n")}\n` : ""}
| flag | what it does |
| --- | --- |
${options.map(optionRow).join("\n")}
`;
}

function argumentRow({ name, required, description, choices }: ArgumentOutline): string {
  return row(required ? `<${name}>` : `[${name}]`, [description, listed(choices)]);
}

function optionRow({ flags, description, value, fallback, environment, mandatory }: OptionOutline): string {
  return row(flags, [
    mandatory ? `${description} (required)` : description,
    listed(value?.choices ?? []),
    fallback === undefined ? "" : `default: \`${fallback}\``,
    environment === undefined ? "" : `environment: \`${environment}\``,
  ]);
}

function row(code: string, parts: readonly string[]): string {
  return `| \`${code}\` | ${parts.filter(Boolean).join("; ").replaceAll("|", "\\|")} |`;
}

function listed(choices: readonly string[]): string {
  return choices.length > 0 ? `one of ${choices.map((choice) => `\`${choice}\``).join(", ")}` : "";
}

function sentences(summary: string): string {
  const text = `${summary.slice(0, 1).toUpperCase()}${summary.slice(1)}`;
  return text.endsWith(".") ? text : `${text}.`;
}
