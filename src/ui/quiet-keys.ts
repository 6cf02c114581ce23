import { isInForeground } from "./foreground.ts";

/** Standard input where it is a terminal. */
interface Keyboard extends NodeJS.ReadableStream {
  readonly isRaw: boolean;
  setRawMode(raw: boolean): unknown;
  ref?(): unknown;
  unref?(): unknown;
}

/** What a terminal does for these keys, as long as nobody reads them raw. */
const SIGNALS: Partial<Record<number, NodeJS.Signals>> = { 3: "SIGINT", 26: "SIGTSTP", 28: "SIGQUIT" };

/** How keys are swallowed. */
export interface QuietKeysOptions {
  /** False leaves them alone; by default what the system tells. */
  readonly inForeground?: boolean;
  /** What a key for a signal does. */
  readonly raise?: (signal: NodeJS.Signals) => void;
}

/**
 * Swallows the keys of a terminal until it is given back: they are not echoed into what is drawn, and answer no question
 * that comes later. Ctrl-C, Ctrl-\ and Ctrl-Z do what they always do; after Ctrl-Z the terminal is given back for good,
 * for the shell may go on with the process in the background. Leaves alone what is no terminal.
 * @returns gives the terminal back
 */
export function swallowKeys(
  input: NodeJS.ReadableStream,
  { inForeground = isInForeground(), raise = raiseSignal }: QuietKeysOptions = {},
): () => void {
  if (!isKeyboard(input) || !inForeground) return () => {};
  const wasRaw = input.isRaw;
  const onData = (keys: Buffer | string) => {
    for (const byte of Buffer.from(keys)) {
      const signal = SIGNALS[byte];
      if (signal === undefined) continue;
      if (signal !== "SIGINT") giveBack();
      raise(signal);
    }
  };
  let isGivenBack = false;
  const giveBack = () => {
    if (isGivenBack) return;
    isGivenBack = true;
    input.off("data", onData).pause();
    input.setRawMode(wasRaw);
    input.ref?.();
  };
  input.setRawMode(true);
  input.on("data", onData).resume();
  // Nobody waits for these keys: they must not be the reason that the process does not end.
  input.unref?.();
  return giveBack;
}

function isKeyboard(input: NodeJS.ReadableStream): input is Keyboard {
  return "isTTY" in input && input.isTTY === true && "setRawMode" in input;
}

/** Calls the handlers of a signal here, so that it works on Windows too; without any, the system's own is asked for. */
function raiseSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 0) process.emit(signal, signal);
  else process.kill(process.pid, signal);
}
