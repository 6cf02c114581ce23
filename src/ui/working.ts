import { createPalette, sanitize, truncate } from "../text/terminal.ts";
import type { PromptStreams } from "./prompts.ts";
import { swallowKeys } from "./quiet-keys.ts";

/**
 * Shows a text while the work goes on; what is told of its progress stands behind it. Keys do nothing meanwhile.
 * @throws the signal's reason when aborted, at once
 */
export async function working<T>(
  { input, output, color, columns, signal }: PromptStreams,
  text: string,
  work: (say: (words: string) => void) => Promise<T>,
): Promise<T> {
  const { dim } = createPalette(color);
  const show = (words: string) => output.write(`\r\u001b[2K${dim(truncate(words, columns() - 1))}`);
  let stop = () => {};
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(signal!.reason);
    signal?.addEventListener("abort", stop);
  });
  // Whoever asks questions is in the foreground.
  const giveBack = swallowKeys(input, { inForeground: true });
  show(text);
  try {
    signal?.throwIfAborted();
    return await Promise.race([work((words) => show(`${text} ${sanitize(words)}`)), stopped]);
  } finally {
    giveBack();
    signal?.removeEventListener("abort", stop);
    output.write("\r\u001b[2K");
  }
}
