import { setMaxListeners } from "node:events";

/** Why a run was stopped from outside; its exit code is the shell's for that signal. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly exitCode: number;
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals, exitCode: number) {
    super(`stopped by ${signal}`);
    this.signal = signal;
    this.exitCode = exitCode;
  }
}

const EXIT_CODES: Partial<Record<NodeJS.Signals, number>> = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/** Calls `work` with a signal that SIGINT, SIGTERM and SIGHUP abort. The journal is ahead of every effect, so stopping loses nothing. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  // As many requests as are under way listen to it at once; Node takes more than ten for a leak, and says so on the screen.
  setMaxListeners(0, controller.signal);
  const stop = (signal: NodeJS.Signals) => controller.abort(new Interrupted(signal, EXIT_CODES[signal]!));
  const signals = Object.keys(EXIT_CODES) as NodeJS.Signals[];
  for (const signal of signals) process.on(signal, stop);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of signals) process.off(signal, stop);
  }
}
