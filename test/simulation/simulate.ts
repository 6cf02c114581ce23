import { DAY_MS, HOUR_MS } from "../../src/engine/clock.ts";
import type { Event } from "../../src/engine/events.ts";
import type { WireRequest, WireResponse } from "../../src/engine/wire.ts";
import { randomBehaviour } from "./azure-of-seed.ts";
import { CASES, FLEET, isFleet } from "./cases.ts";
import { describeEnd } from "./crash.ts";
import { behave, ENDING_DEEDS } from "./deeds.ts";
import { unexcused } from "./excuses.ts";
import { repair } from "./operators.ts";
import { Overseer } from "./overseer.ts";
import { type PlantedBug, plant } from "./planted.ts";
import { Crash, Disk, type Ended, type Hooks, runClusters } from "./process.ts";
import { Random } from "./random.ts";
import { Site } from "./site.ts";
import { Strangers } from "./strangers.ts";
import { Weather } from "./weather.ts";

/** How often the tool is started while things go wrong, and how often afterwards: then it has to come to its end. */
const STARTS_IN_TROUBLE = 8;
const STARTS_IN_CALM = 12;

/** More requests than any one cluster's process needs: a process that sends them all is going round in circles. */
const MAX_REQUESTS = 20_000;

/** What hangs does not end within any simulation. */
const HANGING = { identityUpdate: "400d", nodeImageUpgradePerNode: "400d" };

/** Each case of one cluster, and the fleet. */
const MIGRATIONS = [...CASES, FLEET];

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
  const migration = MIGRATIONS[seed % MIGRATIONS.length]!;
  const behaviour = randomBehaviour(random, isFleet(migration) ? {} : migration.behaviour);
  const { identityUpdate, nodeImageUpgradePerNode } = behaviour;
  const site = await Site.open(migration, { behaviour, seed });
  const trace: string[] = [];
  const note = (text: string) => {
    if (options.trace) trace.push(`${site.clock.now().toISOString()} ${text}`);
  };
  const overseer = new Overseer(site);
  const weather = new Weather(random, site.clock, note);
  const strangers = new Strangers(site, random, note);
  const disks = site.plan.clusters.map(() => new Disk());
  const deaths = random.chance(0.5) ? 0.01 * random.next() : 0;
  let isCalm = false;
  let starts = 0;
  let ended: Ended[] = [];

  const start = async (): Promise<Ended[]> => {
    starts += 1;
    weather.begin();
    const planted = plant(options.bug, site);
    let requests = 0;
    let dead = false;
    const serve = (sent: WireRequest): Promise<WireResponse> =>
      overseer.serve(sent, async () => {
        const hangs = weather.hangs(sent);
        if (hangs) await behave(site, HANGING);
        const response = await site.emulator.handle(sent);
        if (hangs) await behave(site, { identityUpdate, nodeImageUpgradePerNode });
        planted.see(response);
        if (options.trace) note(`${sent.method} ${new URL(sent.url).pathname} ${response.status}`);
        return response;
      });
    const hooks: Hooks = {
      point() {
        if (!dead && !isCalm && random.chance(deaths)) note("the process dies");
        else if (!dead) return;
        dead = true;
        throw new Crash();
      },
      async carry(request: WireRequest) {
        if (++requests > MAX_REQUESTS * disks.length) throw new Error("the process goes round in circles");
        const deed = await strangers.act(request);
        if (deed) overseer.noteStranger(deed);
        return weather.carry(planted.bend(request), serve);
      },
      onEvent(event) {
        if (options.trace) note(`event ${describeEvent(event, disks.length > 1)}`);
        overseer.onEvent(event);
      },
      wrap: (azure) => planted.wrap(azure),
    };
    return runClusters(site, disks, hooks);
  };

  while (overseer.violations.length === 0 && starts < STARTS_IN_TROUBLE + STARTS_IN_CALM) {
    if (!isCalm && starts >= STARTS_IN_TROUBLE) {
      isCalm = true;
      weather.calm();
      await strangers.calm();
      note("from now on nothing goes wrong");
    }
    ended = await start();
    if (options.trace) note(`process ${starts} ended: ${ended.map(describeEnd).join("; ")}`);
    if (areDone(ended)) break;
    const wrongs = { ...weather.wrongs, deeds: strangers.ever, isThrottled: behaviour.throttles !== false };
    const judged = ended.map((end) => unexcused(end, wrongs));
    for (const problem of judged) if (problem !== undefined && problem !== "over") overseer.violations.push(problem);
    if (judged.includes("over")) break;
    if (isCalm) {
      await repair(site, weather.wrongs.everStruck.has("hanging"), note);
      await strangers.calm();
    }
    pass(site, ended, random);
  }
  if (overseer.violations.length === 0) {
    if (areDone(ended)) await overseer.atTheEnd();
    else if (!ENDING_DEEDS.some((deed) => strangers.ever.has(deed)))
      overseer.violations.push(`it never came to its end: ${ended.map(describeEnd).join("; ")}`);
  }
  const { violations } = overseer;
  const kinds = [...new Set(ended.map(({ kind }) => kind))].join(", ");
  return { seed, name: migration.name, violations, ended: kinds, starts, trace };
}

function areDone(ended: readonly Ended[]): boolean {
  return ended.every(({ kind }) => kind === "done");
}

/** What an event says, without what every event has. */
function describeEvent({ run: _run, seq: _seq, at: _at, cluster, ...told }: Event, isFleet: boolean): string {
  return `${isFleet ? `${cluster?.split("/").at(-1)} ` : ""}${JSON.stringify(told)}`;
}

/** Between two starts time passes: until the moment that a pause names, or until someone looks after it again. */
function pass(site: Site, ended: readonly Ended[], random: Random): void {
  const now = site.clock.now().getTime();
  const paused = ended.flatMap((end) => (end.kind === "paused" ? [end.retryAt?.getTime() ?? now + HOUR_MS] : []));
  const until = paused.length > 0 ? Math.min(...paused) : now + random.next() ** 3 * DAY_MS;
  if (until > now) site.clock.advance(Math.ceil(until - now));
}
