import { connect, type InProcessEmulator } from "../../src/azure/connection.ts";
import { normalizeId } from "../../src/azure/ids.ts";
import { asArray, asString, at, type Json, type JsonObject } from "../../src/azure/json.ts";
import type { Behaviour } from "../../src/emulator/behaviour.ts";
import { createEmulator, type Emulator } from "../../src/emulator/emulator.ts";
import { DAY_MS, HOUR_MS, VirtualClock } from "../../src/engine/clock.ts";
import type { WireResponse } from "../../src/engine/wire.ts";
import { resolveTarget, type Target } from "../../src/migration/migration.ts";
import type { ClusterPlan, MigrationPlan } from "../../src/plan/schema.ts";
import { makePlan } from "../../src/planning/make-plan.ts";
import { type FleetCase, isFleet, type MigrationCase, scenarioOf } from "./cases.ts";

/** Longer than any run may take, however often it is interrupted; the clock throws beyond. */
const LONGEST_MS = 90 * DAY_MS;

/** Nodes are older than the run: those that are imaged in the moment of a switch could be from before or after it. */
const BUILT_AT = new Date("2026-11-22T07:00:00Z");
const AGE_MS = HOUR_MS;

/** One cluster that is migrated. */
export class Subject {
  readonly site: Site;
  readonly plan: ClusterPlan;

  constructor(site: Site, plan: ClusterPlan) {
    this.site = site;
    this.plan = plan;
  }

  get clusterId(): string {
    return this.plan.id;
  }

  /** Every key that the plan contains for the cluster. */
  get approvedKeys(): string[] {
    return this.plan.steps.flatMap((step) => step.changes.map(({ key }) => key));
  }

  /** The identities that the plan wants. */
  get identities(): Target {
    return resolveTarget(this.plan.id, this.plan.target);
  }
}

/** The emulated Azure of one case, with the plan for its clusters: what stays when a process dies. */
export class Site {
  readonly migration: MigrationCase | FleetCase;
  readonly clock: VirtualClock;
  readonly emulator: Emulator;
  plan!: MigrationPlan;

  private constructor(migration: MigrationCase | FleetCase, clock: VirtualClock, emulator: Emulator) {
    this.migration = migration;
    this.clock = clock;
    this.emulator = emulator;
  }

  /** Makes the emulated Azure, and the plan unless one made from the same beginning is given. @param seed of the fleet */
  static async open(
    migration: MigrationCase | FleetCase,
    options: { behaviour?: Partial<Behaviour>; plan?: MigrationPlan; seed?: number; builtAt?: Date } = {},
  ): Promise<Site> {
    const clock = new VirtualClock(options.builtAt ?? BUILT_AT, LONGEST_MS);
    const scenario = await scenarioOf(migration);
    const behaviour = { ...scenario.behaviour, ...options.behaviour };
    const seed = isFleet(migration) ? (options.seed ?? 1) : 1;
    const site = new Site(migration, clock, createEmulator({ clock, seed, scenario: { ...scenario, behaviour } }));
    clock.advance(AGE_MS);
    site.plan = options.plan ?? (await site.#planWhatCanBeDone());
    return site;
  }

  /** The plan that would be made now. @param door another way to the emulator @param clusterIds absent: of every cluster */
  async makePlan(door: InProcessEmulator = this.emulator, clusterIds?: readonly string[]): Promise<MigrationPlan> {
    const azure = (await connect({ cloud: "AzureCloud", emulator: door })).azure();
    const subscriptions = await azure.resources.subscriptions();
    const found = clusterIds ?? (await Promise.all(subscriptions.map(({ id }) => azure.clusters.list(id)))).flat();
    return makePlan(
      azure,
      {
        clusterIds: found.map((cluster) =>
          typeof cluster === "string" ? cluster : normalizeId(String(cluster["id"])),
        ),
        to: "user-assigned",
        registries: [],
        rolePropagation: "60m",
        tokenSwitchover: "24h",
        ...("request" in this.migration ? this.migration.request : {}),
      },
      { cloud: "AzureCloud", tenant: "", emulator: true, tool: "simulation", now: this.clock.now() },
    );
  }

  /** Some clusters of a fleet cannot be migrated, and some need not be. */
  async #planWhatCanBeDone(): Promise<MigrationPlan> {
    const plan = await this.makePlan();
    if (!isFleet(this.migration)) return plan;
    const ids = plan.clusters.filter(({ blocked, path }) => !blocked && path !== "none").map(({ id }) => id);
    return ids.length === plan.clusters.length ? plan : this.makePlan(this.emulator, ids);
  }

  /** The clusters that are migrated. */
  get subjects(): Subject[] {
    return this.plan.clusters.map((plan) => new Subject(this, plan));
  }

  /** The id of the cluster that is migrated, or of the first. */
  get clusterId(): string {
    return this.plan.clusters[0]!.id;
  }

  /** A request of someone else, past every fault that the run meets and every limit that it has used up. */
  async ask(method: string, path: string, body?: Json): Promise<WireResponse> {
    const response = await this.#send(method, path, body);
    if (response.status !== 429) return response;
    const { throttles } = await this.read<Pick<Behaviour, "throttles">>("/_emulator/behaviour");
    await this.#send("PATCH", "/_emulator/behaviour", { throttles: false });
    const again = await this.#send(method, path, body);
    await this.#send("PATCH", "/_emulator/behaviour", { throttles } as JsonObject);
    return again;
  }

  #send(method: string, path: string, body?: Json): Promise<WireResponse> {
    const query = path.startsWith("/_emulator/") || path.includes("api-version=") ? "" : "?api-version=2026-04-01";
    return this.emulator.handle({
      method,
      url: `https://management.azure.com${path}${query}`,
      headers: { host: "management.azure.com", "content-type": "application/json", "x-forwarded-proto": "https" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  /** What someone else reads. */
  async read<T>(path: string): Promise<T> {
    return JSON.parse((await this.ask("GET", path)).body) as T;
  }

  /** Every page of a list. */
  async list(path: string): Promise<Json[]> {
    const items: Json[] = [];
    for (let next: string | undefined = path; next !== undefined; ) {
      const page: Json = await this.read<Json>(next);
      items.push(...asArray(at(page, "value")));
      const link = asString(at(page, "nextLink"));
      next = link === undefined ? undefined : link.replace(/^https:\/\/[^/]+/, "");
    }
    return items;
  }
}
