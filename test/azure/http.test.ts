import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { createHttpHeaders, createPipelineRequest } from "@azure/core-rest-pipeline";
import { expect, onTestFinished, test } from "vitest";
import { createNetworkClient } from "../../src/azure/http.ts";
import { once } from "../../src/azure/retry.ts";
import { VirtualClock } from "../../src/engine/clock.ts";
import { TransientError } from "../../src/engine/errors.ts";

const BODY = JSON.stringify({ value: Array.from({ length: 200 }, (_, index) => `item ${index}`) });

/** Asks a server that answers so, as every adapter asks. */
async function ask(answer: RequestListener, options: { ms?: number; bytes?: number; signal?: AbortSignal } = {}) {
  const server = createServer(answer);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const client = createNetworkClient({ ms: options.ms ?? 60_000, bytes: options.bytes ?? 2 ** 20 });
  const request = createPipelineRequest({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/clusters?sig=0123456789`,
    headers: createHttpHeaders({ "Accept-Encoding": "gzip,deflate" }),
    allowInsecureConnection: true,
    ...(options.signal ? { abortSignal: options.signal } : {}),
  });
  const context = {
    clock: new VirtualClock(),
    signal: options.signal,
    onRetry: undefined,
    toClockMs: (ms: number) => ms,
  };
  return once("read it", context, () => client.sendRequest(request));
}

test("an answer is handed over whole, and the request stays as it was", async () => {
  const response = await ask((_, outgoing) => void outgoing.writeHead(418).end(BODY));
  expect(response).toMatchObject({ status: 418, bodyAsText: BODY });
  expect(response.request.headers.get("accept-encoding")).toBe("gzip,deflate");
});

test("nothing is asked for in compressed form: an answer that broke off there was waited for without end", async () => {
  const asked: unknown[] = [];
  await ask((incoming, outgoing) => {
    asked.push(incoming.headers["accept-encoding"]);
    outgoing.end(BODY);
  });
  expect(asked).toEqual([undefined]);
  const broken = ask((_, outgoing) => {
    const compressed = gzipSync(BODY);
    outgoing.writeHead(200, { "content-encoding": "gzip", "content-length": compressed.length });
    outgoing.write(compressed.subarray(0, 100), () => outgoing.destroy());
  });
  await expect(broken).rejects.toBeInstanceOf(TransientError);
});

test.each<[string, RequestListener]>([
  ["says nothing", () => {}],
  ["never comes to its end", (_, outgoing) => void outgoing.writeHead(200).write("[")],
])("a server that %s is left", async (_, answer) => {
  const asked = ask(answer, { ms: 30 });
  await expect(asked).rejects.toBeInstanceOf(TransientError);
  await expect(asked).rejects.toThrow("no whole answer came");
});

test("an answer above the limit is not read to its end", async () => {
  const endless: RequestListener = (_, outgoing) => {
    const more = () => {
      while (outgoing.write(" ".repeat(10_000)));
    };
    outgoing.on("drain", more);
    more();
  };
  await expect(ask(endless, { bytes: 2 ** 20 })).rejects.toMatchObject({
    code: "AZURE_ERROR",
    message: "The answer to GET /clusters has more than 1 MiB, and is not read any further.",
  });
});

test("what is no HTTP is a failure of the network", async () => {
  const garbage = ask((incoming) => void incoming.socket.end("\u0000 what?\r\n\r\n"));
  await expect(garbage).rejects.toBeInstanceOf(TransientError);
});

test("who is stopped while an answer comes in stops at once", async () => {
  const controller = new AbortController();
  const reason = new Error("stopped");
  const asked = ask(
    (_, outgoing) => {
      outgoing.writeHead(200).write("[");
      setImmediate(() => controller.abort(reason));
    },
    { signal: controller.signal },
  );
  await expect(asked).rejects.toBe(reason);
});
