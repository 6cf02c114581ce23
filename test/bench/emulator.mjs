// What the emulator's fleet of 1,000 clusters costs: its start, its lists, an emulated day, and the memory of all of that.
import { readFileSync } from "node:fs";
import { startEmulator } from "./started-emulator.mjs";

const LIMIT_SECONDS = 5;
const LIMIT_MEGABYTES = 500;
const LIST = "/providers/Microsoft.ContainerService/managedClusters?api-version=2025-05-01";

/** The most memory that a process ever held, in MB; undefined where the system does not tell. */
function mostHeld(pid) {
  if (process.platform !== "linux") return undefined;
  const [, kibibytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return (Number(kibibytes) * 1024) / 1e6;
}

let since = performance.now();
const lap = () => {
  const seconds = (performance.now() - since) / 1_000;
  since = performance.now();
  return seconds;
};
const { emulator, endpoint } = await startEmulator("fleet");
try {
  const ask = async (path, body) => {
    const answer = await fetch(new URL(path, endpoint), {
      headers: { authorization: "Bearer bench", "content-type": "application/json" },
      ...(body && { method: "POST", body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return answer.json();
  };
  const loaded = lap();
  console.log(`a fleet is up in ${loaded.toFixed(1)} s`);

  const { value: subscriptions } = await ask("/subscriptions?api-version=2022-12-01");
  let clusters = 0;
  let pages = 0;
  for (const { id } of subscriptions) {
    for (let next = id + LIST; next; pages++) {
      const page = await ask(next);
      clusters += page.value.length;
      next = page.nextLink;
    }
  }
  console.log(
    `${clusters} clusters in ${subscriptions.length} subscriptions listed on ${pages} pages in ${lap().toFixed(1)} s`,
  );

  await ask("/_emulator/clock", { advance: "24h" });
  console.log(`an emulated day takes ${lap().toFixed(1)} s`);

  const megabytes = mostHeld(emulator.pid);
  console.log(
    megabytes === undefined ? "only Linux tells how much it held" : `at most ${megabytes.toFixed(0)} MB held`,
  );
  const within = loaded < LIMIT_SECONDS && (megabytes ?? 0) < LIMIT_MEGABYTES;
  console.log(`${within ? "Within" : "Over"} ${LIMIT_SECONDS} s and ${LIMIT_MEGABYTES} MB.`);
  process.exitCode = within ? 0 : 1;
} finally {
  emulator.kill();
}
