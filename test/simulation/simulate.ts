import type { Behaviour } from "../../src/emulator/behaviour.ts";
import { DAY_MS, HOUR_MS } from "../../src/engine/clock.ts";
import type { Event } from "../../src/engine/events.ts";
import type { WireRequest } from "../../src/engine/wire.ts";
import { CASES } from "./cases.ts";
import { describeEnd } from "./crash.ts";
import { unexcused } from "./excuses.ts";
import { Invariants } from "./invariants.ts";
import { neededRights } from "./needs.ts";
import { type PlantedBug, plant } from "./planted.ts";
import { Crash, Disk, type Ended, type Hooks, runProcess } from "./process.ts";
import { Random } from "./random.ts";
import { Site } from "./site.ts";
import { Strangers } from "./strangers.ts";
import { Weather } from "./weather.ts";

/** How often the tool is started while things go wrong, and how often afterwards: then it has to come to its end. */
const STARTS_IN_TROUBLE = 8;
const STARTS_IN_CALM = 12;

/** More requests than any one process needs: a process that sends them all is going round in circles. */
const MAX_REQUESTS = 20_000;

/** What one seed came to. */
export interface Simulated {
  readonly seed: number;
  readonly name: string;
  readonly violations: readonly string[];
  readonly ended: string;
  readonly starts: number;
  readonly trace: readonly string[];
}

/** Runs one migration under the faults, the deaths and the other people of one seed, and checks what must always hold. */
export async function simulate(seed: number, options: { bug?: PlantedBug; trace?: boolean } = {}): Promise<Simulated> {
  const random = new Random(seed);
  const migration = CASES[seed % CASES.length]!;
  const site = await Site.open(migration, { behaviour: randomBehaviour(random, migration.behaviour) });
  const trace: string[] = [];
  const note = (text: string) => {
    if (options.trace) trace.push(`${site.clock.now().toISOString()} ${text}`);
  };
  const invariants = new Invariants(site);
  const weather = new Weather(random, site.clock, note);
  const strangers = new Strangers(site, random, neededRights(site), note);
  const disk = new Disk();
  const deaths = random.chance(0.5) ? 0.01 * random.next() : 0;
  let isCalm = false;
  let starts = 0;
  let ended: Ended = { kind: "crashed" };

  const start = async (): Promise<Ended> => {
    starts += 1;
    weather.struck = new Set();
    const planted = plant(options.bug, site);
    let requests = 0;
    let dead = false;
    const hooks: Hooks = {
      point() {
        if (!dead && !isCalm && random.chance(deaths)) note("the process dies");
        else if (!dead) return;
        dead = true;
        throw new Crash();
      },
      async carry(request: WireRequest) {
        if (++requests > MAX_REQUESTS) throw new Error("the process goes round in circles");
        const deed = await strangers.act(request);
        if (deed) invariants.noteStranger(deed === "deleteRole");
        return weather.carry(planted.bend(request), async (sent) => {
          await invariants.beforeRequest(sent);
          const response = await site.emulator.handle(sent);
          planted.see(response);
          if (options.trace) note(`${sent.method} ${new URL(sent.url).pathname} ${response.status}`);
          await invariants.afterResponse(sent, response);
          return response;
        });
      },
      onEvent(event) {
        if (options.trace) note(`event ${describeEvent(event)}`);
        invariants.onEvent(event);
      },
      wrap: (azure) => planted.wrap(azure),
    };
    return runProcess(site, disk, hooks);
  };

  while (invariants.violations.length === 0 && starts < STARTS_IN_TROUBLE + STARTS_IN_CALM) {
    if (!isCalm && starts >= STARTS_IN_TROUBLE) {
      isCalm = true;
      weather.calm();
      await strangers.calm();
      note("from now on nothing goes wrong");
    }
    ended = await start();
    if (options.trace) note(`process ${starts} ended: ${describeEnd(ended)}`);
    if (ended.kind === "done") break;
    const problem = unexcused(ended, weather.struck, strangers.ever);
    if (problem === "over") break;
    if (problem) invariants.violations.push(problem);
    if (isCalm) {
      await repair(site, strangers);
      await strangers.calm();
    }
    pass(site, ended, random);
  }
  if (invariants.violations.length === 0) {
    if (ended.kind === "done") await invariants.atTheEnd();
    else if (!strangers.ever.has("addPool"))
      invariants.violations.push(`it never came to its end: ${describeEnd(ended)}`);
  }
  const { violations } = invariants;
  return { seed, name: migration.name, violations, ended: ended.kind, starts, trace };
}

/** What an event says, without what every event has. */
function describeEvent({ run: _run, seq: _seq, at: _at, cluster: _cluster, ...told }: Event): string {
  return JSON.stringify(told);
}

/** Between two starts time passes: until the moment that a pause names, or until someone looks after it again. */
function pass(site: Site, ended: Ended, random: Random): void {
  const now = site.clock.now().getTime();
  const until =
    ended.kind === "paused" ? (ended.retryAt?.getTime() ?? now + HOUR_MS) : now + random.next() ** 3 * DAY_MS;
  if (until > now) site.clock.advance(Math.ceil(until - now));
}

/** What the tool's remedies ask of its user before the next start. */
async function repair(site: Site, strangers: Strangers): Promise<void> {
  const cluster = await site.read<{
    properties: { provisioningState: string; agentPoolProfiles: { provisioningState: string }[] };
  }>(site.clusterId);
  const states = [cluster.properties, ...cluster.properties.agentPoolProfiles].map((each) => each.provisioningState);
  if (states.some((state) => state === "Failed" || state === "Canceled")) await strangers.reconcile();
}

/** How Azure behaves in this seed: every open question, and every duration, anew. */
function randomBehaviour(random: Random, fixed: Partial<Behaviour> | undefined): Partial<Behaviour> {
  const minutes = (low: number, high: number) => `${random.whole(low, high)}m`;
  return {
    combinedIdentityUpdate: random.pick(["rolls", "rolls", "appliesWithoutRoll", "refused", "ignoresKubelet"] as const),
    identityUpdateReimagesNodes: random.chance(0.2),
    kubeletIdentityUpdateReimagesNodes: random.chance(0.8),
    reimage: random.pick(["inPlace", "replacesInstance"] as const),
    latestModelApplied: random.chance(0.2),
    etagMismatchInOperation: random.chance(0.2),
    rolePropagation: random.chance(0.1) ? minutes(61, 100) : minutes(0, 59),
    identityUpdate: random.chance(0.1) ? minutes(60, 400) : minutes(1, 10),
    nodeImageUpgradePerNode: minutes(2, 12),
    tokenSwitchover: minutes(10, 1400),
    newerNodeImage: random.chance(0.8),
    throttles: random.chance(0.15) ? "azure" : false,
    pageSize: random.pick([1, 3, 100]),
    ...(random.chance(0.5) ? fixed : {}),
  };
}
