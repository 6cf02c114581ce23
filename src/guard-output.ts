import { redact } from "./engine/secrets.ts";

/**
 * Controls beyond ASCII, and marks that hide text or turn its direction round. `JSON.stringify` leaves them as they are;
 * escaped as it escapes others they mean the same to whoever reads the JSON.
 */
const UNPRINTABLE = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * What a CI system would take for a command to itself: Azure Pipelines anywhere in a line, GitHub at its beginning. Our own
 * commands are written by themselves; what comes after the beginning of a text is never one.
 */
const CI_COMMAND = /(?<!^)#(?=#(?:\[|vso\[))|(?<=\n[ \t]*):(?=:)/gi;

/**
 * Lets no secret out of these streams, and nothing that plays tricks on a terminal or a CI system, whoever writes to them: the SDK's own
 * log (`AZURE_LOG_LEVEL`) prints the headers of answers as they are, signed URLs and cookies among them.
 * @returns what undoes it
 */
export function guardOutput(...streams: readonly NodeJS.WriteStream[]): () => void {
  const undo = streams.map((stream) => {
    const { write } = stream;
    const guarded = (chunk: unknown, ...rest: []) =>
      write.call(stream, typeof chunk === "string" ? printable(chunk) : (chunk as string), ...rest);
    stream.write = guarded as typeof stream.write;
    return () => {
      // Someone may have put another in its place meanwhile, whose it is then to give back.
      if (stream.write === guarded) stream.write = write;
    };
  });
  return () => {
    for (const each of undo) each();
  };
}

function printable(text: string): string {
  return redact(text).replace(UNPRINTABLE, escapeMark).replace(CI_COMMAND, escapeMark);
}

/** As JSON escapes it. */
function escapeMark(mark: string): string {
  return mark.replace(/./gs, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
