import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const MET = ["prevented", "detected before", "handled in the run", "reported"];
const OUT_OF_REACH = "out of reach";

/** The rows of the table of failures, cell by cell. */
const ROWS = readFileSync(join(ROOT, "docs/field-failures.md"), "utf8")
  .split("\n")
  .filter((line) => /^\| \d+ \|/.test(line))
  .map((line) => {
    const [number, tier, failure, category, how, tests] = line
      .split(" | ")
      .map((cell) => cell.replace(/^\| | \|$/g, ""));
    return {
      number: Number(number),
      tier: tier!,
      failure: failure!,
      category: category!,
      how: how!,
      tests: tests ?? "",
    };
  });

describe("docs/field-failures.md", () => {
  test("has each of the seventy failures once, in order", () => {
    expect(ROWS.map(({ number }) => number)).toEqual(Array.from({ length: 70 }, (_, index) => index + 1));
  });

  test("says of at least 55 of them that they are met, and of the others of tier S and A why not", () => {
    expect(ROWS.filter(({ category }) => MET.includes(category)).length).toBeGreaterThanOrEqual(55);
    for (const { category, how } of ROWS.filter(({ category }) => category === OUT_OF_REACH))
      expect(how.length, category).toBeGreaterThan(40);
  });

  test.each(ROWS)("row $number is of a known kind, and names tests that exist", ({ category, tests }) => {
    expect([...MET, OUT_OF_REACH]).toContain(category);
    const named = tests.split("<br>").map((entry) => /^`(test\/\S+\.test\.ts)`: "([^"]+)"$/.exec(entry));
    for (const match of named) {
      expect(match, tests).not.toBeNull();
      const [, file, title] = match!;
      expect(existsSync(join(ROOT, file!)), file).toBe(true);
      const source = readFileSync(join(ROOT, file!), "utf8");
      expect(source.includes(`"${title}"`) || source.includes(`\`${title}\``), `${file}: ${title}`).toBe(true);
    }
  });

  test("counts its categories right", () => {
    const text = readFileSync(join(ROOT, "docs/field-failures.md"), "utf8");
    for (const category of [...MET, OUT_OF_REACH]) {
      const count = ROWS.filter((row) => row.category === category).length;
      expect(text).toMatch(new RegExp(`^\\| ${category} \\| .* \\| ${count} \\|$`, "m"));
    }
  });
});
