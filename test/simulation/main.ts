import { parseArgs } from "node:util";
import { CASES } from "./cases.ts";
import { type Crashed, crashAt, runUndisturbed, type Undisturbed, undoAt } from "./crash.ts";
import { PLANTED_BUGS, type PlantedBug } from "./planted.ts";
import { type Simulated, simulate } from "./simulate.ts";
import { inWorkers, serveTasks, WORKERS } from "./workers.ts";

/** What a thread is asked: some seeds, or every so manieth point of a case. */
type Task =
  | { readonly kind: "seeds"; readonly seeds: readonly number[]; readonly bug?: PlantedBug }
  | { readonly kind: "crashes"; readonly index: number; readonly part: number; readonly parts: number };

type Result =
  | { readonly kind: "seeds"; readonly done: number; readonly broken: readonly Simulated[] }
  | { readonly kind: "crashes"; readonly index: number; readonly points: number; readonly broken: readonly Crashed[] };

const SEEDS_PER_TASK = 10;
const PARTS_PER_CASE = 8;

async function work(task: Task): Promise<Result> {
  if (task.kind === "seeds") {
    const broken: Simulated[] = [];
    for (const seed of task.seeds) {
      const simulated = await simulate(seed, task.bug ? { bug: task.bug } : {});
      if (simulated.violations.length > 0) broken.push(simulated);
    }
    return { kind: "seeds", done: task.seeds.length, broken };
  }
  const undisturbed = await undisturbedRun(task.index);
  const broken: Crashed[] = [];
  let points = 0;
  for (let point = task.part; point < undisturbed.points.length; point += task.parts) {
    points += 1;
    const ends = [await crashAt(undisturbed, point)];
    if (point < undisturbed.wayBackEnds) ends.push(await undoAt(undisturbed, point));
    broken.push(...ends.filter(({ differences }) => differences.length > 0));
  }
  return { kind: "crashes", index: task.index, points, broken };
}

const undisturbedRuns = new Map<number, Promise<Undisturbed>>();

function undisturbedRun(index: number): Promise<Undisturbed> {
  const known = undisturbedRuns.get(index) ?? runUndisturbed(CASES[index]!);
  undisturbedRuns.set(index, known);
  return known;
}

/** A line of progress that is written over itself in a terminal, and now and then elsewhere. */
function progress(total: number, what: string): (done: number, broken: number) => void {
  const startMs = performance.now();
  let toldMs = startMs;
  return (done, broken) => {
    const nowMs = performance.now();
    const isLast = done === total;
    if (!isLast && nowMs - toldMs < (process.stderr.isTTY ? 200 : 15_000)) return;
    toldMs = nowMs;
    const rate = (done / ((nowMs - startMs) / 1000)).toFixed(1);
    const line = `${done} of ${total} ${what}, ${rate} ${what} per second on ${WORKERS} threads, ${broken} broken`;
    process.stderr.write(
      process.stderr.isTTY && !isLast ? `\r${line}` : `${process.stderr.isTTY ? "\r" : ""}${line}\n`,
    );
  };
}

async function runSeeds(from: number, count: number, bug: PlantedBug | undefined): Promise<boolean> {
  function* tasks(): Generator<Task> {
    for (let seed = from; seed < from + count; seed += SEEDS_PER_TASK) {
      const length = Math.min(SEEDS_PER_TASK, from + count - seed);
      const seeds = Array.from({ length }, (_, offset) => seed + offset);
      yield { kind: "seeds", seeds, ...(bug ? { bug } : {}) };
    }
  }
  const tell = progress(count, "seeds");
  let done = 0;
  let broken = 0;
  await inWorkers<Task, Result>(new URL(import.meta.url), tasks(), (result) => {
    if (result.kind !== "seeds") return false;
    done += result.done;
    broken += result.broken.length;
    for (const { seed, name, violations } of result.broken)
      process.stdout.write(`seed ${seed} (${name}): ${violations.join("; ")}\n`);
    tell(done, broken);
    return false;
  });
  return broken === 0;
}

async function replay(seed: number, bug: PlantedBug | undefined): Promise<boolean> {
  const { name, trace, violations, starts } = await simulate(seed, { trace: true, ...(bug ? { bug } : {}) });
  process.stdout.write(`seed ${seed}: ${name}\n${trace.join("\n")}\n${starts} processes\n`);
  for (const violation of violations) process.stdout.write(`broken: ${violation}\n`);
  return violations.length === 0;
}

async function runCrashes(): Promise<boolean> {
  function* tasks(): Generator<Task> {
    for (const index of CASES.keys())
      for (let part = 0; part < PARTS_PER_CASE; part++) yield { kind: "crashes", index, part, parts: PARTS_PER_CASE };
  }
  const points = CASES.map(() => 0);
  const parts = CASES.map(() => 0);
  const broken = CASES.map(() => 0);
  await inWorkers<Task, Result>(new URL(import.meta.url), tasks(), (result) => {
    if (result.kind !== "crashes") return false;
    const { index } = result;
    points[index]! += result.points;
    broken[index]! += result.broken.length;
    for (const { point, what, differences } of result.broken)
      process.stdout.write(`${CASES[index]!.name}, point ${point} (${what}): ${differences.join("; ")}\n`);
    parts[index]! += 1;
    if (parts[index] !== PARTS_PER_CASE) return false;
    const { name, path } = CASES[index]!;
    process.stdout.write(`${points[index]} points, ${broken[index]} with differences: ${path} (${name})\n`);
    return false;
  });
  const sum = (counts: number[]) => counts.reduce((total, count) => total + count, 0);
  process.stdout.write(`${sum(points)} points in all, ${sum(broken)} with differences\n`);
  return sum(broken) === 0;
}

/** What is to be run. @throws Error in one sentence for what cannot be understood */
function readArguments(): () => Promise<boolean> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seeds: { type: "string" }, seed: { type: "string" }, from: { type: "string" }, bug: { type: "string" } },
  });
  const bug = PLANTED_BUGS.find((name) => name === values.bug);
  if (values.bug !== undefined && !bug) throw new Error(`--bug takes one of ${PLANTED_BUGS.join(", ")}`);
  const number = (name: "seed" | "seeds" | "from", otherwise: number): number => {
    const given = values[name] ?? String(otherwise);
    if (!/^[1-9]\d{0,8}$/.test(given)) throw new Error(`--${name} takes a whole number from 1 on, not ${given}`);
    return Number(given);
  };
  const [seed, from, count] = [number("seed", 1), number("from", 1), number("seeds", 1000)];
  if (positionals[0] === "crash") return runCrashes;
  return values.seed === undefined ? () => runSeeds(from, count, bug) : () => replay(seed, bug);
}

async function main(): Promise<void> {
  let run: () => Promise<boolean>;
  try {
    run = readArguments();
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 2;
    return;
  }
  process.exitCode = (await run()) ? 0 : 1;
}

if (!serveTasks(work)) await main();
