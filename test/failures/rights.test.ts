import { describe, expect, test } from "vitest";
import { checkOperator } from "../../src/migration/operator-check.ts";
import { DEMO_CLUSTER } from "../support/cli.ts";
import { Lab } from "../support/lab.ts";
import {
  blockersOf,
  changeCluster,
  endsOf,
  failedEvents,
  GROUP,
  keysOf,
  NETWORK,
  ROUTES,
  SUBNET,
  SUBSCRIPTION,
  sent,
} from "./support.ts";

const ASSIGNMENT = /\/roleAssignments\//i;
const NETWORK_CONTRIBUTOR = "4d97b98b-1d4f-4787-a291-c67834d212e7";
const CONTRIBUTOR = "/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c";
const CONTROL_PLANE = `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-payments-prod`;

function operator(...names: string[]) {
  const roles = names.map((role) => ({ role, scope: "/" }));
  return { caller: { objectId: "11111111-2222-4333-8444-555555555555", name: "operator", type: "User", roles } };
}

describe("roles that the old principal had and the new identity needs", () => {
  test("a role that somebody else holds on the subnet does not count: the new identity gets its own", async () => {
    const lab = await Lab.open();
    const { from, facts } = (await lab.plan()).clusters[0]!;
    expect(from.servicePrincipal).toBeDefined();
    expect(facts.heldRoles).toContainEqual(expect.objectContaining({ role: "Network Contributor", scope: SUBNET }));
    expect(keysOf(await lab.plan())).toContain(`role:Network Contributor@${SUBNET}→control-plane`);
  });

  test("the route table and the subnet get their roles before the switch, and no disk or load balancer fails", async () => {
    const lab = await Lab.open();
    const plan = await lab.plan();
    expect(keysOf(plan)).toContain(`role:Network Contributor@${ROUTES}→control-plane`);
    expect(endsOf(await lab.apply(plan))).toEqual(["done"]);
    const requests = await lab.requests();
    const at = (path: RegExp) => requests.find(({ method, path: asked }) => method === "PUT" && path.test(asked))!.at;
    for (const scope of ["snet-aks-payments", "rt-aks-payments"])
      expect(at(new RegExp(`${scope}/.*roleAssignments`, "i")) < at(/managedClusters\/payments-prod(\?|$)/i)).toBe(
        true,
      );
    expect(await failedEvents(lab)).toEqual([]);
  });

  test("a private DNS zone in another subscription gets its role before the switch", async () => {
    const lab = await Lab.open({}, "private-cluster");
    const plan = await lab.plan();
    const zone = plan.clusters[0]!.facts.privateDnsZone!;
    expect(zone.split("/")[2]).not.toBe(plan.clusters[0]!.id.split("/")[2]);
    const before = plan.clusters[0]!.steps.find(({ id }) => id === "assign-roles")!;
    expect(before.changes.map(({ key }) => key)).toContain(`role:Private DNS Zone Contributor@${zone}→control-plane`);
    expect(endsOf(await lab.apply(plan))).toEqual(["done"]);
  });

  test("disks with a key of one's own and outbound addresses get their roles before the switch", async () => {
    const lab = await Lab.open({}, "production");
    const plan = await lab.plan();
    const { facts, steps } = plan.clusters[0]!;
    const keys = steps.find(({ id }) => id === "assign-roles")!.changes.map(({ key }) => key);
    expect(facts.network.publicIps.length).toBeGreaterThan(0);
    for (const ip of facts.network.publicIps) expect(keys).toContain(`role:Network Contributor@${ip}→control-plane`);
    expect(keys).toContain(`role:Reader@${facts.diskEncryptionSet}→control-plane`);
  });

  test("a storage account in another resource group stays reachable: what the old principal held there is kept", async () => {
    const lab = await Lab.open();
    const { from } = (await lab.plan()).clusters[0]!;
    const account = `${SUBSCRIPTION}/resourceGroups/rg-files/providers/Microsoft.Storage/storageAccounts/shares`;
    await lab.control("POST", "/_emulator/resources", [
      {
        id: `${account}/providers/Microsoft.Authorization/roleAssignments/99999999-1111-4222-8333-444444444441`,
        type: "Microsoft.Authorization/roleAssignments",
        properties: {
          principalId: from.servicePrincipal!.objectId,
          roleDefinitionId: `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c`,
        },
      },
    ]);
    expect(keysOf(await lab.plan())).toContain(`role:Contributor@${account}→control-plane`);
  });

  test("groups in which nodes are placed get their roles before the switch, and nodes are placed in them ever after", async () => {
    const lab = await Lab.open({}, "kubenet-plain");
    const [id] = await lab.clusterIds();
    const compute = `${id!.split("/").slice(0, 3).join("/")}/resourceGroups/rg-place/providers/Microsoft.Compute`;
    const placement = {
      proximityPlacementGroupID: `${compute}/proximityPlacementGroups/near`,
      hostGroupID: `${compute}/hostGroups/hosts`,
      capacityReservationGroupID: `${compute}/capacityReservationGroups/reserved`,
    };
    await changeCluster(lab, ({ agentPoolProfiles: [first, ...others] }) => ({
      agentPoolProfiles: [{ ...first, ...placement }, ...others],
    }));
    const groups = Object.values(placement).map((each) => ({ id: each, type: each.split("/").slice(6, 8).join("/") }));
    await lab.control("POST", "/_emulator/resources", groups);
    const principal = (await lab.plan()).clusters[0]!.from.servicePrincipal!.objectId;
    const properties = { principalId: principal, roleDefinitionId: CONTRIBUTOR };
    const name = "99999999-1111-4222-8333-444444444449";
    const group = compute.replace("/providers/Microsoft.Compute", "");
    // What the old principal needed too; held above the group, so that it is not simply copied.
    await lab.control("POST", "/_emulator/resources", [
      {
        id: `${id!.split("/").slice(0, 3).join("/")}/providers/Microsoft.Authorization/roleAssignments/${name}`,
        type: "Microsoft.Authorization/roleAssignments",
        properties,
      },
    ]);
    const plan = await lab.plan();
    const before = plan.clusters[0]!.steps.find(({ id: step }) => step === "assign-roles")!;
    const keys = before.changes.map(({ key }) => key);
    expect(keys).toContain(`role:Contributor@${group}→control-plane`);
    expect(keys).toContain(`role:Contributor@${placement.proximityPlacementGroupID}→control-plane`);
    expect(keys.filter((key) => key.includes("rg-place"))).toHaveLength(2);
    expect(endsOf(await lab.apply(plan))).toEqual(["done"]);
    const placed = (await lab.events()).filter(({ kind }) => kind === "nodePlacement");
    expect(placed.length).toBeGreaterThan(0);
    const identity = (await lab.connection
      .azure()
      .identities.get(
        `${id!.split("/").slice(0, 5).join("/")}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${plan.clusters[0]!.target.controlPlaneIdentity!.name}`,
      ))!;
    expect(placed.map((event) => event.identity)).toContain(identity.principalId);
    expect(await failedEvents(lab)).toEqual([]);
  });

  test("a key vault that encrypts etcd gets its role before the switch", async () => {
    const lab = await Lab.open();
    const { azure } = { azure: lab.connection.azure() };
    const cluster = (await azure.clusters.get(DEMO_CLUSTER))!;
    const vault = `${SUBSCRIPTION}/resourceGroups/rg-keys/providers/Microsoft.KeyVault/vaults/kv-payments`;
    const kms = { enabled: true, keyId: "https://kv-payments.vault.azure.net/keys/etcd/1", keyVaultResourceId: vault };
    const properties = { ...(cluster["properties"] as object), securityProfile: { azureKeyVaultKms: kms } };
    await lab.control("POST", "/_emulator/resources", [{ ...cluster, properties }]);
    expect(keysOf(await lab.plan())).toContain(`role:Key Vault Crypto User@${vault}→control-plane`);
    expect(blockersOf(await lab.plan({ to: "system-assigned" }))).toContain("ID007");
  });

  test("a registry that decides per repository gets the role that it heeds, one that does not gets AcrPull", async () => {
    const lab = await Lab.open({}, "azure-cni");
    const keys = keysOf(await lab.plan()).filter((key) => key.endsWith("→kubelet"));
    expect(keys.map((key) => key.replace(/@.*\//, "@"))).toEqual(
      expect.arrayContaining([
        "role:AcrPull@contosotracking→kubelet",
        "role:Container Registry Repository Reader@contososhared→kubelet",
      ]),
    );
    expect(keys.some((key) => /AcrPull@.*contososhared/.test(key))).toBe(false);
  });

  test("an application gateway's ingress add-on gets its roles as soon as its new identity is there", async () => {
    const lab = await Lab.open({}, "production");
    const plan = await lab.plan();
    const step = plan.clusters[0]!.steps.find(({ id }) => id === "grant-addon-roles")!;
    expect(step.changes.map(({ key }) => key)).toContainEqual(
      expect.stringMatching(/→addon:ingressApplicationGateway$/i),
    );
    const { results, run } = await lab.apply(plan);
    expect(
      results.map(({ outcome }) => outcome.kind),
      run.id,
    ).toEqual(["done"]);
    const cluster = (await lab.connection.azure().clusters.get(plan.clusters[0]!.id))!;
    const addons = (cluster["properties"] as { addonProfiles: Record<string, { identity?: { objectId: string } }> })
      .addonProfiles;
    const gateway = addons["ingressApplicationGateway"]!.identity!.objectId;
    const assigned = (await sent(lab, ASSIGNMENT)).map(({ body }) => body.properties.principalId);
    expect(assigned).toContain(gateway);
  });

  test("virtual nodes get their role on the virtual network, legacy monitoring its role on the cluster", async () => {
    const lab = await Lab.open();
    const cluster = (await lab.connection.azure().clusters.get(DEMO_CLUSTER))!;
    const properties = cluster["properties"] as { addonProfiles: object };
    const addonProfiles = {
      ...properties.addonProfiles,
      aciConnectorLinux: { enabled: true, config: { SubnetName: "snet-aci" } },
    };
    await lab.control("POST", "/_emulator/resources", [{ ...cluster, properties: { ...properties, addonProfiles } }]);
    const keys = keysOf(await lab.plan());
    expect(keys).toContain(`role:Contributor@${SUBNET.replace(/\/subnets\/.*/, "")}→addon:aciConnectorLinux`);
    expect(keys).toContain(`role:Monitoring Metrics Publisher@${DEMO_CLUSTER}→addon:omsagent`);
  });
});

describe("role assignments as they are sent", () => {
  test("name the principal's object id and its type, never its client id", async () => {
    const lab = await Lab.open({ principalReplication: "10m" });
    expect(endsOf(await lab.apply(await lab.plan()))).toEqual(["done"]);
    const identity = (await lab.connection.azure().identities.get(CONTROL_PLANE))!;
    const bodies = (await sent(lab, ASSIGNMENT)).map(({ body }) => body.properties);
    expect(bodies.length).toBeGreaterThan(0);
    for (const { principalId, principalType } of bodies) {
      expect(principalType).toBe("ServicePrincipal");
      expect(principalId).not.toBe(identity.clientId);
    }
    expect(bodies.map(({ principalId }) => principalId)).toContain(identity.principalId);
  });

  test("that are there already under another name are taken over, also when the message reads differently", async () => {
    const lab = await Lab.open();
    const plan = await lab.plan();
    const prepared = await lab.apply(plan, undefined);
    expect(endsOf(prepared)).toEqual(["done"]);
    const { roles } = lab.connection.azure();
    const identity = (await lab.connection.azure().identities.get(CONTROL_PLANE))!;
    const scope = `${NETWORK}/routeTables/rt-second`;
    const name = "99999999-1111-4222-8333-444444444442";
    const id = `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;
    const roleDefinitionId = `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/${NETWORK_CONTRIBUTOR}`;
    await lab.control("POST", "/_emulator/resources", [
      {
        id,
        type: "Microsoft.Authorization/roleAssignments",
        properties: { principalId: identity.principalId, roleDefinitionId },
      },
    ]);
    await lab.control("POST", "/_emulator/faults", {
      match: { method: "PUT", pathPattern: "rt-second/.*roleAssignments" },
      fault: { status: 409, code: "RoleAssignmentExists", message: "Worded in a new way." },
    });
    const assigned = await roles.assign({
      scope,
      role: "Network Contributor",
      roleGuid: NETWORK_CONTRIBUTOR,
      principalId: identity.principalId,
    });
    expect([assigned.adopted, assigned.id.endsWith(name)]).toEqual([true, true]);
  });

  test("have another name when an identity was deleted and made again under the same name", async () => {
    const lab = await Lab.open();
    const { roles } = lab.connection.azure();
    const assign = (principalId: string) =>
      roles.assign({ scope: ROUTES, role: "Network Contributor", roleGuid: NETWORK_CONTRIBUTOR, principalId });
    const first = await assign("aaaaaaaa-1111-4222-8333-444444444441");
    const second = await assign("aaaaaaaa-1111-4222-8333-444444444442");
    expect(first.id).not.toBe(second.id);
    expect((await assign("aaaaaaaa-1111-4222-8333-444444444442")).id).toBe(second.id);
  });
});

describe("rights of the operator", () => {
  test("an AKS Contributor who may not assign the new identities is told so before anything is written", async () => {
    const lab = await Lab.open(
      operator(
        "Azure Kubernetes Service Contributor Role",
        "Managed Identity Contributor",
        "User Access Administrator",
        "Reader",
      ),
    );
    const plan = await lab.plan();
    expect(blockersOf(plan)).toEqual(["RB014"]);
    expect(plan.clusters[0]!.findings.map(({ seen }) => seen).join()).toContain(
      "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
    );
    expect(await lab.writes()).toEqual([]);
  });

  test("that leave out the pools' upgrade profiles are told so", async () => {
    const lab = await Lab.open();
    const { settings, clusters } = await lab.plan({ clusterIds: [DEMO_CLUSTER] });
    const action = "Microsoft.ContainerService/managedClusters/agentPools/upgradeProfiles/read";
    const findingsWithout = async (...notActions: string[]) => {
      const { roles } = lab.connection.azure();
      const azure = { roles: { ...roles, permissions: async () => [{ actions: ["*"], notActions }] } } as never;
      return checkOperator(azure, { settings, clusters });
    };
    expect(await findingsWithout()).toEqual([]);
    expect(await findingsWithout(action)).toEqual([
      expect.objectContaining({ check: "RB014", severity: "blocker", seen: expect.stringContaining(action) }),
    ]);
  });
});
