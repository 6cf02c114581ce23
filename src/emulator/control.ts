import { DAY_MS, parseDuration } from "../engine/clock.ts";
import { isAksMiError } from "../engine/errors.ts";
import { adoptCluster, CLUSTER_TYPE } from "./adopt-cluster.ts";
import type { ArmReply } from "./arm.ts";
import { parseBehaviour } from "./behaviour.ts";
import type { Faults } from "./faults.ts";
import { nameOf } from "./ids.ts";
import { isObject, type Json, type JsonObject, textAt } from "./json.ts";
import type { RequestLog } from "./request-log.ts";
import { readResource } from "./resource-input.ts";
import { storeResource } from "./resources.ts";
import { findRegistries } from "./round.ts";
import type { World } from "./world.ts";

/** Serves the control API under `/_emulator/`. */
export function serveControl(
  world: World,
  logs: { requests: RequestLog; faults: Faults },
  method: string,
  path: string,
  body: Json | undefined,
): ArmReply {
  try {
    return answer(world, logs, `${method} ${path.slice("/_emulator/".length)}`, body);
  } catch (error) {
    if (error instanceof RangeError) return badInput(error.message);
    if (isAksMiError(error)) return badInput(`${error.message} ${error.remedy}`);
    throw error;
  }
}

function badInput(message: string): ArmReply {
  return { status: 400, body: { error: { code: "InvalidControlInput", message } } };
}

function answer(
  world: World,
  logs: { requests: RequestLog; faults: Faults },
  call: string,
  body: Json | undefined,
): ArmReply {
  switch (call) {
    case "POST resources":
      return { status: 200, body: { resources: putResources(world, body) } };
    case "GET resources":
      return { status: 200, body: world.store.all().map((resource) => ({ name: nameOf(resource.id), ...resource })) };
    case "GET requests":
      return { status: 200, body: logs.requests.list() };
    case "GET events":
      return { status: 200, body: world.events.list(world.nowMs) };
    case "POST faults":
      logs.faults.add(body);
      return { status: 200, body: body ?? null };
    case "PATCH behaviour":
      world.setBehaviour(parseBehaviour(body));
      return { status: 200, body: world.behaviour as unknown as JsonObject };
    case "GET behaviour":
      return { status: 200, body: world.behaviour as unknown as JsonObject };
    case "GET clock":
      return { status: 200, body: clockBody(world) };
    case "POST clock":
      advance(world, body);
      return { status: 200, body: clockBody(world) };
    default:
      return {
        status: 404,
        body: { error: { code: "NotFound", message: `There is no control call '${call}'. ${CALLS}` } },
      };
  }
}

const CALLS =
  "There are GET and POST of resources and clock, GET of requests and events, POST of faults, GET and PATCH of behaviour.";

function clockBody(world: World): JsonObject {
  return { now: world.clock.now().toISOString(), scale: world.clock.scale ?? 1 };
}

/** Ten years: a clock that is put too far has no date any more, and nothing can be asked of it. */
const MOST_AT_ONCE_MS = 3650 * DAY_MS;

function advance(world: World, body: Json | undefined): void {
  const other = isObject(body) ? Object.keys(body).find((key) => key !== "advance") : undefined;
  if (other) throw new RangeError(`A clock can only be put forward, by advance; '${other}' cannot be set.`);
  const text = textAt(body, "advance");
  const ms = text === undefined ? undefined : parseDuration(text);
  if (ms === undefined) throw new RangeError("advance is a duration such as 90s, 60m, 24h or 2d.");
  if (ms > MOST_AT_ONCE_MS) throw new RangeError("advance is at most 3650d at a time.");
  world.clock.advance(ms);
  world.settle();
}

/**
 * Puts resources into the model as they are; what follows from them is computed when all of them are in.
 * @returns how many
 * @throws RangeError when they are no array of resources
 */
export function putResources(world: World, body: Json | undefined): number {
  if (!Array.isArray(body)) throw new RangeError("Resources are put in as an array.");
  const resources = body.map((item, index) => readResource(item, `Resource ${index + 1}`));
  for (const resource of resources) storeResource(world, resource);
  for (const resource of resources) if (resource.type.toLowerCase() === CLUSTER_TYPE) adoptCluster(world, resource);
  for (const cluster of world.clusters.values()) if (!cluster.hasSwitched) findRegistries(world, cluster);
  return resources.length;
}
