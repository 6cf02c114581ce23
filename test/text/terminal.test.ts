import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import {
  breakCommand,
  sanitize,
  sanitizeDeep,
  truncate,
  useColor,
  visibleLength,
  wrapIndented,
  wrapText,
} from "../../src/text/terminal.ts";

describe("text from Azure or from a file", () => {
  it.each([
    ["\u001b[31mred\u001b[0m", "red"],
    ["title \u001b]0;owned\u0007end", "title end"],
    ["one\r\ntwo\tthree", "one two three"],
    ["\u009b2Jclear", "clear"],
    ["safe\u202egnp.exe", "safegnp.exe"],
    ["a\u0000\u0008b", "ab"],
    ["role→kubelet – naïve", "role→kubelet – naïve"],
  ])("%j becomes %j", (text, shown) => {
    expect(sanitize(text)).toBe(shown);
  });

  it("is made printable wherever it stands in plain data", () => {
    expect(sanitizeDeep({ "k\u001b[1m": ["\u0007a", { n: 1, none: undefined }] })).toEqual({ k: ["a", { n: 1 }] });
  });
});

describe("colour", () => {
  it.each([
    [{ isTTY: true }, {}, true],
    [{ isTTY: false }, {}, false],
    [{ isTTY: true }, { NO_COLOR: "1" }, false],
    [{ isTTY: true }, { NO_COLOR: "" }, true],
    [{ isTTY: false }, { FORCE_COLOR: "1" }, true],
    [{ isTTY: true }, { FORCE_COLOR: "0" }, false],
    [{ isTTY: true }, { NO_COLOR: "1", FORCE_COLOR: "1" }, false],
    [{ isTTY: true }, { TERM: "dumb" }, false],
  ])("for %j with %j is %s", (stream, env, expected) => {
    expect(useColor(stream, env)).toBe(expected);
  });
});

describe("lines", () => {
  it("are broken between words, and long ids after a slash, without losing a character", () => {
    const id = `/subscriptions/${"1".repeat(36)}/resourceGroups/rg/providers/Microsoft.Network/x/y`;
    const lines = wrapText(`see ${id} now`, 40);
    for (const line of lines) expect(visibleLength(line)).toBeLessThanOrEqual(40);
    expect(lines.join("").replaceAll(" ", "")).toBe(`see${id}now`);
  });

  it("keep their indent where they are broken, and an id alone stays whole", () => {
    const link = `    https://learn.microsoft.com/${"a/".repeat(30)}`;
    expect(wrapIndented("  RD005 high: a budget allows no eviction", 24)).toEqual([
      "  RD005 high: a budget",
      "    allows no eviction",
    ]);
    expect(wrapIndented(link, 24)).toEqual([link]);
    expect(wrapIndented("aks-1    service-principal", 26)).toEqual(["aks-1    service-principal"]);
  });

  it("are cut with an ellipsis", () => {
    expect(truncate("abcdef", 4)).toBe("abc…");
    expect(truncate("abcd", 4)).toBe("abcd");
  });
});

describe("a command that is longer than a line", () => {
  const id = `/subscriptions/${"1".repeat(36)}/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/c`;
  const command = `echo --id ${id} --approve ${"a".repeat(64)} --emulator http://127.0.0.1:43123`;

  it.each([40, 60, 79])("fits into %i columns", (columns) => {
    for (const line of breakCommand(command, columns)) expect(line.length).toBeLessThanOrEqual(columns);
  });

  it.each([40, 60, 79])("means the same to a shell, broken for %i columns", (columns) => {
    const run = (text: string) => execFileSync("sh", ["-c", text], { encoding: "utf8" });
    const lines = breakCommand(command, columns);
    expect(lines.length).toBeGreaterThan(1);
    expect(run(lines.join("\n"))).toBe(run(command));
  });
});
