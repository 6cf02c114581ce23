import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BUILT_IN_ROLES } from "../../src/emulator/roles.ts";
import { planHash } from "../../src/plan/canonical.ts";
import { createMask } from "../../src/rehearse/mask.ts";
import { withoutSecrets } from "../../src/rehearse/outline.ts";
import { saveTwin } from "../../src/rehearse/save-twin.ts";
import { Lab } from "../support/lab.ts";
import { type Plain, rehearse, twinOf } from "./support.ts";

const GUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;

function guidsIn(value: unknown): Set<string> {
  return new Set((JSON.stringify(value).match(GUID) ?? []).map((guid) => guid.toLowerCase()));
}

function newFile(): string {
  return join(mkdtempSync(join(tmpdir(), "aks-mi-twin-")), "twin.yaml");
}

test("a rehearsal with everything asks the live side for nothing but reads", async () => {
  const lab = await Lab.open();
  const plan = await lab.plan();
  const before = (await lab.requests()).length;
  const events = (await lab.events()).length;
  await rehearse(lab, plan, { faultSeed: 3 });
  const asked = (await lab.requests()).slice(before);
  expect(asked.length).toBeGreaterThan(10);
  expect(new Set(asked.map(({ method }) => method))).toEqual(new Set(["GET"]));
  expect((await lab.events()).length).toBe(events);
});

const SCENARIOS = ["demo", "production", "private-cluster", "azure-cni", "windows-and-spot", "kubenet-plain"];

test.each(SCENARIOS)("a twin of %s that was saved loads as a scenario and plans the same", async (scenario) => {
  const lab = await Lab.open({}, scenario);
  const plan = await lab.plan();
  const twin = await twinOf(lab, plan);
  const file = newFile();
  saveTwin(file, twin, "A twin.");
  const copy = await Lab.open({}, file);
  expect(await copy.clusterIds()).toEqual(await lab.clusterIds());
  expect(planHash(await copy.plan())).toBe(planHash(plan));
});

test("a masked twin has no id of the estate left, and the same plan is made on it", async () => {
  const lab = await Lab.open();
  const plan = await lab.plan();
  const twin = await twinOf(lab, plan);
  const file = newFile();
  saveTwin(file, createMask(twin.resources)(twin), "A masked twin.");
  const originals = guidsIn(await lab.control("GET", "/_emulator/resources"));
  const publicIds = new Set(BUILT_IN_ROLES.map(({ guid }) => guid));
  const text = readFileSync(file, "utf8");
  expect([...guidsIn(text)].filter((guid) => originals.has(guid) && !publicIds.has(guid))).toEqual([]);

  const copy = await Lab.open({}, file);
  const masked = await copy.plan();
  const summaries = ({ clusters }: typeof plan) =>
    clusters.map(({ steps }) => steps.map(({ id, changes }) => [id, changes.map(({ summary }) => summary)]));
  expect(summaries(masked)).toEqual(summaries(plan));
  expect((await copy.apply(masked)).results.map(({ outcome }) => outcome.kind)).toEqual(["done"]);
});

test("a mask replaces an id by the same other one everywhere, dashes or not in the case, and the digits that az takes from it", () => {
  const id = "3f0b6c1e-9a54-4d1c-8f27-5b1d7c0a9e01";
  const mask = createMask([{ id: `/subscriptions/${id}` }]);
  const masked = mask({ a: id, b: id.toUpperCase(), dns: "shop-rg-3f0b6c", other: "3f0b6cde1", name: "payments" });
  expect(masked.a).toBe(masked.b);
  expect(masked.a).not.toBe(id);
  expect(masked).toMatchObject({ dns: "shop-rg-000000", other: "3f0b6cde1", name: "payments" });
});

test("secrets and people stay out of a twin, settings that sound like secrets stay in", () => {
  const kept = withoutSecrets({
    id: "/x",
    systemData: { createdBy: "someone@contoso.com" },
    properties: {
      servicePrincipalProfile: { clientId: "c", secret: "s3cret" },
      windowsProfile: { adminUsername: "a", adminPassword: "s3cret" },
      aadProfile: { serverAppSecret: "s3cret" },
      httpProxyConfig: { httpProxy: "http://user:s3cret@proxy:3128/" },
      addonProfiles: { azureKeyvaultSecretsProvider: { config: { enableSecretRotation: "true" } } },
    },
  });
  expect(JSON.stringify(kept)).not.toMatch(/s3cret|someone/);
  expect(kept).toMatchObject({
    properties: {
      servicePrincipalProfile: { clientId: "c" },
      httpProxyConfig: { httpProxy: "http://REDACTED@proxy:3128/" },
      addonProfiles: { azureKeyvaultSecretsProvider: { config: { enableSecretRotation: "true" } } },
    },
  });
});

test("what may not be read is said, and the rest is rehearsed", async () => {
  const lab = await Lab.open();
  const plan = await lab.plan();
  await lab.control("PATCH", "/_emulator/behaviour", { graphDenied: true });
  for (const pathPattern of ["/maintenanceConfigurations", "/routeTables/"])
    await lab.control("POST", "/_emulator/faults", {
      match: { method: "GET", pathPattern: `${pathPattern}[^?]*\\?api-version=[^&]*$` },
      fault: { status: 403, code: "AuthorizationFailed", message: "No." },
      times: 1,
    });
  const { twin, through } = await rehearse(lab, plan);
  expect(twin.gaps.map(({ what }) => what)).toEqual([
    "the service principal 5e8a1c37-2b9f-4d60-b7c4-e1f3a60d9b25 in Microsoft Entra",
    expect.stringContaining("/routeTables/rt-aks-payments"),
    "the maintenance configurations of payments-prod",
  ]);
  expect(twin.gaps.map(({ reason }) => reason)[1]).toBe("AuthorizationFailed (HTTP 403)");
  expect(through).toBe(true);
});

test("where groups may not be looked into, what principals hold themselves is still in the twin", async () => {
  const lab = await Lab.open();
  const plan = await lab.plan();
  const whole = await twinOf(lab, plan);
  await lab.control("POST", "/_emulator/faults", {
    match: { method: "GET", pathPattern: "assignedTo" },
    fault: { status: 403, code: "AuthorizationFailed", message: "No." },
    times: 100,
  });
  const { resources, gaps } = await twinOf(lab, plan);
  expect(resources).toEqual(whole.resources);
  expect(gaps.length).toBeGreaterThan(0);
  expect(gaps.every(({ what }) => what.includes("through groups"))).toBe(true);
});

test("custom roles and rights held through groups are in the twin", async () => {
  const lab = await Lab.open({}, "kubenet-plain");
  const [clusterId] = await lab.clusterIds();
  const subscription = `/subscriptions/${clusterId!.split("/")[2]}`;
  const roleId = `${subscription}/providers/Microsoft.Authorization/roleDefinitions/11111111-2222-4333-8444-555555555555`;
  const group = "99999999-2222-4333-8444-555555555555";
  const principals = (await lab.control<Plain[]>("GET", "/_emulator/resources")).filter(
    ({ type }) => String(type) === "Microsoft.Graph/servicePrincipals",
  );
  await lab.control("POST", "/_emulator/resources", [
    { id: group, type: "Microsoft.Graph/groups", displayName: "aks", members: principals.map(({ id }) => id) },
    { id: roleId, properties: { roleName: "Puller", type: "CustomRole", permissions: [{ actions: ["*/pull/read"] }] } },
    {
      id: `${subscription}/resourceGroups/rg-other/providers/Microsoft.Authorization/roleAssignments/22222222-2222-4333-8444-555555555555`,
      properties: { principalId: group, principalType: "Group", roleDefinitionId: roleId },
    },
  ]);
  const plan = await lab.plan();
  const twin = await twinOf(lab, plan);
  const ofType = (type: string) => twin.resources.filter((resource) => resource["type"] === type);
  expect(ofType("Microsoft.Graph/groups")).toMatchObject([{ id: group, members: [principals[0]!["id"]] }]);
  expect(ofType("Microsoft.Authorization/roleDefinitions")).toMatchObject([{ properties: { roleName: "Puller" } }]);
});
