import { expect } from "vitest";
import { advance, azure, behave, put } from "./azure.ts";
import { type Branch, isRefusing, testBranches, unwrapped, type World } from "./support.ts";

/** The demo's service principal and its application. */
const PRINCIPAL = "91d5f0ae-64c7-4b0e-9a3d-0f7c2b8e5d14";
const CLIENT = "5e8a1c37-2b9f-4d60-b7c4-e1f3a60d9b25";
const APPLICATION = "c4b7e2d1-0a35-4f8e-8b69-d27f5a1e3c06";
const REGISTRY =
  "/subscriptions/7c2d4a90-1e6b-4f35-a0d8-2e9b6f41c802/resourceGroups/rg-registries/providers/Microsoft.ContainerRegistry/registries/contosoplatform";

/** Gives the application one credential with this end. */
function endCredential(world: World, endDateTime: string) {
  return put(world, {
    type: "Microsoft.Graph/applications",
    id: APPLICATION,
    appId: CLIENT,
    displayName: "sp-aks-payments-prod",
    passwordCredentials: [{ endDateTime }],
  });
}

function setEnabled(world: World, accountEnabled: boolean) {
  return put(world, {
    type: "Microsoft.Graph/servicePrincipals",
    id: PRINCIPAL,
    appId: CLIENT,
    servicePrincipalNames: [CLIENT],
    displayName: "sp-aks-payments-prod",
    accountEnabled,
  });
}

/** What `az aks update-credentials` does: every node is imaged again with it. */
async function resetCredentials(world: World, clientId: string): Promise<void> {
  await azure(world, "POST", `${world.cluster}/resetServicePrincipalProfile`, { clientId, secret: "not looked at" });
  await advance(world, "2h");
}

async function deletePrincipal(world: World): Promise<void> {
  await azure(world, "DELETE", `/v1.0/applications/${APPLICATION}`);
}

/** Deleted, and the thirty days in which it could be restored are over. */
async function purgePrincipal(world: World): Promise<void> {
  await deletePrincipal(world);
  for (const id of [PRINCIPAL, APPLICATION]) await azure(world, "DELETE", `/v1.0/directory/deletedItems/${id}`);
}

/** Another service principal for the cluster, with the rights that it needs. */
async function useAnotherPrincipal(world: World): Promise<void> {
  const [id, appId] = ["11111111-3333-4333-8333-333333333333", "22222222-3333-4333-8333-333333333333"];
  const subnet = `${world.cluster.split("/").slice(0, 3).join("/")}/resourceGroups/rg-network-prod/providers/Microsoft.Network/virtualNetworks/vnet-prod-weu/subnets/snet-aks-payments`;
  const routes = subnet.replace(/virtualNetworks.*/, "routeTables/rt-aks-payments");
  const role = (scope: string, guid: string, name: string) => ({
    id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}-3333-4333-8333-333333333333`,
    type: "Microsoft.Authorization/roleAssignments",
    properties: {
      principalId: id,
      roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${guid}`,
    },
  });
  const network = "4d97b98b-1d4f-4787-a291-c67834d212e7";
  const nodeGroup = `${world.cluster.split("/").slice(0, 3).join("/")}/resourceGroups/${await nodeGroupOf(world)}`;
  await put(
    world,
    { type: "Microsoft.Graph/servicePrincipals", id, appId, servicePrincipalNames: [appId], displayName: "sp-next" },
    role(subnet, network, "33333333"),
    role(routes, network, "44444444"),
    role(REGISTRY, "7f951dda-4ed3-4680-a7ca-43fe172d538d", "55555555"),
    role(nodeGroup, "b24988ac-6180-42a0-ab88-20f7382dd24c", "66666666"),
  );
  await resetCredentials(world, appId);
}

async function nodeGroupOf(world: World): Promise<string> {
  const cluster = await azure(world, "GET", world.cluster);
  return String((cluster["properties"] as { nodeResourceGroup: string }).nodeResourceGroup);
}

/** The plan was for another service principal: a new one is made. */
async function planAgain({ line, cluster }: World) {
  const stale = await line.run("resume");
  expect(stale, stale.stderr).toMatchObject({ code: 5 });
  expect(stale.stderr).toContain("clientId");
  const file = line.file("next.yaml");
  const planned = await line.run("plan", "--id", cluster, "--out", file);
  expect(planned, planned.stderr).toMatchObject({ code: 0 });
  return line.run("apply", "--plan", file, "--yes", "-o", "jsonl");
}

const DEAD = {
  scenario: "demo",
  path: "service-principal-to-user-assigned",
  gaps: ["gap:kubelet", "gap:addon:omsagent", "gap:service-principal"],
  drainsTwice: true,
} as const;

const WARNING = /attaches no disk, changes no load balancer, and pulls no image.*Should Azure refuse the switch/;

const BRANCHES: readonly Branch[] = [
  {
    ...DEAD,
    name: "a service principal whose secret has expired",
    arrange: (world) => endCredential(world, "2026-11-01T00:00:00Z"),
    says: [/CRITICAL ID003 the last credential of sp-aks-payments-prod expired on 2026-11-01/, WARNING],
    stops: [
      {
        code: 1,
        says: /BadRequest.*AADSTS7000222.*Remedy: Give the cluster a valid secret with `az aks update-credentials/s,
        when: isRefusing,
        cure: async (world) => {
          await endCredential(world, "2027-11-01T00:00:00Z");
          await resetCredentials(world, CLIENT);
        },
      },
    ],
  },
  {
    ...DEAD,
    name: "a service principal that is disabled",
    arrange: (world) => setEnabled(world, false),
    says: [/CRITICAL ID004 the service principal sp-aks-payments-prod is disabled/],
    stops: [
      {
        code: 1,
        says: /ServicePrincipalNotFound/,
        when: isRefusing,
        cure: (world) => setEnabled(world, true),
      },
    ],
  },
  {
    ...DEAD,
    name: "a service principal that was deleted and can be restored: its roles are still known",
    arrange: deletePrincipal,
    says: [/CRITICAL ID004 .* has been among the deleted items of the directory since 2026-11-22/, WARNING, /restore/],
    stops: [
      {
        code: 1,
        says: /ServicePrincipalNotFound.*Remedy: Give the cluster a valid secret/s,
        when: isRefusing,
        cure: async (world) => {
          for (const id of [APPLICATION, PRINCIPAL])
            await azure(world, "POST", `/v1.0/directory/deletedItems/${id}/restore`);
        },
      },
    ],
  },
  {
    ...DEAD,
    name: "a service principal that is gone for good",
    arrange: async (world) => {
      await purgePrincipal(world);
      const blocked = await world.line.run("plan", "--id", world.cluster);
      expect(blocked.code).toBe(4);
      expect(unwrapped(blocked.stdout)).toMatch(/BLOCKER RB011 nobody knows which registries the nodes pull from/);
    },
    flags: ["--registry", REGISTRY],
    says: [
      /CRITICAL ID004 the service principal \S+ is gone from the directory/,
      /(high|HIGH) RB013 the roles .* cannot be found/,
    ],
    stops: [
      {
        code: 1,
        says: /ServicePrincipalNotFound/,
        when: isRefusing,
        cure: useAnotherPrincipal,
        next: planAgain,
      },
    ],
  },
  {
    ...DEAD,
    name: "an expired secret, on the way to the system-assigned identity",
    scenario: "kubenet-plain",
    path: "service-principal-to-system-assigned",
    flags: ["--to", "system-assigned"],
    behaviour: { newerNodeImage: true },
    arrange: async (world) => {
      const resources = await world.lab.control<Record<string, unknown>[]>("GET", "/_emulator/resources");
      const application = resources.find(({ type }) => /applications$/i.test(String(type)));
      await put(world, { ...application, passwordCredentials: [{ endDateTime: "2026-11-01T00:00:00Z" }] } as never);
    },
    gaps: ["gap:kubelet", "gap:service-principal"],
    stops: [
      {
        code: 1,
        says: /AADSTS7000222/,
        when: isRefusing,
        cure: (world) => behave(world, { deadPrincipalUpdate: "accepted" }),
      },
    ],
  },
  {
    name: "a secret that ends before the plan does, planned once it is renewed",
    scenario: "demo",
    path: "service-principal-to-user-assigned",
    arrange: async (world) => {
      const { line, lab, cluster } = world;
      await endCredential(world, "2026-11-23T06:00:00Z");
      const blocked = await line.run("plan", "--id", cluster);
      expect(blocked.code).toBe(4);
      expect(unwrapped(blocked.stdout)).toMatch(
        /BLOCKER RD015 the old principal's last credential expires on 2026-11-23/,
      );
      expect(await lab.writes()).toEqual([]);
      await endCredential(world, "2027-11-23T06:00:00Z");
    },
    gaps: ["gap:kubelet", "gap:addon:omsagent"],
  },
  {
    name: "a directory that may not be read, with the registries named",
    scenario: "demo",
    path: "service-principal-to-user-assigned",
    behaviour: { graphDenied: true },
    flags: ["--registry", REGISTRY],
    gaps: ["gap:kubelet", "gap:addon:omsagent"],
    says: [/(high|HIGH) RB013 Microsoft Graph does not let you look up the service principal/],
  },
];

testBranches(BRANCHES);
