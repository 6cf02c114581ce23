import { planHash } from "../plan/canonical.ts";
import { type BreakLock, type ClusterLock, LockedError, lockCluster } from "./lock.ts";
import type { RunDirectory } from "./state-directory.ts";

/** The locks on all clusters of a run. */
export interface RunLocks {
  /** Hands over the lock on one cluster, for its user to release. @throws AksMiError when it could not be taken */
  open(index: number): ClusterLock;
  /** Releases those that nobody has asked for. */
  releaseUnopened(): void;
}

/**
 * Takes the locks on all clusters of a run. One that someone else holds is missing, and the run goes on without that
 * cluster; but where the holder runs the same plan, it has all of them: two runs of one plan never share its clusters.
 */
export function lockRun(stateDir: string, run: RunDirectory, breakLock?: BreakLock): RunLocks {
  const plan = planHash(run.plan);
  const locks = new Map<number, ClusterLock>();
  const errors = new Map<number, unknown>();
  let twin: LockedError | undefined;
  for (const [index, { id }] of run.plan.clusters.entries()) {
    try {
      locks.set(index, lockCluster({ stateDir, clusterId: id, run: run.id, plan, breakLock }));
    } catch (error) {
      errors.set(index, error);
      if (!(error instanceof LockedError) || error.holder?.plan !== plan) continue;
      twin = error;
      break;
    }
  }
  const releaseUnopened = () => {
    for (const lock of locks.values()) lock.release();
    locks.clear();
  };
  if (twin) releaseUnopened();
  return {
    open(index) {
      const lock = locks.get(index);
      if (!lock) throw twin ?? errors.get(index);
      locks.delete(index);
      return lock;
    },
    releaseUnopened,
  };
}
