import type { WireRequest, WireResponse } from "../engine/wire.ts";
import { putResources } from "./control.ts";
import type { EmulatedClock } from "./emulated-clock.ts";
import { generateFleet } from "./generate.ts";
import { Handler } from "./handler.ts";
import type { Scenario } from "./scenario.ts";
import { World } from "./world.ts";

/** What an emulator is made of. */
export interface EmulatorOptions {
  clock: EmulatedClock;
  scenario?: Scenario;
  seed?: number;
  /** On loopback: what a Retry-After is divided by, the clock's scale. */
  retryAfterDivisor?: number;
}

/** Azure Resource Manager, Microsoft Graph, tokens and the control API, answered in process. */
export interface Emulator {
  /** Answers one request; throws `ConnectionDropped` where a fault drops the connection. */
  handle(request: WireRequest): Promise<WireResponse>;
  /** Lets everything due up to the clock's now happen. */
  settle(): void;
  readonly clock: EmulatedClock;
}

/** Makes an emulator with a model of its own. */
export function createEmulator(options: EmulatorOptions): Emulator {
  const world = new World(options.clock, options.seed ?? 1, Math.max(1, options.retryAfterDivisor ?? 1));
  if (options.scenario) {
    const { behaviour, generate, resources } = options.scenario;
    world.setBehaviour(behaviour);
    putResources(world, [...(generate ? generateFleet(generate, world.ids) : []), ...resources]);
  }
  const handler = new Handler(world);
  return { handle: (request) => handler.handle(request), settle: () => world.settle(), clock: options.clock };
}
