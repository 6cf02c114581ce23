// Ends TLS in front of an emulator that speaks plain HTTP: the Azure CLI puts its token on https requests only, those
// of polling and paging links included.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { Agent, request as httpRequest } from "node:http";
import { createServer } from "node:https";
import { join } from "node:path";

/** Headers of one connection only, which a proxy does not pass on. */
const HOP_BY_HOP = new Set(["connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade"]);

/**
 * Serves `https://localhost:<free port>` with a new self-signed certificate, and hands everything to `target`.
 * @param {string} target the URL of the emulator
 * @param {string} folder where certificate and key are written
 * @returns {Promise<{ url: string, certificate: string, close: () => void }>}
 */
export async function startTlsProxy(target, folder) {
  const { certificate, key } = makeCertificate(folder);
  const { hostname, port } = new URL(target);
  const agent = new Agent({ keepAlive: true });
  const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (incoming, outgoing) => {
    const { host } = incoming.headers;
    const headers = { ...passedOn(incoming.headers), host, "x-forwarded-proto": "https", "x-forwarded-host": host };
    const upstream = httpRequest(
      { agent, hostname, port, method: incoming.method, path: incoming.url, headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode, passedOn(answer.headers));
        answer.pipe(outgoing);
      },
    );
    upstream.on("error", (error) => {
      if (outgoing.headersSent) return outgoing.destroy();
      outgoing.writeHead(502, { "content-type": "application/json" });
      outgoing.end(JSON.stringify({ error: { code: "BadGateway", message: error.message } }));
    });
    incoming.pipe(upstream);
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
    agent.destroy();
  };
  return { url: `https://localhost:${server.address().port}`, certificate, close };
}

function passedOn(headers) {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name)));
}

function makeCertificate(folder) {
  const certificate = join(folder, "localhost.cert.pem");
  const key = join(folder, "localhost.key.pem");
  const names = "subjectAltName=DNS:localhost,IP:127.0.0.1";
  execFileSync(
    "openssl",
    ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", names].concat([
      "-keyout",
      key,
      "-out",
      certificate,
    ]),
    { stdio: "ignore" },
  );
  return { certificate, key };
}
