import { connect, type InProcessEmulator } from "../../src/azure/connection.ts";
import { normalizeId } from "../../src/azure/ids.ts";
import { asArray, asString, at, type Json } from "../../src/azure/json.ts";
import type { Behaviour } from "../../src/emulator/behaviour.ts";
import { createEmulator, type Emulator } from "../../src/emulator/emulator.ts";
import { DAY_MS, VirtualClock } from "../../src/engine/clock.ts";
import type { WireResponse } from "../../src/engine/wire.ts";
import { resolveTarget, type Target } from "../../src/migration/migration.ts";
import type { MigrationPlan } from "../../src/plan/schema.ts";
import { makePlan } from "../../src/planning/make-plan.ts";
import { type MigrationCase, scenarioOf } from "./cases.ts";

/** Longer than any run may take, however often it is interrupted; the clock throws beyond. */
const LONGEST_MS = 90 * DAY_MS;

/** The emulated Azure of one case, with the plan for its one cluster: what stays when a process dies. */
export class Site {
  readonly migration: MigrationCase;
  readonly clock: VirtualClock;
  readonly emulator: Emulator;
  plan!: MigrationPlan;

  private constructor(migration: MigrationCase, clock: VirtualClock, emulator: Emulator) {
    this.migration = migration;
    this.clock = clock;
    this.emulator = emulator;
  }

  /** Makes the emulated Azure, and the plan unless one made from the same beginning is given. */
  static async open(
    migration: MigrationCase,
    options: { behaviour?: Partial<Behaviour>; plan?: MigrationPlan } = {},
  ): Promise<Site> {
    const clock = new VirtualClock(undefined, LONGEST_MS);
    const scenario = await scenarioOf(migration);
    const behaviour = { ...scenario.behaviour, ...options.behaviour };
    const site = new Site(migration, clock, createEmulator({ clock, scenario: { ...scenario, behaviour } }));
    site.plan = options.plan ?? (await site.makePlan());
    return site;
  }

  /** The plan that would be made now. @param door another way to the emulator */
  async makePlan(door: InProcessEmulator = this.emulator): Promise<MigrationPlan> {
    const azure = (await connect({ cloud: "AzureCloud", emulator: door })).azure();
    const [subscription] = await azure.resources.subscriptions();
    const found = await azure.clusters.list(subscription?.id ?? "");
    return makePlan(
      azure,
      {
        clusterIds: found.map((cluster) => normalizeId(String(cluster["id"]))),
        to: "user-assigned",
        registries: [],
        rolePropagation: "60m",
        tokenSwitchover: "24h",
        ...this.migration.request,
      },
      { cloud: "AzureCloud", tenant: "", emulator: true, tool: "simulation", now: this.clock.now() },
    );
  }

  /** The id of the cluster that is migrated. */
  get clusterId(): string {
    return this.plan.clusters[0]!.id;
  }

  /** The identities that the plan wants. */
  get identities(): Target {
    return resolveTarget(this.clusterId, this.plan.clusters[0]!.target);
  }

  /** A request of someone else, past every fault that the run meets. */
  ask(method: string, path: string, body?: Json): Promise<WireResponse> {
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
