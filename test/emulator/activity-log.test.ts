import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../src/emulator/json.ts";
import {
  APPLICATION,
  assignment,
  CLUSTER,
  GROUP,
  Harness,
  NODE_GROUP,
  plainWorld,
  ROLES,
  SERVICE_PRINCIPAL,
  SUBSCRIPTION,
  userAssigned,
} from "./harness.ts";

const START = "2026-11-22T07:00:00Z";
const OBJECT_ID = "http://schemas.microsoft.com/identity/claims/objectidentifier";

async function readLog(harness: Harness, filter: string): Promise<JsonObject[]> {
  const path = `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Insights/eventtypes/management/values`;
  const entries: JsonObject[] = [];
  let next: string | undefined = `${path}?$filter=${encodeURIComponent(filter)}`;
  while (next !== undefined) {
    const page: { value: JsonObject[]; nextLink?: string } = await harness.get(next);
    entries.push(...page.value);
    next = page.nextLink?.replace("https://management.azure.com", "");
  }
  return entries;
}

const inNodes = `eventTimestamp ge '${START}' and resourceGroupName eq '${NODE_GROUP.split("/").at(-1)}'`;

describe("the activity log", () => {
  it("has the writes that were served, some minutes after they were", async () => {
    const harness = await Harness.with(plainWorld());
    await harness.expect(200, "PUT", CLUSTER, await harness.get(CLUSTER));
    const filter = `eventTimestamp ge '${START}' and resourceGroupName eq 'rg-app'`;
    expect(await readLog(harness, filter)).toEqual([]);
    await harness.advance("5m");
    expect(await readLog(harness, filter)).toMatchObject([
      {
        resourceId: CLUSTER,
        caller: "operator@contoso.com",
        operationName: { value: "Microsoft.ContainerService/managedClusters/write" },
        eventTimestamp: "2026-11-22T08:00:00.0000000Z",
        submissionTimestamp: "2026-11-22T08:05:00.0000000Z",
      },
    ]);
  });

  it("has what the cluster's components write, by the principal whose token they hold, until it is another one", async () => {
    const harness = await Harness.with(plainWorld(), { tokenSwitchover: "6h" });
    const { controlPlane } = await harness.preparedIdentities();
    const body = await harness.clusterBody({ identity: userAssigned(controlPlane.id) });
    await harness.expect(200, "PUT", CLUSTER, body);
    await harness.advance("10h");
    const entries = await readLog(harness, inNodes);
    const at = (entry: JsonObject) => Date.parse(String(entry["eventTimestamp"]));
    const by = (objectId: string) => entries.filter((entry) => (entry["claims"] as JsonObject)[OBJECT_ID] === objectId);
    const old = by(SERVICE_PRINCIPAL);
    expect(old[0]).toMatchObject({ caller: SERVICE_PRINCIPAL, claims: { appid: APPLICATION } });
    expect(new Set(entries.map((entry) => (entry["operationName"] as JsonObject)["value"]))).toEqual(
      new Set([
        "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/write",
        "Microsoft.Network/loadBalancers/write",
      ]),
    );
    const switched = Date.parse("2026-11-22T09:00:00Z");
    expect(at(old[0]!) - switched).toBeGreaterThan(5 * 3_600_000);
    expect(at(old[0]!) - switched).toBeLessThanOrEqual(6 * 3_600_000);
    expect(Math.min(...by(controlPlane.principalId).map(at))).toBeGreaterThan(at(old[0]!));
    expect(entries.map(at)).toEqual(entries.map(at).sort((a, b) => b - a));
  });

  it("tells refused writes as failed, and has none of a principal that got no token", async () => {
    const set = `${GROUP}/providers/Microsoft.Compute/diskEncryptionSets/des`;
    const refused = await Harness.with(plainWorld({ diskEncryptionSetID: set }));
    await refused.advance("2h");
    const disks = (await readLog(refused, inNodes)).filter(({ resourceType }) =>
      String((resourceType as JsonObject)["value"]).startsWith("Microsoft.Compute/"),
    );
    expect(disks.length).toBeGreaterThan(0);
    for (const disk of disks) expect(disk).toMatchObject({ status: { value: "Failed" } });

    const gone = await Harness.with(plainWorld());
    await gone.expect(204, "DELETE", `/v1.0/servicePrincipals/${SERVICE_PRINCIPAL}`);
    await gone.advance("2h");
    expect(await readLog(gone, inNodes)).toEqual([]);
  });

  it("goes back ninety days, in pages, and wants to know from when on", async () => {
    const harness = await Harness.with(plainWorld());
    await harness.advance("100d");
    const entries = await readLog(harness, inNodes);
    expect(entries.length).toBeGreaterThan(1000);
    const oldest = Date.parse(String(entries.at(-1)!["eventTimestamp"]));
    expect(harness.clock.now().getTime() - oldest).toBeLessThanOrEqual(90 * 86_400_000);
    const path = `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Insights/eventtypes/management/values`;
    expect((await harness.call("GET", path)).status).toBe(400);
  });

  it("is read by a Reader of the subscription, and not by somebody who holds nothing there", async () => {
    const caller = (role: string, scope: string) => ({ caller: { roles: [{ role, scope }] } });
    const path = `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Insights/eventtypes/management/values?$filter=${encodeURIComponent(inNodes)}`;
    const reader = await Harness.with(plainWorld(), caller("Reader", `/subscriptions/${SUBSCRIPTION}`));
    expect((await reader.call("GET", path)).status).toBe(200);
    const other = await Harness.with(plainWorld(), caller("AcrPull", GROUP));
    expect((await other.call("GET", path)).body.error.code).toBe("AuthorizationFailed");
  });
});

describe("what tells of a cluster besides", () => {
  it("is events of Kubernetes, for an hour after something failed", async () => {
    const routes = `${GROUP}/providers/Microsoft.Network/routeTables/routes`;
    const subnet = `${GROUP}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/nodes`;
    const harness = await Harness.with([
      { id: routes, type: "Microsoft.Network/routeTables", properties: {} },
      {
        id: subnet.replace("/subnets/nodes", ""),
        type: "Microsoft.Network/virtualNetworks",
        properties: { subnets: [{ name: "nodes", id: subnet, properties: { routeTable: { id: routes } } }] },
      },
      assignment("b0000000-0000-4000-8000-000000000001", subnet, ROLES.networkContributor, SERVICE_PRINCIPAL),
      ...plainWorld({ agentPoolProfiles: [{ name: "system", count: 1, mode: "System", vnetSubnetID: subnet }] }),
    ]);
    await harness.advance("30m");
    expect(await readEvents(harness)).toMatchObject([
      { reason: "SyncLoadBalancerFailed", source: { component: "service-controller" }, type: "Warning", count: 6 },
    ]);
    await harness.grant(routes, ROLES.networkContributor, SERVICE_PRINCIPAL);
    await harness.advance("2h");
    expect(await readEvents(harness)).toEqual([]);
  });

  it("is sign-ins, for whoever may read them", async () => {
    const signIn = (id: string, appId: string, createdDateTime: string, kind = "servicePrincipal"): JsonObject => ({
      type: "Microsoft.Graph/signIns",
      id,
      appId,
      createdDateTime,
      signInEventTypes: [kind],
      resourceDisplayName: "Azure Key Vault",
    });
    const harness = await Harness.with([
      ...plainWorld(),
      ...([
        signIn("1", APPLICATION, "2026-11-22T07:10:00Z"),
        signIn("2", APPLICATION, "2026-11-22T07:50:00Z"),
        signIn("3", APPLICATION, "2026-11-22T07:55:00Z", "interactiveUser"),
        signIn("4", SERVICE_PRINCIPAL, "2026-11-22T07:59:00Z"),
      ] as never[]),
    ]);
    const filter = `appId eq '${APPLICATION}' and createdDateTime ge ${START} and signInEventTypes/any(t: t eq 'servicePrincipal')`;
    const path = `/beta/auditLogs/signIns?$filter=${encodeURIComponent(filter)}&$top=1`;
    expect((await harness.call("GET", path)).status).toBe(403);
    await harness.expect(200, "PATCH", "/_emulator/behaviour", { signInsReadable: true });
    expect((await harness.get(path)).value).toMatchObject([{ id: "2", createdDateTime: "2026-11-22T07:50:00Z" }]);
  });
});

async function readEvents(harness: Harness): Promise<JsonObject[]> {
  const command = "kubectl get event --all-namespaces --field-selector type=Warning -o json";
  const started = await harness.call("POST", `${CLUSTER}/runCommand`, { command });
  await harness.advance("10s");
  const { pathname, search } = new URL(started.headers["location"]!);
  return JSON.parse((await harness.get(pathname + search)).properties.logs).items;
}
