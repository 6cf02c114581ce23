import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Json, JsonObject } from "../../src/azure/json.ts";
import { toPutBody } from "../../src/azure/put-body.ts";

/** What Azure's API description 2024-09-01 and the recordings of Azure CLI 2.67 call read-only, in one pattern. */
const READ_ONLY = new RegExp(
  `^(${[
    "id|name|type|eTag|systemData",
    "identity\\.(principalId|tenantId)",
    "identity\\.userAssignedIdentities\\.[^.]+(\\.providers\\.[^.]*)*.*\\.(clientId|principalId)",
    "properties\\.(provisioningState|powerState\\.code|maxAgentPools|currentKubernetesVersion|fqdn|privateFQDN|azurePortalFQDN|resourceUID)",
    "properties\\.agentPoolProfiles\\.\\d+\\.(eTag|provisioningState|nodeImageVersion|currentOrchestratorVersion)",
    "properties\\.addonProfiles\\.[^.]+\\.identity\\..+",
    "properties\\.oidcIssuerProfile\\.issuerURL",
    "properties\\.ingressProfile\\.webAppRouting\\.identity\\..+",
    "properties\\.podIdentityProfile\\.userAssignedIdentities\\.\\d+\\.(provisioningState|provisioningInfo.*)",
  ].join("|")})$`,
);

/** Every leaf of a JSON value, by path; empty objects and arrays are leaves. */
function leaves(value: Json, path = ""): Map<string, Json> {
  const children = typeof value === "object" && value !== null ? Object.entries(value as JsonObject) : [];
  if (children.length === 0) return new Map([[path, value]]);
  return new Map(children.flatMap(([key, child]) => [...leaves(child!, path === "" ? key : `${path}.${key}`)]));
}

function lost(cluster: JsonObject): string[] {
  const kept = leaves(toPutBody(cluster));
  return [...leaves(cluster)]
    .filter(([path, value]) => JSON.stringify(kept.get(path)) !== JSON.stringify(value))
    .map(([path]) => path);
}

/** Adds an invented field to every object, at every level. */
function invent(value: Json): Json {
  if (Array.isArray(value)) return value.map(invent);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value as JsonObject).map(([key, child]) => [key, invent(child!)]);
  return { ...Object.fromEntries(fields), inventedField: { deep: [{ inventedToo: "kept" }] }, inventedFlag: false };
}

const CLUSTER: JsonObject = {
  id: "/subscriptions/s/resourcegroups/g/providers/Microsoft.ContainerService/managedClusters/c",
  name: "c",
  type: "Microsoft.ContainerService/ManagedClusters",
  location: "westeurope",
  eTag: "e1",
  tags: { team: "payments" },
  sku: { name: "Base", tier: "Standard" },
  identity: {
    type: "UserAssigned",
    userAssignedIdentities: { "/subscriptions/s/x": { clientId: "c", principalId: "p" } },
  },
  properties: {
    provisioningState: "Succeeded",
    powerState: { code: "Running" },
    kubernetesVersion: "1.33.2",
    fqdn: "c.hcp.azmk8s.io",
    httpProxyConfig: { httpProxy: "http://proxy:3128", noProxy: ["localhost"] },
    storageProfile: { diskCSIDriver: { enabled: true } },
    servicePrincipalProfile: { clientId: "5e8a1c37-2b9f-4d60-b7c4-e1f3a60d9b25" },
    addonProfiles: { omsagent: { enabled: true, config: { workspace: "w" }, identity: { objectId: "o" } } },
    agentPoolProfiles: [
      {
        name: "system",
        count: 3,
        powerState: { code: "Running" },
        provisioningState: "Succeeded",
        nodeImageVersion: "v1",
        upgradeSettings: {},
      },
    ],
    networkProfile: { loadBalancerProfile: { managedOutboundIPs: { count: 1 }, effectiveOutboundIPs: [{ id: "ip" }] } },
  },
};

describe("the body of a cluster PUT", () => {
  test("loses nothing of the GET but read-only fields", () => {
    expect(lost(CLUSTER).filter((path) => !READ_ONLY.test(path))).toEqual([]);
  });

  test("keeps invented fields at every level", () => {
    const invented = invent(CLUSTER) as JsonObject;
    const missing = lost(invented).filter(
      (path) => !READ_ONLY.test(path) && !/powerState\.invented|identity\.invented/.test(path),
    );
    expect(missing.filter((path) => !path.startsWith("properties.addonProfiles.omsagent.identity"))).toEqual([]);
  });

  test("keeps the keys of the identity map, with empty values", () => {
    expect(toPutBody(CLUSTER)["identity"]).toEqual({
      type: "UserAssigned",
      userAssignedIdentities: { "/subscriptions/s/x": {} },
    });
  });

  const recordings = process.env["AKS_MI_RECORDINGS"] ?? "";
  const files =
    recordings && existsSync(recordings) ? readdirSync(recordings).filter((name) => name.endsWith(".json")) : [];
  test.runIf(files.length > 0)("loses nothing of any recorded cluster but read-only fields (AKS_MI_RECORDINGS)", () => {
    let clusters = 0;
    for (const name of files) {
      const { request, response } = JSON.parse(readFileSync(join(recordings, name), "utf8"));
      if (request.method !== "GET" || !/managedclusters\/[^/]+\?/i.test(request.uri)) continue;
      clusters++;
      expect(
        lost(response.body).filter((path) => !READ_ONLY.test(path)),
        name,
      ).toEqual([]);
    }
    expect(clusters).toBeGreaterThan(0);
  });
});
