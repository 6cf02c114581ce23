import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { openJournal, readJournal } from "../../src/engine/journal.ts";

const head = { run: "r", cluster: "/c", now: () => new Date("2026-11-22T08:00:00Z") };
let file: string;

beforeEach(() => {
  file = join(mkdtempSync(join(tmpdir(), "aks-mi-journal-")), "journal.jsonl");
});

describe("a journal", () => {
  test("numbers its events, and goes on with the numbers after it was closed", () => {
    const first = openJournal(file, head);
    first.append({ type: "step:started", title: "one" });
    first.close();
    const second = openJournal(file, head);
    second.append({ type: "step:started", title: "two" });
    expect(readJournal(file).map(({ seq, type }) => [seq, type])).toEqual([
      [1, "step:started"],
      [2, "step:started"],
    ]);
    expect(readFileSync(file, "utf8").split("\n")[0]).toBe('{"type":"version","events":"1"}');
  });

  test("is readable by its owner alone", () => {
    openJournal(file, head).close();
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test.each([
    '{"run":"r","se',
    '{"run":"r"}garbage\n',
    "\n",
  ])("cuts off a last line that was never acknowledged: %j", (torn) => {
    const journal = openJournal(file, head);
    journal.append({ type: "step:started", title: "one" });
    journal.close();
    appendFileSync(file, torn);
    expect(readJournal(file)).toHaveLength(1);
    const again = openJournal(file, head);
    again.append({ type: "step:started", title: "two" });
    again.close();
    expect(readJournal(file).map(({ seq }) => seq)).toEqual([1, 2]);
  });

  test.skipIf(process.platform === "win32")("takes nothing more once its file has been deleted", () => {
    const journal = openJournal(file, head);
    rmSync(file);
    expect(() => journal.append({ type: "step:started", title: "one" })).toThrow(/cannot be kept: it has been deleted/);
  });

  test("is no other cluster's: what that one has had done would pass for done here", () => {
    const journal = openJournal(file, head);
    journal.append({ type: "step:started", title: "one" });
    journal.close();
    expect(() => openJournal(file, { ...head, cluster: "/other" })).toThrow(`${file}:2 is of another cluster.`);
    expect(() => readJournal(file, "/other")).toThrow("is of another cluster");
    expect(readJournal(file, "/c")).toHaveLength(1);
  });

  test("refuses a line that is nested so deeply that nobody could walk through it", () => {
    openJournal(file, head).close();
    const nested = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
    appendFileSync(file, `{"run":"r","seq":1,"at":"2026-11-22T08:00:00Z","type":"future:event","a":${nested}}\n`);
    expect(() => readJournal(file)).toThrow(`${file}:2 is no event.`);
  });

  test("refuses a damaged line in the middle, and names it", () => {
    const journal = openJournal(file, head);
    journal.append({ type: "step:started", title: "one" });
    journal.close();
    appendFileSync(file, "garbage\n");
    appendFileSync(file, '{"run":"r","seq":2,"type":"step:started"}\n');
    expect(() => readJournal(file)).toThrow(`${file}:3 is damaged`);
  });

  test("refuses a version that it does not know", () => {
    writeFileSync(file, '{"type":"version","events":"2"}\n{"seq":1}\n');
    expect(() => openJournal(file, head)).toThrow("version 2");
  });

  test("refuses a line that is no event, and lets types pass that it does not know", () => {
    const line = (type: string, more: object) =>
      JSON.stringify({ run: "r", at: "2026-11-22T08:00:00Z", type, ...more });
    const write = (...lines: string[]) =>
      writeFileSync(file, ['{"type":"version","events":"1"}', ...lines, ""].join("\n"));
    write(line("never:heard", { seq: 1, any: [1] }), line("run:done", { seq: 2 }));
    expect(readJournal(file)).toHaveLength(2);
    write(line("change:started", { seq: 1 }), line("run:done", { seq: 2 }));
    expect(() => readJournal(file)).toThrow(`${file}:2 is no event`);
  });

  test("refuses a gap in the numbers", () => {
    const line = (seq: number) => JSON.stringify({ run: "r", seq, at: "2026-11-22T08:00:00Z", type: "run:done" });
    writeFileSync(file, ['{"type":"version","events":"1"}', line(1), line(3), line(4), ""].join("\n"));
    expect(() => readJournal(file)).toThrow("number 3 instead of 2");
  });

  test("says so when it cannot be read, whatever of it could be written", () => {
    const folder = mkdtempSync(join(tmpdir(), "aks-mi-journal-"));
    for (const read of [readJournal, (path: string) => openJournal(path, head)])
      expect(() => read(folder)).toThrow(
        expect.objectContaining({ code: "STATE_UNREADABLE", message: expect.stringContaining(folder) }),
      );
  });

  test("says what to do when it cannot be written", () => {
    expect(() => openJournal("/proc/nowhere/journal.jsonl", head)).toThrow(
      expect.objectContaining({ code: "STATE_UNWRITABLE" }),
    );
  });
});
