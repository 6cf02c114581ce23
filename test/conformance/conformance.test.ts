import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compareAnswers, MadeUpIds } from "./compare.ts";
import { ACCEPTED } from "./difference.ts";
import { readRecordings } from "./recording.ts";
import { replayAll } from "./replay.ts";

const FIXTURES = join(import.meta.dirname, "fixtures");

function run(folder: string) {
  return spawnSync(process.execPath, [join(import.meta.dirname, "run.mjs"), folder], { encoding: "utf8" });
}

describe("the replay of recorded exchanges", () => {
  it("finds that the emulator answers the fixtures as they were recorded", async () => {
    const results = await replayAll(readRecordings(FIXTURES));
    expect(results.map(({ recording, wrong }) => [recording.name, wrong])).toEqual(
      results.map(({ recording }) => [recording.name, []]),
    );
    expect(results).toHaveLength(7);
  });

  it.each([
    ["a status", "05-role-exists", '"code": 409', '"code": 400', "status"],
    ["a value", "02-cluster-switched", '"clientId": "msi"', '"clientId": "other"', "servicePrincipalProfile.clientId"],
    [
      "a missing key",
      "04-cluster-after",
      '"dnsPrefix": "orchard",',
      '"dnsPrefix": "orchard", "zone": 1,',
      "body.properties.zone",
    ],
    ["a missing header", "02-cluster-switched", '"azure-asyncoperation"', '"other"', "header azure-asyncoperation"],
    [
      "a state",
      "04-cluster-after",
      '"provisioningState": "Succeeded"',
      '"provisioningState": "Failed"',
      "provisioningState",
    ],
  ])("notices %s that differs", async (_, name, text, instead, at) => {
    const recordings = readRecordings(FIXTURES).map((recording) =>
      recording.name === name
        ? {
            ...recording,
            response: JSON.parse(JSON.stringify(recording.response, undefined, 1).replace(text, instead)),
          }
        : recording,
    );
    const result = (await replayAll(recordings)).find(({ recording }) => recording.name === name)!;
    expect(result.wrong.map((difference) => difference.at).join(" ")).toContain(at);
  });

  it("lets ids that Azure made up be others, but the same in every place", () => {
    const [one, two, three] = ["1", "2", "3"].map((digit) => `${digit.repeat(8)}-1111-4111-8111-111111111111`);
    const answer = (body: unknown) => ({ status: 200, headers: {}, body });
    const compare = (left: unknown, right: unknown, given: string[] = []) =>
      compareAnswers(answer(left), answer(right), new MadeUpIds(new Set(given)));
    expect(compare({ a: one, b: one }, { a: two, b: two })).toEqual([]);
    expect(compare({ a: one, b: one }, { a: two, b: three })).toMatchObject([{ at: "body.b" }]);
    expect(compare({ a: one }, { a: two }, [one!])).toMatchObject([{ at: "body.a" }]);
    expect(compare({ a: "00000000-0000-0000-0000-000000000001" }, { a: two })).toEqual([]);
    expect(compare({ text: `of ${one}, gone` }, { text: `of ${two}, gone` })).toEqual([]);
    expect(compare({ text: `of ${one}, gone` }, { text: `of ${two}, there` })).toMatchObject([{ at: "body.text" }]);
  });

  it("gives a reason for each difference that it accepts", () => {
    for (const { reason } of ACCEPTED) expect(reason.length).toBeGreaterThan(60);
  });

  it("runs from the command line, and succeeds only when everything conforms", () => {
    const good = run(FIXTURES);
    expect([good.status, good.stdout.trim().split("\n").at(-1)]).toEqual([0, expect.stringMatching(/^7 of 7 /)]);
    const folder = mkdtempSync(join(tmpdir(), "aks-mi-conformance-test-"));
    try {
      const recorded = readFileSync(join(FIXTURES, "05-role-exists.json"), "utf8");
      writeFileSync(join(folder, "one.json"), recorded.replace("already exists", "is there"));
      const bad = run(folder);
      expect([bad.status, bad.stdout.trim().split("\n").at(-1)]).toEqual([1, expect.stringMatching(/^0 of 1 /)]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
