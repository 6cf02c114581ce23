import type { InProcessEmulator } from "../azure/connection.ts";
import type { Json, JsonObject } from "../azure/json.ts";
import { createEmulator } from "../emulator/emulator.ts";
import { VirtualClock } from "../engine/clock.ts";
import type { WireRequest } from "../engine/wire.ts";
import type { Trouble } from "./trouble.ts";
import type { Twin } from "./twin.ts";

const HOST = "management.azure.com";

/** An emulator in this process that holds a twin, and what happened in it. */
export interface TwinEmulator {
  readonly door: InProcessEmulator;
  readonly clock: VirtualClock;
  /** What the emulated clusters did so far. */
  events(): Promise<JsonObject[]>;
  /** Every request served so far. */
  requests(): Promise<JsonObject[]>;
  /** The copied resources as they are now. */
  resources(): Promise<JsonObject[]>;
}

/**
 * Brings a twin to life.
 * @param limitMs how much virtual time may pass: a wait that never ends is an error, not an endless rehearsal
 * @throws Error when the emulator refuses the twin: a defect, not a finding
 */
export async function startTwin(options: {
  twin: Twin;
  behaviour: Readonly<Record<string, Json>>;
  trouble: Trouble;
  start: Date;
  limitMs: number;
}): Promise<TwinEmulator> {
  const clock = new VirtualClock(options.start, options.limitMs);
  const emulator = createEmulator({ clock });
  const control = async (method: string, call: string, body?: Json): Promise<JsonObject[]> => {
    const response = await emulator.handle(controlRequest(method, call, body));
    if (response.status >= 400) throw new Error(`The emulator refused ${method} ${call}: ${response.body}`);
    return JSON.parse(response.body) as JsonObject[];
  };
  await control("PATCH", "behaviour", {
    ...options.twin.behaviour,
    ...options.behaviour,
    ...options.trouble.behaviour,
  });
  await control("POST", "resources", options.twin.resources);
  for (const fault of options.trouble.faults) await control("POST", "faults", fault);
  return {
    door: { handle: (request) => emulator.handle(request), clock },
    clock,
    events: () => control("GET", "events"),
    requests: () => control("GET", "requests"),
    resources: () => control("GET", "resources"),
  };
}

function controlRequest(method: string, call: string, body: Json | undefined): WireRequest {
  return {
    method,
    url: `https://${HOST}/_emulator/${call}`,
    headers: { host: HOST },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
}
