import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { EXIT } from "../../src/exit-codes.ts";

const readme = readFileSync("README.md", "utf8");

/** The lines of a section of the README, from its heading to the next one. */
function section(heading: string): string {
  const start = readme.indexOf(`\n## ${heading}\n`);
  expect(start, heading).toBeGreaterThan(0);
  const end = readme.indexOf("\n## ", start + 1);
  return readme.slice(start, end < 0 ? undefined : end);
}

describe("the README", () => {
  test("names every environment variable that the source asks for", () => {
    const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
    const source = files.map((name) => readFileSync(join("src", name), "utf8")).join("\n");
    const asked = [...source.matchAll(/\benv(?:\["|\("|: ")([A-Z][A-Z_]+)"/g)].map(([, name]) => name!);
    const variables = new Set(asked.filter((name) => name !== "TERM"));
    expect([...variables].sort()).toEqual(expect.arrayContaining(["AKS_MI_EMULATOR", "AZURE_SUBSCRIPTION_ID", "CI"]));
    const table = section("Environment variables");
    expect([...variables].filter((name) => !table.includes(name))).toEqual([]);
  });

  test("explains every exit code", () => {
    const table = section("Exit codes");
    const codes = Object.values(EXIT).filter((code) => !new RegExp(`^\\| (\\d+, )*${code}[ ,]`, "m").test(table));
    expect(codes).toEqual([]);
  });
});
