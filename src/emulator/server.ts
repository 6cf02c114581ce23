import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ScaledClock } from "../engine/clock.ts";
import { ConnectionDropped, type WireRequest } from "../engine/wire.ts";
import { createEmulator, type Emulator } from "./emulator.ts";
import type { JsonObject } from "./json.ts";
import { isRecorded, recordingOf } from "./record.ts";
import type { Scenario } from "./scenario.ts";

/** What the loopback door is opened with. */
export interface ServerOptions {
  /** The port on 127.0.0.1; 0 picks a free one. */
  port: number;
  /** How many times as fast as the machine's clock the emulated one runs. */
  timeScale: number;
  scenario?: Scenario;
  seed?: number;
  /** Told of every ARM and Graph exchange, as an object of a recording. */
  onRequest?: (recording: JsonObject) => void;
}

/** A running loopback door. */
export interface RunningServer {
  readonly endpoint: string;
  /** Stops to listen, and ends the connections that are open. */
  close(): Promise<void>;
  readonly emulator: Emulator;
}

/** Serves the emulator over HTTP on the loopback interface, on a clock that starts at the machine's time. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { scenario, seed, timeScale, onRequest } = options;
  const emulator = createEmulator({
    clock: new ScaledClock(new Date(), timeScale),
    retryAfterDivisor: timeScale,
    ...(scenario ? { scenario } : {}),
    ...(seed === undefined ? {} : { seed }),
  });
  const server = createServer((incoming, outgoing) => {
    serve(emulator, incoming, outgoing, onRequest).catch((error: unknown) => {
      if (error instanceof ConnectionDropped) return drop(error, incoming, outgoing);
      outgoing.writeHead(500, { "content-type": "application/json" });
      outgoing.end(
        JSON.stringify({
          error: { code: "EmulatorDefect", message: error instanceof Error ? error.message : String(error) },
        }),
      );
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    emulator,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(
  emulator: Emulator,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  onRequest: ((recording: JsonObject) => void) | undefined,
): Promise<void> {
  const request = await readRequest(incoming);
  const response = await emulator.handle(request);
  if (onRequest && isRecorded(request)) onRequest(recordingOf({ request, response }));
  outgoing.writeHead(response.status, response.headers);
  outgoing.end(request.method === "HEAD" ? "" : response.body);
}

/** Cuts the connection, after half of an answer where one has begun. */
function drop({ broken }: ConnectionDropped, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const cut = () => incoming.socket.destroy();
  if (!broken) return void cut();
  const body = Buffer.from(broken.body);
  outgoing.writeHead(broken.status, { ...broken.headers, "content-length": body.length });
  outgoing.write(body.subarray(0, body.length / 2), cut);
}

async function readRequest(incoming: IncomingMessage): Promise<WireRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString("utf8");
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : (value ?? ""),
    ]),
  );
  const host = headers["host"] ?? "127.0.0.1";
  return {
    method: incoming.method ?? "GET",
    url: `http://${host}${incoming.url ?? "/"}`,
    headers,
    ...(body === "" ? {} : { body }),
  };
}
