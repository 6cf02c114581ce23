import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { loadScenario } from "../../src/emulator/scenario.ts";
import { startServer } from "../../src/emulator/server.ts";
import { KEYS, TerminalSession } from "../support/terminal.ts";

/** The wizard in a terminal, on an emulator that answers the question for clusters only when it is let. */
async function openOnSlowAzure() {
  const server = await startServer({ port: 0, timeScale: 1, scenario: await loadScenario("demo") });
  let release = () => {};
  const released = new Promise<void>((done) => {
    release = done;
  });
  const slow = createServer(async (incoming, outgoing) => {
    if (incoming.url!.includes("/managedClusters?")) await released;
    const { method, headers, url } = incoming;
    const forwarded = request(new URL(url!, server.endpoint), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    });
    forwarded.on("error", () => outgoing.destroy());
    incoming.pipe(forwarded);
  });
  slow.listen(0, "127.0.0.1");
  await once(slow, "listening");
  onTestFinished(async () => {
    release();
    slow.closeAllConnections();
    slow.close();
    await server.close();
  });
  const terminal = new TerminalSession(["--emulator", `http://127.0.0.1:${(slow.address() as AddressInfo).port}`], {
    columns: 80,
    rows: 24,
    cwd: mkdtempSync(join(tmpdir(), "aks-mi-wizard-")),
  });
  return { terminal, release };
}

describe("the wizard while it reads from Azure", () => {
  test("takes no key for an answer and shows none", async () => {
    const { terminal, release } = await openOnSlowAzure();
    await terminal.see("Looking at the clusters…");
    terminal.press("typed\r\r", KEYS.down);
    release();
    await terminal.see("Which clusters shall be migrated?", "❯ ◯ payments-prod");
    expect(terminal.history).not.toContain("typed");
    terminal.press(KEYS.enter);
    await terminal.see("❯ Go on with payments-prod");
    terminal.press(KEYS.interrupt);
    expect(await terminal.ended).toBe(130);
  });

  test("ends at once with Ctrl-C", async () => {
    const { terminal } = await openOnSlowAzure();
    await terminal.see("Looking at the clusters…");
    terminal.press(KEYS.interrupt);
    expect(await terminal.ended).toBe(130);
    expect(terminal.history).toContain("You left the wizard; nothing was changed and nothing was saved.");
    expect(terminal.history).not.toContain("^C");
  });
});
