import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { WireRequest, WireResponse } from "../../src/engine/wire.ts";

/** Both ends of every planted secret, so that a part of one is found too. */
const HEAD = "Pl4nt3d";
const TAIL = "t41l";

const plant = (name: string) => `${HEAD}~${name}~Zq8_${TAIL}`;

/** A token as Microsoft Entra makes them: three parts, the first of which begins as JSON does. */
const TOKEN = `eyJhbGciOiJub25lIn0.${HEAD}Payload_${TAIL}.${HEAD}Mark_${TAIL}`;

/** Secrets by where they come from. */
export const PLANTED = {
  token: TOKEN,
  clientSecret: plant("client"),
  certificatePassword: plant("certificate"),
  userPassword: plant("user"),
  servicePrincipal: plant("principal"),
  windowsAdmin: plant("windows"),
  addonKey: `${HEAD}AddonKey+/9${TAIL}==`,
  workspaceKey: `${HEAD}Workspace+/9${TAIL}==`,
  storageKey: `${HEAD}Storage+/9${TAIL}==`,
  busKey: `${HEAD}Bus+/9${TAIL}=`,
  instrumentationKey: plant("insights"),
  proxyPassword: `${HEAD}Proxy${TAIL}`,
  registryPassword: plant("registry"),
  applicationSecret: plant("application"),
  kubeconfig: plant("kubeconfig"),
  cookie: plant("cookie"),
  signature: `${HEAD}Signature_-${TAIL}`,
  podSecret: plant("pod"),
  argument: plant("argument"),
} as const;

const CONNECTION = `DefaultEndpointsProtocol=https;AccountName=logs;AccountKey=${PLANTED.storageKey};EndpointSuffix=core.windows.net`;
const BUS = `Endpoint=sb://bus.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=${PLANTED.busKey}`;
const PROXY = `http://egress:${PLANTED.proxyPassword}@proxy.corp:3128/`;
const SIGNED = `https://management.azure.com/subscriptions/s/providers/Microsoft.ContainerService/locations/l/operations/o?api-version=2017-08-31&t=638&c=${PLANTED.signature}&s=${PLANTED.signature}&h=${PLANTED.signature}`;
const BLOB = `https://logs.blob.core.windows.net/dumps?sv=2024-08-04&sig=${PLANTED.signature}&se=2027`;

/** What the environment of the process holds. */
export const ENVIRONMENT = {
  AZURE_CLIENT_SECRET: PLANTED.clientSecret,
  AZURE_CLIENT_CERTIFICATE_PASSWORD: PLANTED.certificatePassword,
  AZURE_PASSWORD: PLANTED.userPassword,
  HTTPS_PROXY_CREDENTIALS: PROXY,
};

/** A message that repeats whatever it was told, as services do that log their callers' requests. */
export const ECHO = [
  `The request with Authorization: Bearer ${PLANTED.token} was refused.`,
  `Headers: {"authorization":"Bearer ${PLANTED.token}","cookie":"${PLANTED.cookie}"}`,
  `client_secret=${PLANTED.clientSecret}&password=${PLANTED.userPassword}`,
  `servicePrincipalProfile.secret '${PLANTED.servicePrincipal}' has expired; "adminPassword": "${PLANTED.windowsAdmin}"`,
  `${CONNECTION} ${BUS} through ${PROXY}`,
  `Operation ${SIGNED} and dump ${BLOB}`,
].join(" ");

type Any = Record<string, unknown>;

/** An answer of Azure with secrets wherever Azure could have some. */
export function withSecrets(request: WireRequest, response: WireResponse): WireResponse {
  if (new URL(request.url).pathname.startsWith("/_emulator/")) return response;
  const headers: Record<string, string> = { ...response.headers, "set-cookie": `session=${PLANTED.cookie}` };
  for (const name of ["azure-asyncoperation", "location"])
    if (headers[name]) headers[name] = headers[name].replace(/&([cs])=/g, `&$1=${PLANTED.signature}`);
  if (response.body === "") return { ...response, headers };
  return { ...response, headers, body: JSON.stringify(planted(JSON.parse(response.body))) };
}

function planted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(planted);
  if (typeof value !== "object" || value === null) return value;
  const resource = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, planted(item)])) as Any;
  const id = typeof resource["id"] === "string" ? resource["id"] : "";
  if (/managedClusters\/[^/]+$/i.test(id)) return plantedCluster(resource);
  const properties = resource["properties"] as Any | undefined;
  if (/registries\/[^/]+$/i.test(id) && properties)
    return { ...resource, properties: { ...properties, credentials: REGISTRY_CREDENTIALS } };
  if (/workspaces\/[^/]+$/i.test(id) && properties)
    return { ...resource, properties: { ...properties, primarySharedKey: PLANTED.workspaceKey } };
  if (Array.isArray(resource["passwordCredentials"]))
    return { ...resource, passwordCredentials: resource["passwordCredentials"].map(withSecretText) };
  return resource;
}

const withSecretText = (credential: object) => ({ ...credential, secretText: PLANTED.applicationSecret });

const REGISTRY_CREDENTIALS = {
  username: "registry",
  passwords: [{ name: "password", value: PLANTED.registryPassword, password: PLANTED.registryPassword }],
};

function plantedCluster(cluster: Any): Any {
  const properties = (cluster["properties"] ?? {}) as Any;
  const principal = properties["servicePrincipalProfile"] as Any | undefined;
  return {
    ...cluster,
    properties: {
      ...properties,
      ...(principal ? { servicePrincipalProfile: { ...principal, secret: PLANTED.servicePrincipal } } : {}),
      windowsProfile: { adminUsername: "azureuser", adminPassword: PLANTED.windowsAdmin },
      httpProxyConfig: { httpProxy: PROXY, httpsProxy: PROXY, noProxy: ["localhost"] },
      kubeconfigs: [{ name: "clusterAdmin", kubeconfig: PLANTED.kubeconfig }],
      addonProfiles: {
        ...(properties["addonProfiles"] as Any | undefined),
        shipLogs: {
          enabled: true,
          config: {
            storage: CONNECTION,
            bus: BUS,
            insights: `InstrumentationKey=${PLANTED.instrumentationKey};IngestionEndpoint=https://in.example/`,
            workspaceSharedKey: PLANTED.addonKey,
            upload: BLOB,
            proxy: PROXY,
            retentionDays: "30",
          },
        },
      },
    },
  };
}

/** The beginning of a secret in base64, at each of the three alignments it can have in a longer text: what is the same always. */
const ENCODED = [0, 1, 2].map((shift) => {
  const base64 = Buffer.from("\0".repeat(shift) + HEAD).toString("base64");
  return base64.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + HEAD.length) * 8) / 6));
});

/** Each place in a text where a planted secret, or a part of one, stands. */
export function leaksIn(text: string): string[] {
  const lower = text.toLowerCase();
  const found = [
    ...[HEAD, TAIL].map((trace) => lower.indexOf(trace.toLowerCase())),
    ...ENCODED.map((trace) => text.indexOf(trace)),
  ];
  return found.filter((at) => at >= 0).map((at) => text.slice(Math.max(0, at - 80), at + 60));
}

/** Every file below a folder with its content, but for the files of operations: they are what an operation is found by. */
export function filesBelow(folder: string): { file: string; text: string }[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => !/[/\\]operations[/\\]/.test(name) && statSync(join(folder, name)).isFile())
    .map((name) => ({ file: name, text: readFileSync(join(folder, name), "utf8") }));
}
