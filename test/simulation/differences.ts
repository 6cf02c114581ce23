import { isDeepStrictEqual } from "node:util";
import { DAY_MS } from "../../src/engine/clock.ts";
import type { Disk } from "./process.ts";
import type { Site } from "./site.ts";

/** All that a run leaves behind: in Azure, in the clusters, in the request log and in the journal. */
export interface Trail {
  readonly resources: ReadonlyMap<string, unknown>;
  /** What the clusters did, nodes drained and images pulled included, each with its identity and moment. */
  readonly happenings: readonly unknown[];
  /** Writes that Azure accepted, in their order, with their bodies. */
  readonly writes: readonly string[];
  /** Waits of known end, by step. */
  readonly waits: readonly string[];
  readonly changes: readonly string[];
  readonly endedAt: string;
}

interface Served {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly body?: unknown;
}

/** Reads what a run has left behind, once a day more has passed in its clusters. */
export async function readTrail(site: Site, disk: Disk): Promise<Trail> {
  const endedAt = site.clock.now().toISOString();
  site.clock.advance(DAY_MS);
  const resources = await site.read<Record<string, unknown>[]>("/_emulator/resources");
  const served = await site.read<Served[]>("/_emulator/requests");
  const events = disk.events;
  return {
    resources: new Map(resources.map((resource) => [String(resource["id"]), withoutTags(resource)])),
    happenings: await site.read<unknown[]>("/_emulator/events"),
    writes: served
      .filter(({ method, status }) => method !== "GET" && status < 300)
      .map(({ method, path, body }) => `${method} ${path} ${JSON.stringify(body)}`),
    waits: unique(
      events.flatMap((event) =>
        event.type === "step:waiting" && event.until !== undefined ? [`${event.step} until ${event.until}`] : [],
      ),
    ),
    changes: unique(events.flatMap((event) => (event.type === "change:applied" ? [event.key] : []))).sort(),
    endedAt,
  };
}

/** Says in what the trail of an interrupted run differs from that of one that was left alone. */
export function differencesOf(undisturbed: Trail, interrupted: Trail): string[] {
  const found: string[] = [];
  const compare = (what: string, left: unknown, right: unknown) => {
    if (!isDeepStrictEqual(left, right)) found.push(`${what}: ${shorten(left)} became ${shorten(right)}`);
  };
  for (const id of new Set([...undisturbed.resources.keys(), ...interrupted.resources.keys()]))
    compare(id, undisturbed.resources.get(id), interrupted.resources.get(id));
  compare("what the clusters did", undisturbed.happenings, interrupted.happenings);
  compare("accepted writes", undisturbed.writes, interrupted.writes);
  compare("waits", undisturbed.waits, interrupted.waits);
  compare("changes in the journal", undisturbed.changes, interrupted.changes);
  compare("end", undisturbed.endedAt, interrupted.endedAt);
  return found;
}

/** eTags count writes and ids count requests: both differ without meaning anything. */
function withoutTags(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTags);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, child]) => (key === "eTag" ? [] : [[key, withoutTags(child)]])),
  );
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}

function shorten(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 600 ? `${text.slice(0, 600)}…` : text;
}
