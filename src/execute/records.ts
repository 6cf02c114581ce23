import { type Journal, memoryJournal, openJournal } from "../engine/journal.ts";
import { MemoryOperationStore, type OperationStore } from "../engine/operations.ts";
import type { MigrationPlan } from "../plan/schema.ts";
import { lockCluster } from "../state/lock.ts";
import { fileOperationStore, journalFile, type RunDirectory } from "../state/state-directory.ts";

/** What is kept of one cluster's run while it goes on. */
export interface ClusterRecord {
  readonly journal: Journal;
  readonly operations: OperationStore;
  /** Throws when another run has taken the cluster over. */
  ensureHeld(): void;
  close(): void;
}

/** Opens the record of the cluster that has this index in the plan. */
export type OpenRecord = (index: number, now: () => Date) => ClusterRecord;

/** Records in a run's directory, each under the lock of its cluster. */
export function fileRecords(stateDir: string, run: RunDirectory): OpenRecord {
  return (index, now) => {
    const cluster = run.plan.clusters[index]!.id;
    const lock = lockCluster(stateDir, cluster, run.id);
    let journal: Journal;
    try {
      journal = openJournal(journalFile(run, index), { run: run.id, cluster, now });
    } catch (error) {
      lock.release();
      throw error;
    }
    return {
      journal,
      operations: fileOperationStore(run, index),
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

/** Records that leave nothing behind. */
export function memoryRecords(plan: MigrationPlan, run: string): OpenRecord {
  return (index, now) => {
    const journal = memoryJournal({ run, cluster: plan.clusters[index]!.id, now });
    return { journal, operations: new MemoryOperationStore(), ensureHeld() {}, close: () => journal.close() };
  };
}
