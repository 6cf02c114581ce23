// How long `aks-mi --help` and `--version` take next to an empty Node script: medians of alternating runs.
import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const RUNS = 25;
const LIMIT = 1.8;

const empty = join(mkdtempSync(join(tmpdir(), "aks-mi-bench-")), "empty.mjs");
writeFileSync(empty, "");
const env = { ...process.env, NODE_EXTRA_CA_CERTS: undefined };
const commands = {
  "an empty script": [empty],
  "aks-mi --help": ["dist/cli.js", "--help"],
  "aks-mi --version": ["dist/cli.js", "--version"],
};
const times = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
for (let run = 0; run < RUNS; run++) {
  for (const [name, args] of Object.entries(commands)) {
    const start = process.hrtime.bigint();
    const { status } = spawnSync(process.execPath, args, { env, stdio: "ignore" });
    if (status !== 0) throw new Error(`${name} ended with ${status}`);
    times[name].push(Number(process.hrtime.bigint() - start) / 1e6);
  }
}
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const base = median(times["an empty script"]);
let worst = 0;
for (const name of Object.keys(commands)) {
  const ms = median(times[name]);
  worst = Math.max(worst, ms / base);
  console.log(`${name}: ${ms.toFixed(1)} ms (${(ms / base).toFixed(2)} times an empty script)`);
}
console.log(worst <= LIMIT ? `Within ${LIMIT} times.` : `Over ${LIMIT} times.`);
process.exitCode = worst <= LIMIT ? 0 : 1;
