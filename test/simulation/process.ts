import type { Azure } from "../../src/azure/azure.ts";
import { type Connection, connect } from "../../src/azure/connection.ts";
import type { Event, StampedEvent } from "../../src/engine/events.ts";
import type { Journal, JournalHead } from "../../src/engine/journal.ts";
import type { Operation, OperationStore } from "../../src/engine/operations.ts";
import type { Outcome } from "../../src/engine/run.ts";
import type { WireRequest, WireResponse } from "../../src/engine/wire.ts";
import { executeClusters } from "../../src/execute/execute.ts";
import type { Site } from "./site.ts";

/** The process has died: nothing of it does anything any more. */
export class Crash extends Error {
  override readonly name = "Crash";
}

/** What lies on disk when a process dies: journal lines and operation files. */
export class Disk {
  readonly lines: string[] = [];
  readonly operations = new Map<string, Operation>();

  /** The journal as a new process reads it. */
  get events(): Event[] {
    return this.lines.map((line) => JSON.parse(line) as Event);
  }
}

/** Where a process can be stopped, and what can happen to its requests. */
export interface Hooks {
  /** Called at each point at which a process can die; throws `Crash` where this one does. */
  point(what: string): void;
  /** Carries a request to Azure: the place for faults. */
  carry?(request: WireRequest): Promise<WireResponse>;
  /** Told each event once it is on disk. */
  onEvent?(event: Event): void;
  /** Stands between the steps and Azure, for bugs that are planted on purpose. */
  wrap?(azure: Azure): Azure;
}

/** How a process ended. */
export type Ended = Outcome | { readonly kind: "failed"; readonly error: unknown } | { readonly kind: "crashed" };

/** Runs the tool once for a plan with one cluster, as a new process would: from what is on disk. */
export async function runProcess(site: Site, disk: Disk, hooks: Hooks): Promise<Ended> {
  return (await runClusters(site, [disk], hooks))[0]!;
}

/**
 * Runs the tool once, as a new process would: from what is on disk, with new steps and a new history.
 * @param disks one per cluster of the plan
 * @returns how each cluster's run ended
 */
export async function runClusters(site: Site, disks: readonly Disk[], hooks: Hooks): Promise<Ended[]> {
  const carry = hooks.carry ?? ((request: WireRequest) => site.emulator.handle(request));
  const handle = async (request: WireRequest): Promise<WireResponse> => {
    const what = `${request.method} ${new URL(request.url).pathname}`;
    hooks.point(`before ${what}`);
    const response = await carry(request);
    hooks.point(`after ${what}`);
    return response;
  };
  const connection = await connect({ cloud: "AzureCloud", emulator: { handle, clock: site.clock } });
  const results = await executeClusters(
    {
      connection: hooks.wrap ? wrapped(connection, hooks.wrap) : connection,
      plan: site.plan,
      tool: "simulation",
      signal: new AbortController().signal,
      onEvent: () => {},
      approval: { by: "simulation", how: "hash" },
    },
    (index, now) => ({
      journal: journalOn(disks[index]!, { run: "run", cluster: site.plan.clusters[index]!.id, now }, hooks),
      operations: operationsOn(disks[index]!, hooks),
      ensureHeld() {},
      close() {},
    }),
  );
  return results.map(({ outcome }) =>
    outcome.kind === "failed" && outcome.error instanceof Crash ? { kind: "crashed" } : outcome,
  );
}

function wrapped(connection: Connection, wrap: (azure: Azure) => Azure): Connection {
  return { ...connection, azure: (azureHooks) => wrap(connection.azure(azureHooks)) };
}

function journalOn(disk: Disk, head: JournalHead, hooks: Hooks): Journal {
  const events = disk.events;
  return {
    events,
    append(event: StampedEvent) {
      const { run, cluster } = head;
      const numbered: Event = { run, seq: events.length + 1, at: head.now().toISOString(), cluster, ...event };
      hooks.point(`before journal ${event.type}`);
      disk.lines.push(JSON.stringify(numbered));
      events.push(numbered);
      hooks.onEvent?.(numbered);
      hooks.point(`after journal ${event.type}`);
      return numbered;
    },
    close() {},
  };
}

function operationsOn(disk: Disk, hooks: Hooks): OperationStore {
  const { operations } = disk;
  return {
    save(operation) {
      operations.set(operation.key, operation);
      hooks.point("after operation file");
    },
    find: (key) => operations.get(key),
    forget(key) {
      operations.delete(key);
    },
  };
}
