import { availableParallelism } from "node:os";
import { isMainThread, parentPort, Worker } from "node:worker_threads";

/** How many threads there are to be: one per core. */
export const WORKERS = availableParallelism();

/** Room for what lives no longer than a request: with Node's own 48 MB a tenth of the time goes into collecting it. */
const YOUNG_MB = 192;

/**
 * Does tasks in threads that run this same file, a task per thread at a time.
 * @param onResult told each result as it comes; the threads stop when it returns true
 */
export async function inWorkers<Task, Result>(
  file: URL,
  tasks: Iterator<Task>,
  onResult: (result: Result) => boolean,
): Promise<void> {
  const workers: Worker[] = [];
  try {
    await Promise.all(Array.from({ length: WORKERS }, () => drain(file, workers, tasks, onResult)));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function drain<Task, Result>(
  file: URL,
  workers: Worker[],
  tasks: Iterator<Task>,
  onResult: (result: Result) => boolean,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(file, { resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB } });
    workers.push(worker);
    const next = () => {
      const { done, value } = tasks.next();
      if (done) resolve();
      else worker.postMessage(value);
    };
    worker.on("message", (result: Result) => (onResult(result) ? resolve() : next()));
    worker.on("error", reject);
    next();
  });
}

/** In a thread: answers each task. @returns false in the main thread, where there is nothing to serve */
export function serveTasks<Task, Result>(work: (task: Task) => Promise<Result>): boolean {
  if (isMainThread || !parentPort) return false;
  const port = parentPort;
  port.on("message", (task: Task) => {
    work(task).then((result) => port.postMessage(result));
  });
  return true;
}
