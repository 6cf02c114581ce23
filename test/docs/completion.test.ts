import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { completeInBash } from "../../src/completion/bash.ts";
import { completeInFish } from "../../src/completion/fish.ts";
import { completeInZsh } from "../../src/completion/zsh.ts";
import { buildProgram } from "../../src/program.ts";
import { outlineProgram } from "../../src/program-outline.ts";

const outline = outlineProgram(buildProgram(() => {}));
const folder = mkdtempSync(join(tmpdir(), "aks-mi-completion-"));
mkdirSync(join(folder, ".aks-mi", "runs", "20261122-080000-3f6c3f"), { recursive: true });

/** What each shell offers in the place of the last word. */
const CASES: readonly [line: readonly string[], offered: readonly string[]][] = [
  [["pl"], ["plan"]],
  [
    ["plan", "--to", ""],
    ["system-assigned", "user-assigned"],
  ],
  [["plan", "-o", "m"], ["markdown"]],
  [["apply", "--until", "await-r"], ["await-role-propagation"]],
  [["completion", "z"], ["zsh"]],
  [["--cloud", "AzureU"], ["AzureUSGovernment"]],
  [["status", "--w"], ["--watch"]],
  [["resume", "2026"], ["20261122-080000-3f6c3f"]],
];

function offeredByBash(line: readonly string[]): string[] {
  const script = `${completeInBash(outline)}
COMP_WORDS=(aks-mi "$@"); COMP_CWORD=$#; _aks_mi; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const output = execFileSync("bash", ["-c", script, "bash", ...line], { cwd: folder, encoding: "utf8" });
  return output.split("\n").filter(Boolean).sort();
}

function offeredByFish(line: readonly string[]): string[] {
  const file = join(folder, "aks-mi.fish");
  writeFileSync(file, completeInFish(outline));
  const output = execFileSync("fish", ["--no-config", "-c", `source ${file}; complete -C "$argv"`, "aks-mi", ...line], {
    cwd: folder,
    encoding: "utf8",
  });
  return output
    .split("\n")
    .filter(Boolean)
    .map((offer) => offer.split("\t")[0]!)
    .sort();
}

const has = (shell: string) => spawnSync(shell, ["--version"]).status === 0;

describe("completion", () => {
  test.each(CASES)("in bash of %j offers %j", (line, offered) => {
    expect(offeredByBash(line)).toEqual(offered);
  });

  test.skipIf(!has("fish")).each(CASES)("in fish of %j offers %j", (line, offered) => {
    expect(offeredByFish(line)).toEqual(offered);
  });

  test.skipIf(!has("zsh"))("in zsh is a script that zsh can read", () => {
    const file = join(folder, "_aks-mi");
    writeFileSync(file, completeInZsh(outline));
    expect(spawnSync("zsh", ["-n", file], { encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
  });

  test.each([
    ["bash", completeInBash],
    ["zsh", completeInZsh],
    ["fish", completeInFish],
  ])("in %s knows every command and every flag", (shell, write) => {
    const script = write(outline);
    for (const { name, options } of outline) {
      expect(script).toContain(name);
      for (const { long } of options) expect(script).toContain(shell === "fish" ? `-l ${long.slice(2)} ` : long);
    }
  });
});
