import { type Journal, memoryJournal, openJournal } from "../engine/journal.ts";
import { MemoryOperationStore, type OperationStore } from "../engine/operations.ts";
import type { MigrationPlan } from "../plan/schema.ts";
import type { BrokenLock } from "../state/lock.ts";
import type { RunLocks } from "../state/run-locks.ts";
import { fileOperationStore, journalFile, type RunDirectory } from "../state/state-directory.ts";

/** What is kept of one cluster's run while it goes on. */
export interface ClusterRecord {
  readonly journal: Journal;
  readonly operations: OperationStore;
  /** The lock that was broken for this record. */
  readonly brokenLock?: BrokenLock | undefined;
  /** Throws when another run has taken the cluster over: asked before every write. */
  ensureHeld(): void;
  /** Ends the record and lets the cluster go. */
  close(): void;
}

/** Opens the record of the cluster that has this index in the plan. */
export type OpenRecord = (index: number, now: () => Date) => ClusterRecord;

/** Records in a run's directory, each under the lock of its cluster: whoever has lost that writes nothing more. */
export function fileRecords(run: RunDirectory, locks: RunLocks): OpenRecord {
  return (index, now) => {
    const cluster = run.plan.clusters[index]!.id;
    const lock = locks.open(index);
    let journal: Journal;
    try {
      journal = openJournal(journalFile(run, index), { run: run.id, cluster, now });
    } catch (error) {
      lock.release();
      throw error;
    }
    return {
      journal: {
        ...journal,
        append(event) {
          lock.ensureHeld();
          return journal.append(event);
        },
      },
      operations: fileOperationStore(run, index),
      brokenLock: lock.broken,
      ensureHeld: () => lock.ensureHeld(),
      close() {
        try {
          journal.close();
        } finally {
          lock.release();
        }
      },
    };
  };
}

/** Records that leave nothing behind: one that is opened again goes on. */
export function memoryRecords(plan: MigrationPlan, run: string): OpenRecord {
  const records = new Map<number, ClusterRecord>();
  return (index, now) => {
    const known = records.get(index);
    if (known) return known;
    const journal = memoryJournal({ run, cluster: plan.clusters[index]!.id, now });
    const record = { journal, operations: new MemoryOperationStore(), ensureHeld() {}, close: () => journal.close() };
    records.set(index, record);
    return record;
  };
}
