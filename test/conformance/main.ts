import { ACCEPTED } from "./difference.ts";
import { readRecordings } from "./recording.ts";
import { type Result, replayAll } from "./replay.ts";

const folder = process.argv[2];
if (!folder) {
  console.error("Usage: npm run conformance -- <folder of recorded exchanges>");
  process.exit(2);
}
const results = await replayAll(readRecordings(folder));
for (const result of results) show(result);
const used = new Set(results.flatMap(({ accepted }) => accepted.map(({ reason }) => reason)));
if (used.size > 0) console.log("\nAccepted differences:");
for (const { reason } of ACCEPTED) if (used.has(reason)) console.log(`  [${numberOf(reason)}] ${reason}`);
const conforming = results.filter(({ wrong }) => wrong.length === 0).length;
console.log(`\n${conforming} of ${results.length} recorded exchanges are answered as Azure answered them.`);
process.exitCode = conforming === results.length && results.length > 0 ? 0 : 1;

function show({ recording, accepted, wrong }: Result): void {
  const notes = [...new Set(accepted.map(({ reason }) => numberOf(reason)))].sort().map((number) => ` [${number}]`);
  console.log(`${wrong.length === 0 ? "conforms" : "DIFFERS "}  ${recording.name}${notes.join("")}`);
  for (const { at, reason } of accepted) console.log(`            ${at}: accepted, see [${numberOf(reason)}]`);
  for (const { at, recorded, emulated } of wrong)
    console.log(`            ${at}: recorded ${JSON.stringify(recorded)}, emulated ${JSON.stringify(emulated)}`);
}

function numberOf(reason: string): number {
  return 1 + ACCEPTED.findIndex((accepted) => accepted.reason === reason);
}
