import { describe, expect, test } from "vitest";
import { buildProgram } from "../../src/program.ts";
import { outlineProgram } from "../../src/program-outline.ts";
import { renderCommands } from "./render-commands.ts";

const program = buildProgram(() => {});
const outline = outlineProgram(program);

test("docs/commands.md describes the commands as they are (npm run docs)", async () => {
  await expect(renderCommands(outline)).toMatchFileSnapshot("../../docs/commands.md");
});

describe.each(
  outline.map((command) => [command.name || "aks-mi", command] as const),
)("the help of %s", (_, command) => {
  test("ends with an example of this very command, of flags that exist", () => {
    const parts: string[] = [];
    const documented = [program, ...program.commands].find((other) => other.name() === (command.name || "aks-mi"))!;
    documented.configureOutput({ writeOut: (part) => parts.push(part) }).outputHelp();
    expect(parts.join("").trimEnd().endsWith(`Example:\n  ${command.example}`)).toBe(true);
    const named = outline.find(({ name }) => name !== "" && command.example.includes(`aks-mi ${name}`));
    if (command.name) expect(named?.name).toBe(command.name);
    const flags = (named ?? command).options.flatMap(({ short, long }) => [short, long]);
    for (const flag of command.example.match(/(?<= )--?[a-z][a-z-]*/g) ?? []) expect(flags).toContain(flag);
  });
});
