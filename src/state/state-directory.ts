import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { AksMiError } from "../engine/errors.ts";
import type { Event } from "../engine/events.ts";
import { readJournal } from "../engine/journal.ts";
import type { Operation, OperationStore } from "../engine/operations.ts";
import { planHash } from "../plan/canonical.ts";
import { formatPlanYaml, readPlanFile } from "../plan/plan-file.ts";
import type { ClusterPlan, MigrationPlan } from "../plan/schema.ts";

/** One run's directory: the plan as approved, and a folder with a journal per cluster. */
export interface RunDirectory {
  readonly id: string;
  readonly path: string;
  readonly plan: MigrationPlan;
}

/** Makes a state directory (mode 0700) for whoever keeps more there than runs. @param stateDir absent: a temporary one */
export function makeStateDirectory(stateDir: string | undefined): string {
  return attempt(stateDir ?? tmpdir(), () => {
    if (stateDir === undefined) return mkdtempSync(join(tmpdir(), "aks-mi-demo-"));
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    return stateDir;
  });
}

/** Creates the directory of a new run (mode 0700) with its plan in it. Its plan makes it a run: that comes last, and whole. */
export function createRun(stateDir: string, plan: MigrationPlan, now: Date): RunDirectory {
  const stamp = now.toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
  return attempt(runsDir(stateDir), () => {
    mkdirSync(runsDir(stateDir), { recursive: true, mode: 0o700 });
    const id = makeFolder(runsDir(stateDir), `${stamp}-${planHash(plan).slice(0, 6)}`);
    const path = join(runsDir(stateDir), id);
    for (const [index, cluster] of plan.clusters.entries())
      mkdirSync(join(path, clusterFolder(index, cluster), "operations"), { recursive: true, mode: 0o700 });
    putFile(join(path, "plan.yaml"), formatPlanYaml(plan));
    return { id, path, plan };
  });
}

/** Puts a file there whole (mode 0600), in the place of what was there: a link is replaced, and not followed. */
function putFile(file: string, text: string): void {
  const aside = `${file}.new`;
  rmSync(aside, { force: true });
  writeFileSync(aside, text, { mode: 0o600, flag: "wx", flush: true });
  renameSync(aside, file);
}

/** Makes a folder of its own, also where another process makes one at the same moment. @returns its name */
function makeFolder(parent: string, base: string): string {
  for (let count = 1; ; count++) {
    const name = count === 1 ? base : `${base}-${count}`;
    try {
      mkdirSync(join(parent, name), { mode: 0o700 });
      return name;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

/** Removes the directory of a run that never began: no journal is in it. */
export function discardUnlessBegun(run: RunDirectory): void {
  if (run.plan.clusters.some((_, index) => existsSync(journalFile(run, index)))) return;
  attempt(run.path, () => rmSync(run.path, { recursive: true, force: true }));
}

/** Opens a run by its id, or the newest. @throws AksMiError when there is none, or its id is not one */
export function openRun(stateDir: string, id: string | undefined): RunDirectory {
  const ids = listRuns(stateDir);
  const chosen = id ?? ids.at(-1);
  if (chosen === undefined || !ids.includes(chosen)) {
    throw new AksMiError(
      "USAGE",
      id === undefined ? `There is no run in ${stateDir}.` : `There is no run "${id}" in ${stateDir}.`,
      ids.length > 0
        ? `The runs there are: ${ids.join(", ")}.`
        : "Start one with `aks-mi apply --plan FILE`, or name its --state-dir.",
    );
  }
  const path = join(runsDir(stateDir), chosen);
  return { id: chosen, path, plan: readPlanFile(join(path, "plan.yaml")) };
}

/** The ids of the runs in a state directory, oldest first: by when their directories were made, for their names may be of emulated time. */
export function listRuns(stateDir: string): string[] {
  const root = runsDir(stateDir);
  if (!existsSync(root)) return [];
  const ids = readdirSync(root).filter((id) => existsSync(join(root, id, "plan.yaml")));
  const madeAt = (id: string) => statSync(join(root, id)).birthtimeMs;
  return ids.sort((a, b) => madeAt(a) - madeAt(b) || (a < b ? -1 : 1));
}

/** The newest run that was begun with this very plan, if there is one. */
export function findRunOfPlan(stateDir: string, plan: MigrationPlan): RunDirectory | undefined {
  const hash = planHash(plan);
  for (const id of listRuns(stateDir).reverse()) {
    const run = openIfReadable(stateDir, id);
    if (run && planHash(run.plan) === hash) return run;
  }
  return undefined;
}

/** A run whose plan cannot be read, of a newer version for example, is not one of a plan that can. */
function openIfReadable(stateDir: string, id: string): RunDirectory | undefined {
  try {
    return openRun(stateDir, id);
  } catch (error) {
    if (error instanceof AksMiError) return undefined;
    throw error;
  }
}

function runsDir(stateDir: string): string {
  return join(resolve(stateDir), "runs");
}

/** The folder of one cluster. Names come from the plan's ids, so nothing but plain characters gets into a path. */
function clusterFolder(index: number, cluster: ClusterPlan): string {
  const name = cluster.id
    .split("/")
    .at(-1)!
    .replace(/[^A-Za-z0-9_-]/g, "_");
  return `${index + 1}-${name}`;
}

/** The journal file of one cluster of a run. */
export function journalFile(run: RunDirectory, index: number): string {
  return join(run.path, clusterFolder(index, run.plan.clusters[index]!), "journal.jsonl");
}

/** All events of a run, cluster by cluster. */
export function readEvents(run: RunDirectory): Event[] {
  return run.plan.clusters.flatMap((_, index) => readEventsOf(run, index));
}

/** The events of one cluster of a run; none before it began. */
export function readEventsOf(run: RunDirectory, index: number): Event[] {
  const file = journalFile(run, index);
  return existsSync(file) ? readJournal(file, run.plan.clusters[index]!.id) : [];
}

/** Keeps the signed URLs of operations, one file each (0600), until the operation has ended. */
export function fileOperationStore(run: RunDirectory, index: number): OperationStore {
  const folder = join(run.path, clusterFolder(index, run.plan.clusters[index]!), "operations");
  const known = new Map<string, Operation>();
  for (const file of existsSync(folder) ? readdirSync(folder) : []) {
    const operation = readOperation(join(folder, file));
    if (operation) known.set(operation.key, operation);
  }
  const fileOf = (operation: Operation) => join(folder, `${operation.id.replace(/[^A-Za-z0-9_-]/g, "_")}.json`);
  return {
    save(operation) {
      known.set(operation.key, operation);
      attempt(folder, () => {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        writeFileSync(fileOf(operation), JSON.stringify(operation), { mode: 0o600, flush: true });
      });
    },
    find: (key) => known.get(key),
    forget(key) {
      const operation = known.get(key);
      if (!operation) return;
      known.delete(key);
      attempt(folder, () => rmSync(fileOf(operation), { force: true }));
    },
  };
}

/** An operation that was being written when the process died is none: Azure shows what it did. */
function readOperation(file: string): Operation | undefined {
  try {
    const value = JSON.parse(readFileSync(file, "utf8")) as Partial<Operation>;
    return value.id && value.key && value.url ? (value as Operation) : undefined;
  } catch {
    return undefined;
  }
}

/** Writes a report into the run's directory. */
export function writeReport(run: RunDirectory, name: string, text: string): void {
  attempt(run.path, () => putFile(join(run.path, name), text));
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof AksMiError) throw error;
    throw new AksMiError(
      "STATE_UNWRITABLE",
      `Nothing can be kept in ${path}: ${(error as Error).message}`,
      "Make room or choose another --state-dir.",
      { cause: error },
    );
  }
}
