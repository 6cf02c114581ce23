import { createHash, randomUUID } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { AksMiError } from "../engine/errors.ts";
import { commandLine, runsFlags } from "../plan/command-line.ts";
import { type Holder, isHolder, lifeOf, thisProcess } from "./holder.ts";

/** Whose lock may be broken, and who says so. */
export interface BreakLock {
  /** The run that holds it. */
  readonly run: string;
  readonly by: string;
}

/** A lock that is asked for. */
export interface LockRequest {
  readonly stateDir: string;
  readonly clusterId: string;
  readonly run: string;
  /** The hash of the run's plan. */
  readonly plan: string;
  readonly breakLock?: BreakLock | undefined;
}

/** A lock that was broken because the user said so. */
export interface BrokenLock {
  readonly holder: Holder;
  /** Who said so. */
  readonly by: string;
}

/** A lock on one cluster in one state directory. */
export interface ClusterLock {
  /** What was broken for this one. */
  readonly broken: BrokenLock | undefined;
  /** @throws LockedError when it is someone else's by now: a laptop that slept may have lost it */
  ensureHeld(): void;
  release(): void;
}

/** Someone else holds a cluster. */
export class LockedError extends AksMiError {
  /** Absent when it cannot be told. */
  readonly holder: Holder | undefined;

  constructor(message: string, remedy: string, holder: Holder | undefined) {
    super("LOCKED", message, remedy);
    this.holder = holder;
  }
}

/**
 * A lock is a folder with one file, named by chance, that says who holds it. It is made aside and moved to its place,
 * which fails unless nothing, or an empty folder, is there. Whoever replaces a dead holder removes that holder's file by
 * its name, so that nobody can remove the file of someone who was quicker.
 */
const MOST_ATTEMPTS = 100;

/**
 * Takes the lock on a cluster. A dead holder on this host is replaced at once; one elsewhere only where `breakLock` names
 * its run.
 * @throws LockedError that names who holds it, where and since when; AksMiError `STATE_UNWRITABLE`
 */
export function lockCluster(request: LockRequest): ClusterLock {
  const folder = lockFolder(request.stateDir, request.clusterId);
  try {
    return take(folder, request);
  } catch (error) {
    if (error instanceof AksMiError) throw error;
    throw new AksMiError(
      "STATE_UNWRITABLE",
      `Nothing can be kept in ${dirname(folder)}: ${(error as Error).message}`,
      "Choose another --state-dir.",
      { cause: error },
    );
  }
}

/** True while a living process, as far as this host can tell, holds the lock on a cluster. */
export function isClusterLocked(stateDir: string, clusterId: string): boolean {
  const found = readLock(lockFolder(stateDir, clusterId));
  return found !== undefined && !(found.holder && lifeOf(found.holder) === "dead");
}

function take(folder: string, request: LockRequest): ClusterLock {
  const { run, plan, clusterId, breakLock } = request;
  mkdirSync(dirname(folder), { recursive: true, mode: 0o700 });
  const aside = mkdtempSync(`${folder}.`);
  const file = `${randomUUID()}.json`;
  let broken: BrokenLock | undefined;
  try {
    writeHolder(join(aside, file), { ...thisProcess(), run, plan, since: new Date().toISOString() });
    for (let attempt = 1; !moveInto(aside, folder, attempt); attempt++) {
      const found = readLock(folder);
      if (!found) continue;
      if (!found.holder) throw unreadable(clusterId, join(folder, found.file));
      const life = lifeOf(found.holder);
      const mayBreak = life === "elsewhere" && breakLock?.run === found.holder.run;
      if (life !== "dead" && !mayBreak) throw heldBy(found.holder, life, request);
      rmSync(join(folder, found.file), { force: true });
      if (mayBreak) broken = { holder: found.holder, by: breakLock.by };
    }
  } catch (error) {
    rmSync(aside, { recursive: true, force: true });
    throw error;
  }
  return {
    broken,
    ensureHeld() {
      if (!readHolder(join(folder, file))) throw lost(readLock(folder)?.holder, request);
    },
    release() {
      rmSync(join(folder, file), { force: true });
      removeEmpty(folder);
    },
  };
}

function lockFolder(stateDir: string, clusterId: string): string {
  const name = createHash("sha256").update(clusterId.toLowerCase()).digest("hex").slice(0, 32);
  return join(resolve(stateDir), "locks", name);
}

/** Whole on disk before it is anyone's lock. */
function writeHolder(file: string, holder: Holder): void {
  const handle = openSync(file, "wx", 0o600);
  try {
    writeFileSync(handle, JSON.stringify(holder));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** @returns false when someone else's lock is there */
function moveInto(aside: string, folder: string, attempt: number): boolean {
  // Not every system moves a folder to the place of an empty one.
  removeEmpty(folder);
  try {
    renameSync(aside, folder);
    return true;
  } catch (error) {
    const isTaken = ["ENOTEMPTY", "EEXIST", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "");
    if (isTaken && attempt < MOST_ATTEMPTS) return false;
    throw error;
  }
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // It is not there, or it is someone's lock.
  }
}

/** The lock in a folder: its file, and its holder unless that cannot be read. */
function readLock(folder: string): { file: string; holder: Holder | undefined } | undefined {
  try {
    const [file] = readdirSync(folder);
    if (file === undefined) return undefined;
    const holder = readHolder(join(folder, file));
    // Between the two it may have been released.
    return holder || readdirSync(folder).includes(file) ? { file, holder } : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** @returns undefined for what does not say who holds the lock, however it came there */
function readHolder(file: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    return isHolder(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function describe({ run, host, pid, since }: Holder): string {
  return `run ${run} on ${host} (process ${pid}, since ${since})`;
}

function nameOf(clusterId: string): string {
  return clusterId.split("/").at(-1)!;
}

function heldBy(holder: Holder, life: "alive" | "elsewhere", { clusterId, breakLock: asked, stateDir }: LockRequest) {
  const message = `The cluster ${nameOf(clusterId)} is locked by ${describe(holder)}.`;
  const { run, host, pid } = holder;
  if (life === "elsewhere") {
    const remedy = `Wait until that run has ended, or stop it there. Only if ${host} is gone or that process is dead: add --break-lock ${run}.`;
    return new LockedError(message, remedy, holder);
  }
  const remedy =
    asked?.run === run
      ? `--break-lock breaks no lock of a process that is alive on this host: stop process ${pid} first.`
      : `Wait until that run has ended, or stop process ${pid}; \`${statusOf(run, stateDir)}\` shows how far it is.`;
  return new LockedError(message, remedy, holder);
}

function lost(holder: Holder | undefined, { clusterId, stateDir }: LockRequest): LockedError {
  const whose = holder ? `${describe(holder)} has it now` : "someone has broken or removed it";
  return new LockedError(
    `This run has lost its lock on the cluster ${nameOf(clusterId)}: ${whose}.`,
    holder
      ? `Leave the cluster to that run; \`${statusOf(holder.run, stateDir)}\` shows how far it is.`
      : "Look for another run on the cluster with `aks-mi status`, then run `aks-mi resume`.",
    holder,
  );
}

function statusOf(run: string, stateDir: string): string {
  return commandLine("status", run, ...runsFlags(stateDir));
}

function unreadable(clusterId: string, file: string): LockedError {
  return new LockedError(
    `The cluster ${nameOf(clusterId)} is locked, and ${file}, which says by whom, cannot be read.`,
    "Make sure that no other run is at work on the cluster, then delete that file.",
    undefined,
  );
}
