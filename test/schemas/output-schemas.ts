import { z } from "zod";
import type { Assessment } from "../../src/assess/assess-estate.ts";
import type { Event } from "../../src/engine/events.ts";
import { RISKS, STEP_IDS } from "../../src/engine/step.ts";
import { clusterPlan, finding as planFinding } from "../../src/plan/schema.ts";
import type { StatusJson } from "../../src/report/status.ts";
import { rehearse } from "./rehearse-schema.ts";

const time = z.iso.datetime().describe("ISO 8601, UTC; emulated time against an emulator");
const wallTime = z.iso.datetime().describe("ISO 8601, UTC");
const resourceId = z.string().regex(/^\/subscriptions\//);
const stepId = z.enum(STEP_IDS);
const risk = z.enum(RISKS);
const runState = z.enum(["running", "paused", "failed", "done"]);
const stepState = z.enum(["pending", "running", "waiting", "done", "failed"]);
const finding = planFinding.extend({ rules: z.array(z.string()).optional() });
const notAssessed = z.strictObject({ check: z.string(), reason: z.string() });
const clusterState = z.enum(["service-principal", "half-migrated", "system-assigned", "user-assigned", "broken"]);

const signature = {
  planHash: z.string(),
  by: z.string().describe("the user of the machine"),
  account: z.string().optional().describe("as Azure knew whoever approved: a name, or an object id"),
  how: z.enum(["prompt", "yes", "hash"]),
};

const approval = {
  ...signature,
  stopsBefore: stepId.optional().describe("the step before which the approval ends; absent for the whole plan"),
};

/** `status -o json`, and `apply` and `resume -o json` when they end. */
const status = z.strictObject({
  run: z.string().nullable().describe("null where no run was needed, or none began"),
  state: runState,
  clusters: z.array(
    z.strictObject({
      id: resourceId,
      steps: z.array(z.strictObject({ id: stepId, state: stepState, until: time.optional() })),
    }),
  ),
});

/** `assess -o json`. */
const assess = z.strictObject({
  clusters: z.array(
    z.strictObject({
      id: resourceId,
      state: clusterState,
      credentialsEnd: time.optional(),
      findings: z.array(finding),
      notAssessed: z.array(notAssessed),
    }),
  ),
  subscriptionsNotAssessed: z.array(z.strictObject({ id: z.string(), reason: z.string() })).optional(),
});

/** `verify -o json`. */
const verify = z.strictObject({
  clusters: z.array(
    z.strictObject({
      id: resourceId,
      state: clusterState,
      complete: z.boolean(),
      findings: z.array(finding),
      notAssessed: z.array(notAssessed),
      pools: z.array(
        z.strictObject({
          name: z.string(),
          nodes: z.int(),
          evidence: z.enum(["rolled", "model", "unknown", "none"]).describe("from proven to disproven"),
          reimaged: z.array(z.string()),
          seen: z.string(),
          nodeImageVersion: z.string().optional(),
        }),
      ),
      oldPrincipal: z
        .strictObject({
          clientId: z.string().optional(),
          objectId: z.string().optional(),
          switchedAt: time.optional(),
          use: z.enum(["none", "recent", "too-early", "not-assessed"]),
          seen: z.string(),
          lastUse: z
            .strictObject({
              at: time,
              what: z.string(),
              resourceId: z.string().optional(),
              correlationId: z.string().optional(),
            })
            .optional(),
          knownAt: time.optional().describe("when it will be known, at the earliest, that nothing uses it"),
          signIns: z.string().optional(),
          missing: z.array(z.string()),
          commands: z.array(z.string()),
        })
        .optional(),
    }),
  ),
});

const failure = z.strictObject({ at: time, code: z.string(), message: z.string(), remedy: z.string() });

const change = z.strictObject({
  key: z.string(),
  summary: z.string(),
  reason: z.string(),
  risk,
  drains: z.array(z.string()).optional(),
  nodes: z.int().optional(),
  onlyIf: z.string().optional(),
  state: z.enum(["pending", "started", "applied", "failed", "undone", "not-needed"]),
  startedAt: time.optional(),
  appliedAt: time.optional(),
  resourceId: z.string().optional(),
  adopted: z.boolean().optional(),
  correlationIds: z.array(z.string()),
});

const principalUse = {
  use: z.enum(["none", "recent", "too-early", "not-assessed"]),
  seen: z.string(),
  lastUseAt: time.optional(),
  knownAt: time.optional(),
  otherUses: z.array(z.string()).optional(),
};

const step = z.strictObject({
  id: stepId,
  title: z.string(),
  state: stepState,
  startedAt: time.optional(),
  doneAt: time.optional(),
  until: time.optional(),
  reason: z.string().optional(),
  evidence: z.string().optional(),
  changes: z.array(change),
  pools: z.array(
    z.strictObject({
      pool: z.string(),
      reimaged: z.int(),
      nodes: z.int(),
      before: z.int().describe("how many of them were so already when the step began to look"),
      namesBefore: z.array(z.string()),
      startedAt: time,
      at: time,
      names: z.array(z.strictObject({ name: z.string(), at: time })),
    }),
  ),
  retries: z.array(z.strictObject({ at: time, request: z.string(), reason: z.string(), delayMs: z.number() })),
  spans: z.array(z.strictObject({ kind: z.enum(["work", "wait"]), from: time, to: time.optional() })),
  principalUse: z.strictObject({ at: time, ...principalUse }).optional(),
  failure: failure.optional(),
});

/** `report -o json` of a run; of a plan file it is the plan. */
const report = z.strictObject({
  run: z.string(),
  state: runState,
  planHash: z.string(),
  tool: z.string().optional(),
  cloud: z.string(),
  tenant: z.string(),
  emulator: z.boolean(),
  startedAt: time.optional(),
  endedAt: time.optional(),
  approvals: z.array(z.strictObject({ at: time, ...approval })),
  resumes: z.array(time),
  clusters: z.array(
    z.strictObject({
      id: z.string(),
      state: runState,
      path: z.string(),
      steps: z.array(step),
      findings: z.array(planFinding.extend({ at: time, step: stepId.optional() })),
      failure: failure.extend({ step: stepId.optional() }).optional(),
      pause: z.strictObject({ at: time, reason: z.string(), retryAt: time.optional() }).optional(),
      startedAt: time.optional(),
      endedAt: time.optional(),
      lastEventAt: time.optional(),
      changed: z.boolean().optional(),
      nextWakeUp: time.optional(),
      identities: z.array(
        z.strictObject({
          user: z.string(),
          before: z.string(),
          after: z.string(),
          afterId: z.string().optional(),
        }),
      ),
      nodes: z.array(z.strictObject({ pool: z.string(), node: z.string(), at: time })),
      rights: clusterPlan.shape.rights,
      leftToDo: z.array(z.strictObject({ title: z.string(), text: z.string(), commands: z.array(z.string()) })),
      snippets: z.array(
        z.strictObject({
          title: z.string(),
          language: z.enum(["terraform", "bicep", "sh"]),
          note: z.string(),
          code: z.string(),
        }),
      ),
    }),
  ),
});

/** `undo -o json`, before anything is removed. */
const undo = z.strictObject({
  run: z.string(),
  removes: z.array(resourceId),
  keeps: z
    .array(z.strictObject({ resourceId, reason: z.string() }))
    .describe("what the run may have made, and somebody else may have too: it stays"),
});

function event<T extends string, S extends z.ZodRawShape>(type: T, shape: S) {
  return z.strictObject({
    type: z.literal(type),
    run: z.string(),
    seq: z.int().min(1).describe("counts per journal"),
    at: time,
    cluster: resourceId.optional(),
    step: stepId.optional(),
    ...shape,
  });
}

const key = z.string();
const correlationId = z.string().optional();
const planHash = z.string();

const anyEvent = z.union([
  event("run:started", { planHash, tool: z.string(), resumed: z.boolean() }),
  event("run:approved", {
    ...approval,
    givenAt: time.optional().describe("when it was given, where that was before this cluster began"),
  }),
  event("lock:broken", { holder: z.string(), host: z.string(), pid: z.int(), since: wallTime, by: z.string() }),
  event("step:started", { title: z.string() }),
  event("change:started", { key, summary: z.string(), risk, again: z.literal(true).optional() }),
  event("change:applied", { key }),
  event("change:bound", { key, resourceId: z.string(), correlationId, adopted: z.boolean().optional() }),
  event("undo:approved", signature),
  event("change:undone", { key, resourceId: z.string() }),
  event("change:failed", { key, code: z.string(), message: z.string() }),
  event("operation:started", {
    key,
    operation: z.string(),
    correlationId,
    acceptedAt: time.optional(),
    takesUp: z.literal(true).optional(),
  }),
  event("step:settling", { keys: z.array(z.string()), atMost: time }),
  event("step:waiting", { reason: z.string(), until: time.optional(), queued: z.literal(true).optional() }),
  event("node:progress", {
    pool: z.string(),
    reimaged: z.int(),
    nodes: z.int(),
    names: z.array(z.string()).optional(),
  }),
  event("principal:use", principalUse),
  event("request:retried", { request: z.string(), reason: z.string(), delayMs: z.number() }),
  event("check:found", planFinding.shape),
  event("step:failed", { code: z.string(), message: z.string(), remedy: z.string() }),
  event("step:done", { evidence: z.string() }),
  event("run:paused", { reason: z.string(), retryAt: time.optional() }),
  event("run:done", { changed: z.boolean() }),
]);

/** A line of `-o jsonl`, and of a journal. */
const eventLine = z.union([z.strictObject({ type: z.literal("version"), events: z.literal("1") }), anyEvent]);

/** The JSON outputs by the names of their schemas. */
export const OUTPUT_SCHEMAS = {
  status: [status, "aks-mi status -o json"],
  assess: [assess, "aks-mi assess -o json"],
  verify: [verify, "aks-mi verify -o json"],
  report: [report, "aks-mi report -o json, of a run"],
  rehearse: [rehearse, "aks-mi rehearse -o json"],
  undo: [undo, "aks-mi undo -o json"],
  event: [eventLine, "a line of aks-mi apply or resume -o jsonl, and of a journal"],
} as const satisfies Record<string, readonly [z.ZodType, string]>;

/** The JSON Schema of an output, as it is kept in `schemas/`. */
export function outputJsonSchema(name: keyof typeof OUTPUT_SCHEMAS): string {
  const [schema, title] = OUTPUT_SCHEMAS[name];
  const id = `https://unpkg.com/aks-mi/schemas/${name}.schema.json`;
  return `${JSON.stringify({ $id: id, title, ...z.toJSONSchema(schema) }, undefined, 2)}\n`;
}

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;
type Takes<Schema extends z.ZodType, T> = [T] extends [DeepReadonly<z.infer<Schema>>] ? true : false;
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

/** Fails to compile when a type gets a value, or a type of event, that its schema lacks. */
export const TYPES_AGREE: [
  Takes<typeof status, StatusJson>,
  Same<Event["type"], z.infer<typeof anyEvent>["type"]>,
  Same<keyof Assessment["clusters"][number], keyof z.infer<typeof assess>["clusters"][number]>,
] = [true, true, true];
