import { z } from "zod";
import { STEP_IDS } from "../../src/engine/step.ts";
import type { rehearsalJson } from "../../src/rehearse/to-json.ts";

const time = z.iso.datetime().describe("ISO 8601, UTC; in the time of the rehearsal");
const sinceStart = z.number().describe("milliseconds since the run began");
const lasts = z.number().optional().describe("milliseconds; absent for what has no length, or never ended");
const range = z.strictObject({ minMs: z.number(), maxMs: z.number() });

const outcome = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("done"), changed: z.boolean() }),
  z.strictObject({ kind: z.literal("paused"), reason: z.string() }).describe("for good: no time ends it"),
  z.strictObject({ kind: z.literal("failed"), code: z.string(), message: z.string(), remedy: z.string() }),
]);

const timelineEntry = z.strictObject({
  kind: z.enum(["step", "change", "wait", "pause", "drain", "broken", "end"]),
  atMs: sinceStart,
  lastsMs: lasts,
  text: z.string(),
  step: z.enum(STEP_IDS).optional(),
});

const end = z.strictObject({
  state: z.enum(["service-principal", "half-migrated", "system-assigned", "user-assigned", "broken"]),
  complete: z.boolean(),
  controlPlane: z.string(),
  kubeletIdentity: z.string().optional(),
  pools: z.array(
    z.strictObject({
      name: z.string(),
      nodes: z.int(),
      evidence: z.enum(["rolled", "model", "unknown", "none"]).describe("from proven to disproven"),
      nodeImageVersion: z.string().optional(),
    }),
  ),
  made: z.array(z.string()).describe("identities and role assignments that were not there before"),
});

const cluster = z.strictObject({
  id: z.string().regex(/^\/subscriptions\//),
  outcome,
  timeline: z.array(timelineEntry),
  pauses: z
    .array(z.strictObject({ atMs: sinceStart, lastsMs: lasts, reason: z.string() }))
    .describe("times in which the run stands still until it is resumed"),
  nodes: z.array(
    z.strictObject({
      pool: z.string(),
      node: z.string(),
      drainedAt: time.optional(),
      backAt: time.optional(),
      replacedBy: z.string().optional(),
    }),
  ),
  broken: z.array(
    z.strictObject({
      kind: z.string(),
      pool: z.string().optional(),
      reason: z.string(),
      times: z.int(),
      from: time,
      to: time,
    }),
  ),
  end,
});

/** `rehearse -o json`. */
export const rehearse = z.strictObject({
  plan: z.string(),
  through: z.boolean().describe("every rehearsal got through: exit code 0"),
  total: range.optional().describe("how long it takes, from Azure's quickest to its slowest"),
  proof: range.optional().describe("the same, until every cluster is proven to be migrated"),
  twin: z.strictObject({
    resources: z.int(),
    behaviour: z.record(z.string(), z.union([z.boolean(), z.number(), z.string()])),
    gaps: z.array(z.strictObject({ what: z.string(), reason: z.string() })),
  }),
  notRehearsed: z.array(z.string()),
  rehearsals: z
    .array(
      z.strictObject({
        assumption: z.string(),
        troubled: z.boolean(),
        through: z.boolean(),
        start: time,
        durationMs: z.number(),
        provenAfterMs: z.number().optional(),
        differences: z.array(z.string()).describe("what goes otherwise than in the first, expected one"),
        requests: z.strictObject({ reads: z.int(), writes: z.int() }),
        retries: z.int(),
        writes: z.array(z.strictObject({ at: time, method: z.string(), path: z.string(), status: z.int() })),
        clusters: z.array(cluster),
      }),
    )
    .describe("one per assumption, the expected one first; then, with trouble, all of them again"),
});

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

/** Fails to compile when a rehearsal gets something that its schema lacks. */
export const REHEARSAL_AGREES: [ReturnType<typeof rehearsalJson>] extends [DeepReadonly<z.infer<typeof rehearse>>]
  ? true
  : false = true;
