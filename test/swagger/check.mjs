// Holds what the test suite exchanged with the emulator against Azure's API descriptions.
//
//   AKS_MI_PAIRS=<folder> npm test
//   node test/swagger/check.mjs <validator> <folder or file>... [--official]
//
// <validator> is a script that takes a JSON file of request/response pairs, holds them against the descriptions with
// oav's live validator, and prints { pairs, wrong, results: [{ name, operationId, errors: [{ side, code, message,
// paths }] }] }; --official is handed on to it. A folder has recordings (*.jsonl, one exchange a line), a file may also
// be pairs (*.json). False alarms are in false-alarms.mjs, each with its reason; any other error ends this with 1.
import { spawnSync } from "node:child_process";
import { mkdtempSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FALSE_ALARMS, inDescribedVersion, isDescribed } from "./false-alarms.mjs";

const official = process.argv.includes("--official");
const [validator, ...sources] = process.argv.slice(2).filter((word) => word !== "--official");
if (!validator || sources.length === 0) {
  console.error("Usage: node test/swagger/check.mjs <validator> <folder or file of exchanges>... [--official]");
  process.exit(2);
}

const all = sources.flatMap(filesOf).flatMap(pairsOf);
const described = all
  .filter(({ request }) => isDescribed(request.url, official))
  .map((pair) =>
    official ? { ...pair, request: { ...pair.request, url: inDescribedVersion(pair.request.url) } } : pair,
  );
const pairs = [...new Map(described.map((pair) => [shapeOf(pair), pair])).values()].map((pair, index) => ({
  ...pair,
  name: String(index),
}));
console.log(`${all.length} exchanges, ${described.length} of them of described services, ${pairs.length} different.`);

const results = validate(pairs);
const alarms = new Map(FALSE_ALARMS.map((alarm) => [alarm, 0]));
const wrong = new Map();
for (const result of results) for (const error of result.errors) judge(pairs[Number(result.name)], result, error);

console.log("\nFalse alarms:");
for (const [{ reason }, count] of alarms) if (count > 0) console.log(`  ${String(count).padStart(5)}  ${reason}`);
console.log(`\n${wrong.size === 0 ? "No error of ours." : `${wrong.size} errors of ours:`}`);
for (const [text, { count, example }] of [...wrong].sort((left, right) => right[1].count - left[1].count))
  console.log(`  ${String(count).padStart(5)}  ${text}\n         e.g. ${example}`);
process.exitCode = wrong.size === 0 && pairs.length > 0 ? 0 : 1;

function judge(pair, result, error) {
  const alarm = FALSE_ALARMS.find(
    ({ official: only, matches }) => (only === undefined || only === official) && matches({ pair, result, error }),
  );
  if (alarm) {
    alarms.set(alarm, alarms.get(alarm) + 1);
    return;
  }
  const text = `${result.operationId ?? "?"} ${error.side.replace("ValidationResult", "")} ${error.code}: ${error.message} ${JSON.stringify(error.paths ?? [])}`;
  const generic = text.replaceAll(/[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}/gi, "<id>");
  const known = wrong.get(generic) ?? {
    count: 0,
    example: `${pair.request.method} ${pair.request.url.slice(0, 220)} -> ${pair.response.statusCode}`,
  };
  wrong.set(generic, { ...known, count: known.count + 1 });
}

function filesOf(source) {
  if (!statSync(source).isDirectory()) return [source];
  return readdirSync(source)
    .filter((file) => file.endsWith(".jsonl"))
    .map((file) => join(source, file));
}

function pairsOf(file) {
  const text = readFileSync(file, "utf8");
  if (file.endsWith(".json")) return JSON.parse(text);
  return text
    .split("\n")
    .filter((line) => line.trim())
    .map((line) => {
      const { request, response } = JSON.parse(line);
      return {
        request: { method: request.method, url: request.uri, headers: request.headers, body: request.body ?? {} },
        response: { statusCode: response.status.code, headers: response.headers, body: response.body ?? {} },
      };
    });
}

/** The same for exchanges that differ in ids, times and numbers alone. */
function shapeOf({ request, response }) {
  const text = JSON.stringify([request.method, request.url, request.body, response.statusCode, response.body]);
  return text
    .replaceAll(/[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}/gi, "<id>")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<time>")
    .replaceAll(/&t=\d+&c=[^"]*/g, "")
    .replaceAll(/vmss[_0-9a-z]*|[0-9a-f]{8}-vmss\w*/g, "<node>")
    .replaceAll(/\d{2,}/g, "<n>");
}

function validate(some) {
  const folder = mkdtempSync(join(tmpdir(), "aks-mi-pairs-"));
  try {
    const file = join(folder, "pairs.json");
    writeFileSync(file, JSON.stringify(some));
    const args = [validator, ...(official ? ["--official"] : []), file];
    // Into a file: a validator that ends with process.exit() would lose what a pipe has not taken yet.
    const output = join(folder, "report.txt");
    const { stderr } = spawnSync(process.execPath, args, {
      encoding: "utf8",
      stdio: ["ignore", openSync(output, "w"), "pipe"],
    });
    const stdout = readFileSync(output, "utf8");
    // oav writes its warnings to the same stream.
    const report = stdout.slice(stdout.lastIndexOf('\n{\n "pairs"') + 1);
    if (!report.startsWith('{\n "pairs"')) throw new Error(`The validator did not report: ${stderr || stdout}`);
    return JSON.parse(report).results;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
