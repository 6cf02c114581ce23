import { expect, test } from "vitest";
import { InProcessCommandLine } from "../support/in-process.ts";

test("the assessment breaks no word on a terminal, and no line in a file", async () => {
  const line = await InProcessCommandLine.open();
  const [shown, piped] = [await line.runIn({ terminal: true }, "assess"), await line.run("assess")];
  const tooLong = shown.stdout.split("\n").filter((text) => text.length > 79);
  expect(tooLong.filter((text) => text.trim().includes(" "))).toEqual([]);
  const wordsOf = (text: string) => text.split(/\s+/);
  expect(wordsOf(shown.stdout)).toEqual(wordsOf(piped.stdout));
  expect(piped.stdout.split("\n").length).toBeLessThan(shown.stdout.split("\n").length);
});
