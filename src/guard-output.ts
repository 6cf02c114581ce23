import { redact } from "./engine/secrets.ts";

/**
 * Lets no secret out of these streams, whoever writes to them: the SDK's own log (`AZURE_LOG_LEVEL`) prints the headers of
 * answers as they are, signed URLs and cookies among them.
 * @returns what undoes it
 */
export function guardOutput(...streams: readonly NodeJS.WriteStream[]): () => void {
  const undo = streams.map((stream) => {
    const { write } = stream;
    const guarded = (chunk: unknown, ...rest: []) =>
      write.call(stream, typeof chunk === "string" ? redact(chunk) : (chunk as string), ...rest);
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
