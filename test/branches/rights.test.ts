import { readFileSync } from "node:fs";
import { asObject, asString, type JsonObject } from "../../src/azure/json.ts";
import type { Scenario } from "../../src/emulator/scenario.ts";
import { BUILT_IN_ROLES } from "../../src/migration/built-in-roles.ts";
import { azure, clusterIn, put } from "./azure.ts";
import { type Branch, testBranches, type World } from "./support.ts";

const SUBSCRIPTION = "/subscriptions/3f0b6c1e-9a54-4d1c-8f27-5b1d7c0a9e01";
const PLATFORM = "/subscriptions/7c2d4a90-1e6b-4f35-a0d8-2e9b6f41c802";
const REGISTRY = `${PLATFORM}/resourceGroups/rg-registries/providers/Microsoft.ContainerRegistry/registries/contosoplatform`;
const SUBNET = `${SUBSCRIPTION}/resourceGroups/rg-network-prod/providers/Microsoft.Network/virtualNetworks/vnet-prod-weu/subnets/snet-aks-payments`;
const PRINCIPAL = "91d5f0ae-64c7-4b0e-9a3d-0f7c2b8e5d14";
const GROUP = "99999999-1111-4222-8333-444444444444";
const DEMO_GAPS = ["gap:kubelet", "gap:addon:omsagent"];

/** A role assignment; one with a date counts from then. */
function assignment(scope: string, roleGuid: string, principalId: string, index: number, createdOn?: string) {
  return {
    id: `${scope}/providers/Microsoft.Authorization/roleAssignments/bbbbbbbb-1111-4222-8333-4444444444${10 + index}`,
    type: "Microsoft.Authorization/roleAssignments",
    properties: {
      principalId,
      scope,
      roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${roleGuid}`,
      ...(createdOn ? { createdOn, updatedOn: createdOn } : {}),
    },
  };
}

/** Everything that the service principal holds is held by a group that it is in. */
function holdThroughGroup({ resources }: Scenario): void {
  for (const resource of resources) {
    const properties = asObject(resource["properties"]) as Record<string, unknown>;
    if (properties["principalId"] === PRINCIPAL)
      Object.assign(properties, { principalId: GROUP, principalType: "Group" });
  }
  resources.unshift({ type: "Microsoft.Graph/groups", id: GROUP, displayName: "aks", members: [PRINCIPAL] });
}

/** The registry is reached only by a role on its whole subscription. */
function pullFromAnywhere({ resources }: Scenario): void {
  const held = resources.find(({ id }) => id.toLowerCase().startsWith(`${REGISTRY.toLowerCase()}/providers/`))!;
  resources.splice(resources.indexOf(held), 1, assignment(PLATFORM, BUILT_IN_ROLES.AcrPull, PRINCIPAL, 1));
}

/** The identity that the plan takes over is in a group that holds what it needs: groups take hours to work. */
async function rightsOfGroup(world: World): Promise<void> {
  const id = `${world.cluster.split("/").slice(0, 5).join("/")}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-payments-prod`;
  const identity = await azure(world, "PUT", id, { location: "westeurope" });
  const member = asString(asObject(identity["properties"])["principalId"])!;
  await put(
    world,
    { type: "Microsoft.Graph/groups", id: GROUP, displayName: "aks", members: [member] },
    assignment(SUBNET, BUILT_IN_ROLES["Network Contributor"], GROUP, 1),
  );
}

interface Request {
  readonly role: keyof typeof BUILT_IN_ROLES;
  readonly scope: string;
  readonly command: string;
}

/** Whoever may assign roles looks every half an hour what of the requests can be done, and does it. */
async function answerRequests(world: World): Promise<void> {
  const { requests } = JSON.parse(readFileSync(world.line.file("requests.json"), "utf8")) as { requests: Request[] };
  const open = new Map(requests.entries());
  for (let round = 0; open.size > 0 && round < 24; round += 1) {
    await world.lab.clock.sleep(30 * 60_000);
    for (const [index, { role, scope, command }] of open) {
      const principal = await principalIn(world, command);
      if (!principal) continue;
      const now = world.lab.clock.now().toISOString();
      await put(world, assignment(scope, BUILT_IN_ROLES[role], principal, index, now));
      open.delete(index);
    }
  }
}

/** What the query inside a request's command prints: the object id of an identity that may not be there yet. */
async function principalIn(world: World, command: string): Promise<string | undefined> {
  const [, id, query] = /--ids (\S+) --query (\S+)/.exec(command)!;
  const found = await azure(world, "GET", id!).catch(() => undefined);
  let value: unknown = found && { ...found, ...asObject(found["properties"]) };
  for (const key of query!.split(".")) value = asObject(value as JsonObject)[key];
  return asString(value as JsonObject[string]);
}

/** May do everything but assign roles. */
const NO_OWNER = {
  caller: {
    objectId: "11111111-2222-4333-8444-555555555555",
    name: "operator",
    type: "User",
    roles: ["Contributor", "Managed Identity Operator"].map((role) => ({ role, scope: "/" })),
  },
};

const BRANCHES: readonly Branch[] = [
  {
    name: "a registry that decides per repository, beside one that does not",
    scenario: "azure-cni",
    path: "service-principal-to-user-assigned",
    behaviour: { newerNodeImage: true },
    gaps: ["gap:kubelet"],
    says: [/Container Registry Repository Reader on registry contososhared/, /AcrPull on registry contosotracking/],
  },
  {
    name: "a private DNS zone in another subscription",
    scenario: "private-cluster",
    path: "service-principal-to-user-assigned",
    gaps: ["gap:kubelet"],
    says: [/Private DNS Zone Contributor on/],
  },
  {
    name: "everything attached: key, addresses, route table, application gateway, add-ons",
    scenario: "production",
    path: "service-principal-to-user-assigned",
    flags: ["--ignore-preflight", "RD008"],
    gaps: ["gap:kubelet", "gap:addon:omsagent", "gap:addon:ingressApplicationGateway"],
    says: [/Reader on disk encryption set des-core/, /Network Contributor on: public IP pip-core-out-1/],
  },
  {
    name: "virtual nodes, whose add-on gets an identity of its own",
    scenario: "demo",
    path: "service-principal-to-user-assigned",
    alter: (scenario) => {
      const addons = clusterIn(scenario).properties["addonProfiles"] as Record<string, unknown>;
      addons["aciConnectorLinux"] = { enabled: true, config: { SubnetName: "snet-aci" } };
    },
    gaps: [...DEMO_GAPS, "gap:addon:aciConnectorLinux"],
  },
  {
    name: "rights that the service principal holds through a group only",
    scenario: "demo",
    path: "service-principal-to-user-assigned",
    alter: holdThroughGroup,
    gaps: DEMO_GAPS,
    says: [new RegExp(`through the group ${GROUP}`)],
  },
  {
    name: "a right that the new identity holds through a group only, which does not count",
    scenario: "demo",
    path: "service-principal-to-user-assigned",
    arrange: rightsOfGroup,
    gaps: DEMO_GAPS,
    says: [/Network Contributor on subnet vnet-prod-weu.snet-aks-payments/],
  },
  {
    name: "a registry that is reached by a role on its whole subscription, and named",
    scenario: "demo",
    path: "service-principal-to-user-assigned",
    alter: pullFromAnywhere,
    flags: ["--registry", REGISTRY],
    gaps: DEMO_GAPS,
    says: [/named with --registry/],
  },
  {
    name: "roles that another person assigns",
    scenario: "demo",
    path: "service-principal-to-user-assigned",
    behaviour: NO_OWNER,
    flags: ({ line }) => ["--role-requests", line.file("requests.json")],
    meanwhile: answerRequests,
    gaps: DEMO_GAPS,
  },
  {
    name: "roles that another person assigns, those of identities that AKS makes among them",
    scenario: "demo",
    path: "service-principal-to-user-assigned",
    behaviour: NO_OWNER,
    flags: ({ line }) => ["--kubelet-identity", "aks", "--role-requests", line.file("requests.json")],
    meanwhile: answerRequests,
    gaps: DEMO_GAPS,
  },
];

testBranches(BRANCHES);
