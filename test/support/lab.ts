import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Connection, connect } from "../../src/azure/connection.ts";
import { normalizeId } from "../../src/azure/ids.ts";
import { createEmulator, type Emulator } from "../../src/emulator/emulator.ts";
import type { Scenario } from "../../src/emulator/scenario.ts";
import { VirtualClock } from "../../src/engine/clock.ts";
import type { Event } from "../../src/engine/events.ts";
import { type ClusterResult, execute } from "../../src/execute/execute.ts";
import type { MigrationPlan } from "../../src/plan/schema.ts";
import { makePlan, type PlanRequest } from "../../src/planning/make-plan.ts";
import { createRun, type RunDirectory } from "../../src/state/state-directory.ts";
import { Emulated } from "./emulated.ts";
import { withPairs } from "./pairs.ts";
import { copyOfScenario } from "./scenarios.ts";

export type { ModelEvent, ServedRequest } from "./emulated.ts";

/** An emulator in this process, a connection to it, and what tests do with both. */
export class Lab extends Emulated {
  readonly clock = new VirtualClock();
  readonly stateDir = mkdtempSync(join(tmpdir(), "aks-mi-test-"));
  readonly emulator: Emulator;
  readonly connection: Connection;

  private constructor(emulator: Emulator, connection: Connection, clock: VirtualClock) {
    super();
    this.emulator = emulator;
    this.connection = connection;
    this.clock = clock;
  }

  /** A lab with a shipped scenario, or one of its own, and some of its behaviour changed. */
  static async open(behaviour: Record<string, unknown> = {}, scenario: string | Scenario = "demo"): Promise<Lab> {
    const clock = new VirtualClock();
    const loaded = typeof scenario === "string" ? await copyOfScenario(scenario) : scenario;
    const emulator = withPairs(createEmulator({ clock, scenario: loaded }));
    const lab = new Lab(emulator, await connect({ cloud: "AzureCloud", emulator }), clock);
    await lab.control("PATCH", "/_emulator/behaviour", behaviour);
    return lab;
  }

  /** A call of the emulator's control API. */
  async control<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.emulator.handle({
      method,
      url: `https://management.azure.com${path}`,
      headers: { host: "management.azure.com", "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (response.status >= 400) throw new Error(`${method} ${path}: ${response.status} ${response.body}`);
    return JSON.parse(response.body) as T;
  }

  /** The ids of all clusters in the model. */
  async clusterIds(): Promise<string[]> {
    const azure = this.connection.azure();
    const subscriptions = await azure.resources.subscriptions();
    const clusters = await Promise.all(subscriptions.map(({ id }) => azure.clusters.list(id)));
    return clusters.flat().map((cluster) => normalizeId(String(cluster["id"])));
  }

  async plan(request: Partial<PlanRequest> = {}): Promise<MigrationPlan> {
    return makePlan(
      this.connection.azure(),
      {
        clusterIds: request.clusterIds ?? (await this.clusterIds()),
        to: "user-assigned",
        registries: [],
        rolePropagation: "60m",
        tokenSwitchover: "24h",
        ...request,
      },
      {
        cloud: "AzureCloud",
        tenant: "01fad2ab-ff08-499b-896c-e9e374c83e4e",
        emulator: true,
        tool: "test",
        now: this.clock.now(),
      },
    );
  }

  /** Applies a plan, in a new run or the given one. */
  async apply(
    plan: MigrationPlan,
    run?: RunDirectory,
  ): Promise<{ results: ClusterResult[]; run: RunDirectory; events: Event[] }> {
    const directory = run ?? createRun(this.stateDir, plan, this.clock.now());
    const events: Event[] = [];
    const results = await execute({
      connection: this.connection,
      stateDir: this.stateDir,
      run: directory,
      tool: "test",
      signal: new AbortController().signal,
      onEvent: (event) => events.push(event),
      approval: { by: "test", how: "yes" },
    });
    return { results, run: directory, events };
  }
}
