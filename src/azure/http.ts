import {
  createDefaultHttpClient,
  createHttpHeaders,
  type HttpClient,
  type PipelineRequest,
} from "@azure/core-rest-pipeline";
import { formatDuration, MINUTE_MS } from "../engine/clock.ts";
import { AksMiError, TransientError } from "../engine/errors.ts";

/** How long, in wall time, an answer may take to its last byte, and how large it may be. */
export interface AnswerLimits {
  readonly ms: number;
  readonly bytes: number;
}

/** Chosen: no source gives limits of Azure, and no answer to what this tool asks for is near these. */
const LIMITS: AnswerLimits = { ms: 5 * MINUTE_MS, bytes: 64 * 2 ** 20 };

/** As the SDK says that the body of every answer is to be handed over unread, whatever its status. */
const EVERY_STATUS = new Set([Number.POSITIVE_INFINITY]);

/**
 * The SDK's HTTP client, with an end: that waits for ever where a connection has died unnoticed (a laptop that slept), or broke
 * off in the middle of a compressed answer, and takes any amount into memory. Nothing is asked for in compressed form.
 * @returns a client that throws TransientError when the answer is not whole in time, and AksMiError `AZURE_ERROR` when it is too large
 */
export function createNetworkClient(limits = LIMITS): HttpClient {
  const inner = createDefaultHttpClient();
  return {
    async sendRequest(request) {
      const stop = new AbortController();
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        stop.abort();
      }, limits.ms);
      const stopToo = () => stop.abort();
      request.abortSignal?.addEventListener("abort", stopToo);
      if (request.abortSignal?.aborted) stop.abort();
      try {
        const { readableStreamBody, ...answer } = await inner.sendRequest(toSend(request, stop.signal));
        return { ...answer, request, bodyAsText: await readText(readableStreamBody, request, limits.bytes) };
      } catch (error) {
        if (isLate) throw new TransientError(`no whole answer came within ${formatDuration(limits.ms)}`);
        throw error;
      } finally {
        clearTimeout(timer);
        request.abortSignal?.removeEventListener("abort", stopToo);
      }
    },
  };
}

/** A copy, so that what is changed for this client alone is not seen by anyone else. */
function toSend(request: PipelineRequest, abortSignal: AbortSignal): PipelineRequest {
  const headers = createHttpHeaders(request.headers.toJSON({ preserveCase: true }));
  headers.delete("accept-encoding");
  // Not `createPipelineRequest`, which leaves out what a proxy's policy has set.
  return { ...request, headers, abortSignal, streamResponseStatusCodes: EVERY_STATUS };
}

async function readText(
  body: NodeJS.ReadableStream | undefined,
  { method, url }: PipelineRequest,
  mostBytes: number,
): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > mostBytes) throw tooLarge(`${method} ${new URL(url).pathname}`, mostBytes);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function tooLarge(what: string, mostBytes: number): AksMiError {
  return new AksMiError(
    "AZURE_ERROR",
    `The answer to ${what} has more than ${mostBytes / 2 ** 20} MiB, and is not read any further.`,
    "Check for a proxy that answers in Azure's place, then run the command again.",
  );
}
