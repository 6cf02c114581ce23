/** A log gets a line for every tenth of the way, a terminal one line that changes. */
const LOG_STEPS = 10;

/** How far the reading of many things is, and what holds it up. Nothing of it stays on a terminal but the latter. */
export function progressOn(stream: NodeJS.WriteStream) {
  let shown = "";
  return {
    update({ what, done, total }: { readonly what: string; readonly done: number; readonly total: number }) {
      const line = `${done} of ${total} ${what}`;
      if (stream.isTTY) stream.write(`\r\u001b[K${line}`);
      else if (done > 0 && Math.floor((done * LOG_STEPS) / total) > Math.floor(((done - 1) * LOG_STEPS) / total))
        stream.write(`${line}\n`);
      shown = line;
    },
    retried({
      request,
      reason,
      delayMs,
    }: {
      readonly request: string;
      readonly reason: string;
      readonly delayMs: number;
    }) {
      stream.write(
        `${stream.isTTY ? "\r\u001b[K" : ""}Azure asked to wait ${Math.ceil(delayMs / 1000)} s (${reason}): ${request}\n`,
      );
    },
    end() {
      if (stream.isTTY && shown) stream.write("\r\u001b[K");
    },
  };
}
