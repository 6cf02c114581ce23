import { mkdtempSync, rmSync, statSync } from "node:fs";
import { request as ask, createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { WireRequest, WireResponse } from "../../src/engine/wire.ts";
import { CommandLine, DEMO_CLUSTER } from "../support/cli.ts";
import { ENVIRONMENT, filesBelow, leaksIn, withSecrets } from "./planted.ts";

const RECORDING = "recording.jsonl";

let folder: string;
let line: CommandLine;
let server: Server;
/** Where Azure is, with secrets in its answers. */
let endpoint: string;

/** Hands a request to an emulator, as it came. */
async function forward(to: URL, { method, url, headers }: IncomingMessage, body: string): Promise<WireResponse> {
  const response = await new Promise<IncomingMessage>((done, fail) => {
    const asked = ask({ host: to.hostname, port: to.port, method, path: url, headers }, done);
    asked.on("error", fail).end(body);
  });
  const names = Object.entries(response.headers).filter(([name]) => !/^(content-length|transfer-encoding)$/.test(name));
  return {
    status: response.statusCode!,
    headers: Object.fromEntries(names) as Record<string, string>,
    body: await text(response),
  };
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "aks-mi-log-"));
  line = await CommandLine.open({ record: join(folder, RECORDING) });
  server = createServer(async (incoming, outgoing) => {
    const body = await text(incoming);
    const url = `https://${incoming.headers.host}${incoming.url}`;
    const request: WireRequest = { method: incoming.method!, url, headers: {}, body };
    const response = withSecrets(request, await forward(new URL(line.endpoint), incoming, body));
    outgoing.writeHead(response.status, response.headers).end(response.body);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.close();
  server.closeAllConnections();
  await line.close();
  rmSync(folder, { recursive: true });
});

test("the SDK's own log tells no secret, nor does a recording of what a client sent", async () => {
  const env = { ...ENVIRONMENT, AKS_MI_EMULATOR: endpoint, AZURE_LOG_LEVEL: "verbose" };
  const planned = await line.run(["plan", "--id", DEMO_CLUSTER, "--out", "plan.yaml", "--verbose"], env);
  expect(planned.code, planned.stderr).toBe(0);
  const applied = await line.run(["apply", "--plan", "plan.yaml", "--yes", "--until", "verify-migration"], env);
  expect(applied.code, applied.stderr).toBe(8);
  expect(applied.stderr).toMatch(/azure:[\w-]+:info Request: /);
  expect(applied.stderr).toContain('"set-cookie": "REDACTED"');
  expect(applied.stderr).toContain("s=REDACTED");
  for (const printed of [planned.stdout, planned.stderr, applied.stdout, applied.stderr])
    expect(leaksIn(printed)).toEqual([]);
  const files = [...filesBelow(line.folder), ...filesBelow(folder)];
  expect(files.map(({ file }) => file)).toContain(RECORDING);
  expect(files.flatMap(({ file, text: content }) => leaksIn(content).map((leak) => `${file}: ${leak}`))).toEqual([]);
  expect(statSync(join(folder, RECORDING)).mode & 0o777).toBe(0o600);
});
