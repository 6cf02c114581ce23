import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { dirname, join, resolve } from "node:path";
import { AksMiError } from "../engine/errors.ts";

/** Who holds a lock. */
interface Holder {
  readonly host: string;
  readonly pid: number;
  /** When the process started, in the kernel's own ticks: a pid alone may have been given to another process. */
  readonly processStart: string;
  readonly bootId: string;
  readonly run: string;
  readonly since: string;
}

/** A lock on one cluster in one state directory. */
export interface ClusterLock {
  /** @throws AksMiError `LOCKED` when someone else holds it by now: a laptop that slept may have lost it */
  ensureHeld(): void;
  release(): void;
}

/**
 * Takes the lock on a cluster. A dead holder on this host is replaced at once.
 * @throws AksMiError `LOCKED` that names who holds it, where and since when
 */
export function lockCluster(stateDir: string, clusterId: string, run: string): ClusterLock {
  const file = lockFile(stateDir, clusterId);
  const folder = dirname(file);
  const me: Holder = {
    host: hostname(),
    pid: process.pid,
    processStart: processStartOf(process.pid) ?? "",
    bootId: readBootId(),
    run,
    since: new Date().toISOString(),
  };
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    while (!takeFile(file, me)) {
      const holder = readHolder(file);
      if (holder && !isDead(holder)) throw heldBy(holder, clusterId);
      clearDeadLock(file);
    }
  } catch (error) {
    if (error instanceof AksMiError) throw error;
    throw new AksMiError(
      "STATE_UNWRITABLE",
      `Nothing can be kept in ${folder}: ${(error as Error).message}`,
      "Choose another --state-dir.",
      { cause: error },
    );
  }
  const mine = () => {
    const holder = readHolder(file);
    return holder?.pid === me.pid && holder.since === me.since && holder.host === me.host;
  };
  return {
    ensureHeld() {
      if (!mine()) throw heldBy(readHolder(file), clusterId);
    },
    release() {
      if (mine()) rmSync(file, { force: true });
    },
  };
}

/** True while a living process, as far as this host can tell, holds the lock on a cluster. */
export function isClusterLocked(stateDir: string, clusterId: string): boolean {
  const holder = readHolder(lockFile(stateDir, clusterId));
  return holder !== undefined && !isDead(holder);
}

function lockFile(stateDir: string, clusterId: string): string {
  return join(
    resolve(stateDir),
    "locks",
    `${createHash("sha256").update(clusterId.toLowerCase()).digest("hex").slice(0, 32)}.json`,
  );
}

/** Creates the lock file whole or not at all: written aside, then linked, which fails when the name is taken. */
function takeFile(file: string, holder: Holder): boolean {
  const aside = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  const handle = openSync(aside, "wx", 0o600);
  try {
    writeFileSync(handle, JSON.stringify(holder));
  } finally {
    closeSync(handle);
  }
  try {
    linkSync(aside, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    unlinkSync(aside);
  }
}

/** Removes a dead holder's lock, and only that: whoever was quicker and holds it by now keeps it. */
function clearDeadLock(file: string): void {
  const aside = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const holder = readHolder(aside);
  if (holder && !isDead(holder) && !existsSync(file)) linkSync(aside, file);
  unlinkSync(aside);
}

function readHolder(file: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Holder;
  } catch {
    return undefined;
  }
}

function isDead(holder: Holder): boolean {
  if (holder.host !== hostname()) return false;
  if (holder.bootId !== readBootId()) return true;
  const start = processStartOf(holder.pid);
  return start === undefined || (holder.processStart !== "" && start !== holder.processStart);
}

/** The start time of a process in kernel ticks, or undefined when there is no such process. */
function processStartOf(pid: number): string | undefined {
  if (existsSync("/proc/self/stat")) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return fields[0] === "Z" ? undefined : fields[19];
    } catch {
      return undefined;
    }
  }
  try {
    process.kill(pid, 0);
    return "";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM" ? "" : undefined;
  }
}

function readBootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}

function heldBy(holder: Holder | undefined, clusterId: string): AksMiError {
  const name = clusterId.split("/").at(-1);
  const who = holder
    ? `run ${holder.run} on ${holder.host} (process ${holder.pid}, since ${holder.since})`
    : "another run";
  return new AksMiError(
    "LOCKED",
    `The cluster ${name} is locked by ${who}.`,
    "Wait until that run has ended, or stop it there; `aks-mi status` shows how far it is.",
  );
}
