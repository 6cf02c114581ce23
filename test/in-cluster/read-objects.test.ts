import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import type { CommandEnd } from "../../src/azure/run-command.ts";
import { parseItems, readObjects } from "../../src/in-cluster/read-objects.ts";
import { PLANTED } from "./objects.ts";

const LIST = JSON.stringify({ kind: "List", items: [{ kind: "Secret", data: { key: PLANTED } }] });

function answering(...ends: readonly CommandEnd[]) {
  const asked: string[] = [];
  return {
    asked,
    run: async (command: string) => {
      asked.push(command);
      return ends[asked.length - 1] ?? ends.at(-1)!;
    },
  };
}

const printed = (logs: string, exitCode = 0): CommandEnd => ({ ended: true, exitCode, logs });

test.each([
  ["plain", LIST],
  ["pretty", JSON.stringify(JSON.parse(LIST), undefined, 4)],
  ["behind a warning", `Warning: v1 is deprecated in v1.33+\n${LIST}`],
  ["packed", gzipSync(LIST).toString("base64")],
])("reads a list that came %s", (_, logs) => {
  expect(parseItems(logs)).toEqual([{ kind: "Secret", data: { key: PLANTED } }]);
});

test.each([
  ["cut off", LIST.slice(0, -10)],
  ["cut off before its first line ended", "{"],
  ["empty", ""],
  ["no JSON", `NAME DATA\n${PLANTED}`],
  ["JSON, but no list", JSON.stringify({ kind: "Status", message: PLANTED })],
  ["packed, but cut off", gzipSync(LIST).toString("base64").slice(0, 60)],
])("takes an answer that is %s for none", (_, logs) => {
  expect(parseItems(logs)).toBeUndefined();
});

test("asks again for an answer that was cut off, packed, and reads that", async () => {
  const { asked, run } = answering(printed(LIST.slice(0, -10)), printed(gzipSync(LIST).toString("base64")));
  expect(await readObjects(run, "secret")).toMatchObject({ known: true });
  expect(asked).toEqual([
    "kubectl get secret --all-namespaces -o json",
    "kubectl get secret --all-namespaces -o json | gzip -c | base64 -w 0",
  ]);
});

test.each([
  ["cut off twice", printed(LIST.slice(0, -10)), 2, "its answer is cut off or no JSON (79 characters)"],
  [
    "refused by the API server",
    printed(`Error from server (Forbidden): secrets is forbidden: ${PLANTED}`, 1),
    1,
    "the cluster's API server answered Forbidden",
  ],
  ["failed otherwise", printed(`sh: ${PLANTED}`, 127), 1, "the command ended with exit code 127"],
  ["never ended", { ended: false, reason: "it had not ended" } as const, 1, "it had not ended"],
])("says why nothing is known when a command was %s, without quoting it", async (_, end, times, reason) => {
  const { asked, run } = answering(end);
  const answer = await readObjects(run, "secret");
  expect(answer).toMatchObject({ known: false, reason });
  expect(asked.length).toBe(times);
  expect(JSON.stringify(answer)).not.toContain(PLANTED);
});
