import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { runWizard } from "../../src/ui/wizard.ts";
import type { WizardServices } from "../../src/ui/wizard-types.ts";

export const KEYS = { enter: "\r", down: "\u001b[B", escape: "\u001b", interrupt: "\u0003", clear: "\u0015" };

/** Runs the wizard on streams, as a terminal would: keys go in, and what is drawn is waited for. */
export function driveWizard(services: WizardServices, size = { columns: 80, rows: 24 }) {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const drawn: string[] = [];
  const abort = new AbortController();
  let seenUpTo = 0;
  // Like a terminal, and unlike other streams, this one outlives each prompt that is piped to it.
  output.end = () => output;
  output.on("data", (chunk: Buffer) => drawn.push(stripVTControlCharacters(chunk.toString())));
  const result = runWizard(async () => services, {
    input,
    output,
    color: false,
    columns: () => size.columns,
    rows: () => size.rows,
    signal: abort.signal,
    now: () => new Date("2026-11-22T08:00:00Z"),
  });

  /** Waits until this is drawn, after what was waited for before. */
  async function see(text: string): Promise<void> {
    for (;;) {
      const found = drawn.findIndex((chunk, index) => index >= seenUpTo && chunk.includes(text));
      if (found >= 0) {
        seenUpTo = found + 1;
        return;
      }
      await new Promise((resolve) => output.once("data", resolve));
    }
  }

  return {
    input,
    result,
    /** As a signal does. */
    stop: () => abort.abort(),
    drawn,
    see,
    press: (...keys: string[]) => {
      for (const key of keys) input.write(key);
    },
    /** Sees each text and presses Enter. */
    async accept(...texts: string[]): Promise<void> {
      for (const text of texts) {
        await see(text);
        input.write(KEYS.enter);
      }
    },
    /** All that was drawn, without colours and cursor movements. */
    text: () => drawn.join(""),
  };
}
