// Runs the documented procedure with the real Azure CLI against `aks-mi emulator`, then `aks-mi plan` and `apply` on an
// equal cluster in a fresh emulator, and compares: the end state of cluster, identities and roles; requests, writes,
// drains, model time. Ours has to end in the same state with no more drains and no more requests, `plan` included.
//
//   node test/az/compare.mjs [--scale N] [--pairs FILE]
//
// --scale N     how fast the emulators' clocks run (60: what az sends while it polls is then what it sends to Azure)
// --pairs FILE  writes what az exchanged with the emulator as request/response pairs
//
// Debian's az is 2.45. Microsoft asks for 2.49 or later for this update; the requests are the same.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { differences, endState } from "./end-state.mjs";
import { startTlsProxy } from "./tls-proxy.mjs";

const HERE = import.meta.dirname;
const CLI = resolve(HERE, "../../dist/cli.js");

const { values: options } = parseArgs({
  options: { scale: { type: "string", default: "60" }, pairs: { type: "string" } },
});

const SUBSCRIPTION = "/subscriptions/3f0b6c1e-9a54-4d1c-8f27-5b1d7c0a9e01";
const CLUSTER = `${SUBSCRIPTION}/resourceGroups/rg-payments-prod/providers/Microsoft.ContainerService/managedClusters/payments-prod`;
const REGISTRY =
  "/subscriptions/7c2d4a90-1e6b-4f35-a0d8-2e9b6f41c802/resourceGroups/rg-registries/providers/Microsoft.ContainerRegistry/registries/contosoplatform";

/** What the one who follows the documentation knows, or reads off the old principal's roles, for the demo scenario. */
const FOLLOWER = {
  RESOURCE_GROUP: "rg-payments-prod",
  CLUSTER: "payments-prod",
  CONTROL_PLANE_IDENTITY: "id-payments-prod",
  KUBELET_IDENTITY: "id-payments-prod-kubelet",
  REGISTRIES: REGISTRY,
  ROLES: [
    `Contributor|${SUBSCRIPTION}/resourceGroups/rg-monitoring-prod`,
    `Monitoring Metrics Publisher|${CLUSTER}`,
  ].join("\n"),
};

/** Azure leaves open whether an update of both identities re-images the nodes: the procedure is followed in both worlds. */
const WORLDS = [
  { name: "the update re-images every node", behaviour: { combinedIdentityUpdate: "rolls" } },
  { name: "the update leaves the nodes alone", behaviour: { combinedIdentityUpdate: "appliesWithoutRoll" } },
];

/**
 * How often the requests are counted again where az sent fewer. The seconds that a busy machine takes count sixty times over,
 * and az polls by the clock: it sends fewer of its polls than it does to Azure.
 */
const MORE_COUNTS = 2;

const ROWS = [
  ["requests", "requests"],
  ["  of them polls of an operation", "polls"],
  ["writes", "writes"],
  ["  of them of the cluster or a pool", "clusterWrites"],
  ["nodes drained", "drains"],
  ["model time, switch to last node", "windowMs", minutes],
  ["model time, in all", "totalMs", minutes],
];
const version = versionOfAz();
if (version === undefined) {
  console.log("SKIPPED SKIPPED SKIPPED: no `az` on this machine, so aks-mi was NOT compared with the Azure CLI.");
} else {
  console.log(`azure-cli ${version}; Microsoft documents 2.49 as the oldest version for this update.`);
  process.exitCode = (await compareAll()) ? 0 : 1;
}

/** Compares in every world. @returns whether nothing is wrong */
async function compareAll() {
  const folder = mkdtempSync(join(tmpdir(), "aks-mi-az-"));
  try {
    const pairs = [];
    const results = await Promise.all(WORLDS.map((world, index) => compare(world, join(folder, String(index)), pairs)));
    if (options.pairs) writeFileSync(options.pairs, JSON.stringify(pairs, undefined, 1));
    const complaints = [];
    for (const result of results) {
      let found = print(result);
      for (let count = 1; count <= MORE_COUNTS && found.length > 0 && found.every(isOfRequests); count++) {
        console.log(`${found[0].text}: counted again, with nothing else going on.`);
        found = print(await compare(result.world, join(folder, `${WORLDS.indexOf(result.world)}-${count}`), pairs));
      }
      complaints.push(...found.map(({ text }) => text));
    }
    console.log("");
    for (const complaint of complaints) console.log(`FAILED: ${complaint}`);
    if (complaints.length === 0)
      console.log("az and aks-mi end in the same state; aks-mi needs no more drains and no more requests.");
    return complaints.length === 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function isOfRequests({ of }) {
  return of === "requests";
}

function versionOfAz() {
  const { status, stdout } = spawnSync("az", ["version", "-o", "json"], { encoding: "utf8" });
  return status === 0 ? JSON.parse(stdout)["azure-cli"] : undefined;
}

async function compare(world, workFolder, pairs) {
  mkdirSync(workFolder, { recursive: true });
  const az = await withEmulator(world, workFolder, "az", (emulator, home) => followProcedure(emulator, home));
  if (existsSync(az.record)) pairs.push(...pairsOf(az.record, world.name));
  const ours = await withEmulator(world, workFolder, "aks-mi", (emulator, home) => planAndApply(emulator, home));
  return { world, az, ours };
}

/** Runs `work` on a fresh emulator; what it did to the model, counted from where `work` says that it began. */
async function withEmulator(world, workFolder, name, work) {
  const home = join(workFolder, name);
  mkdirSync(home);
  const record = join(home, "record.jsonl");
  const args = ["emulator", "--port", "0", "--time-scale", options.scale, "--scenario", "demo", "--record", record];
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const emulator = JSON.parse(await firstLine(child)).endpoint;
    await control(emulator, "PATCH", "behaviour", world.behaviour);
    const { output, skipped } = await work(emulator, home);
    const requests = (await control(emulator, "GET", "requests")).slice(skipped);
    const events = await control(emulator, "GET", "events");
    return {
      record,
      output,
      requests,
      drained: events.filter(({ kind }) => kind === "nodeDrained"),
      failures: events.filter(({ ok }) => !ok),
      state: endState(await control(emulator, "GET", "resources"), CLUSTER),
    };
  } finally {
    child.kill();
  }
}

async function followProcedure(emulator, home) {
  const proxy = await startTlsProxy(emulator, home);
  try {
    const config = join(home, "config");
    mkdirSync(config);
    // The cloud keeps its name: what the CLI does for add-ons depends on it.
    const endpoints = ["resource_manager", "management", "active_directory_resource_id", "microsoft_graph_resource_id"]
      .concat("active_directory_graph_resource_id")
      .map((key) => `endpoint_${key} = ${proxy.url}/`);
    writeFileSync(
      join(config, "clouds.config"),
      ["[AzureCloud]", ...endpoints, `endpoint_active_directory = ${proxy.url}/adfs`, ""].join("\n"),
    );
    const env = {
      PATH: process.env.PATH,
      HOME: home,
      AZURE_CONFIG_DIR: config,
      AZURE_CORE_COLLECT_TELEMETRY: "no",
      AZURE_CORE_SURVEY_MESSAGE: "no",
      AZURE_CORE_NO_COLOR: "yes",
      AZURE_CORE_DISABLE_PROGRESS_BAR: "yes",
      AZURE_EXTENSION_USE_DYNAMIC_INSTALL: "no",
      REQUESTS_CA_BUNDLE: proxy.certificate,
      MSI_ENDPOINT: `${proxy.url}/msi/token`,
      MSI_SECRET: "emulator",
      NO_PROXY: "localhost,127.0.0.1",
      PYTHONDONTWRITEBYTECODE: "1",
      ...(/^2\.45\./.test(version) ? { PYTHONPATH: join(HERE, "debian-compat") } : {}),
    };
    await succeed("az", ["login", "--identity", "--only-show-errors", "-o", "none"], { env });
    await succeed("az", ["account", "set", "--subscription", SUBSCRIPTION.split("/").at(-1)], { env });
    const skipped = (await control(emulator, "GET", "requests")).length;
    const wait = `${process.execPath} ${join(HERE, "advance.mjs")} ${emulator}`;
    const { stdout } = await succeed("bash", [join(HERE, "procedure.sh")], {
      env: { ...env, ...FOLLOWER, WAIT: wait },
    });
    return { output: JSON.parse(stdout), skipped };
  } finally {
    proxy.close();
  }
}

async function planAndApply(emulator, home) {
  const env = { PATH: process.env.PATH, HOME: home, NO_COLOR: "1", AKS_MI_EMULATOR: emulator };
  await succeed(process.execPath, [CLI, "plan", "--id", CLUSTER, "--out", "plan.yaml"], { env, cwd: home });
  const args = [CLI, "apply", "--plan", "plan.yaml", "--yes", "-o", "jsonl"];
  await succeed(process.execPath, args, { env, cwd: home }, async (line) => {
    const event = JSON.parse(line);
    if (event.type !== "step:waiting" || !event.until || !event.step.startsWith("await-")) return;
    const { now } = await control(emulator, "GET", "clock");
    const seconds = Math.ceil((Date.parse(event.until) - Date.parse(now)) / 1000);
    if (seconds > 0) await control(emulator, "POST", "clock", { advance: `${seconds}s` });
  });
  return { output: undefined, skipped: 0 };
}

/** Runs a command that has to succeed; `onLine` is told every line of its standard output. */
async function succeed(command, args, { env, cwd }, onLine = () => {}) {
  const child = spawn(command, args, { env, cwd, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  let partial = "";
  child.stdout.on("data", (data) => {
    stdout += data;
    const lines = (partial + data).split("\n");
    partial = lines.pop();
    for (const line of lines) if (line.trim()) Promise.resolve(onLine(line)).catch((error) => console.error(error));
  });
  child.stderr.on("data", (data) => {
    stderr += data;
  });
  const code = await new Promise((done) => child.once("close", done));
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${stderr}`);
  return { stdout, stderr };
}

function firstLine(child) {
  return new Promise((done, fail) => {
    let text = "";
    child.stdout.on("data", (data) => {
      text += data;
      if (text.includes("\n")) done(text.split("\n")[0]);
    });
    child.once("exit", (code) => fail(new Error(`the emulator ended with ${code}`)));
  });
}

async function control(emulator, method, path, body) {
  const response = await fetch(`${emulator}/_emulator/${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** What az exchanged, as the validators of API descriptions take it. */
function pairsOf(record, name) {
  const lines = readFileSync(record, "utf8").trim().split("\n");
  return lines.map((line, index) => {
    const { request, response } = JSON.parse(line);
    return {
      name: `az, ${name}, ${index + 1}: ${request.method} ${new URL(request.uri).pathname}`,
      request: { method: request.method, url: request.uri, headers: request.headers, body: request.body ?? {} },
      response: { statusCode: response.status.code, headers: response.headers, body: response.body ?? {} },
    };
  });
}

/** Prints one world. @returns what is wrong in it */
function print({ world, az, ours }) {
  const theirs = measure(az);
  const own = measure(ours);
  console.log(`\nWorld: ${world.name}`);
  console.log(`  ${"".padEnd(34)}${"az".padStart(10)}${"aks-mi".padStart(10)}${"difference".padStart(12)}`);
  for (const [label, key, show = String] of ROWS) {
    const difference = own[key] - theirs[key];
    const sign = difference > 0 ? "+" : difference < 0 ? "-" : "";
    console.log(
      `  ${label.padEnd(34)}${show(theirs[key]).padStart(10)}${show(own[key]).padStart(10)}${(sign + show(Math.abs(difference))).padStart(12)}`,
    );
  }
  const complaints = [];
  for (const key of ["requests", "drains"])
    if (own[key] > theirs[key])
      complaints.push({ of: key, text: `${world.name}: aks-mi needs ${own[key]} ${key}, az ${theirs[key]}` });
  const found = differences(az.state, ours.state);
  const twice = poolsDrainedMore(az.drained, ours.drained);
  const unexplained = found.filter(
    ({ path }) => !twice.some((pool) => path === `cluster.pools.${pool}.nodeImageVersion`),
  );
  console.log(`  End state: ${found.length === 0 ? "equal" : `${found.length} differences`}`);
  for (const difference of found) {
    const why = unexplained.includes(difference) ? "" : " (the second drain of this pool also took a newer image)";
    console.log(`    ${difference.path}: az ${difference.left}, aks-mi ${difference.right}${why}`);
  }
  if (unexplained.length > 0)
    complaints.push({ of: "end", text: `${world.name}: the end states differ in ${unexplained.length} places` });
  for (const [who, { failures }] of [
    ["az", az],
    ["aks-mi", ours],
  ])
    if (failures.length > 0) console.log(`  Under ${who} ${failures.length} pieces of the cluster's work failed.`);
  if (options.scale !== "1")
    console.log(
      "  Model time is the clocks' time: the seconds that either client itself takes count as many times over.",
    );
  console.log(`  az shows at the end: ${JSON.stringify(az.output)}`);
  return complaints;
}

function minutes(ms) {
  return `${(ms / 60_000).toFixed(1)} min`;
}

function measure({ requests, drained }) {
  const writes = requests.filter(
    ({ method, status, path }) => method !== "GET" && status < 300 && !/getByIds/i.test(path),
  );
  const switched = writes.find(({ method, path }) => method === "PUT" && /managedClusters\/[^/]+$/i.test(path));
  const lastImaged = drained.at(-1)?.at ?? switched.at;
  return {
    requests: requests.length,
    polls: requests.filter(({ path }) => /\/operations\//i.test(path)).length,
    writes: writes.length,
    clusterWrites: writes.filter(({ path }) => /managedClusters\/[^/]+($|\/agentPools)/i.test(path)).length,
    drains: drained.length,
    windowMs: Date.parse(lastImaged) - Date.parse(switched.at),
    totalMs: Date.parse(requests.at(-1).at) - Date.parse(requests[0].at),
  };
}

function poolsDrainedMore(theirs, own) {
  const pools = new Set(theirs.map(({ pool }) => pool));
  const drains = (events, pool) => events.filter((event) => event.pool === pool).length;
  return [...pools].filter((pool) => drains(theirs, pool) > drains(own, pool));
}
