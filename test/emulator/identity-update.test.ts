import { describe, expect, it } from "vitest";
import { CLUSTER, GROUP, Harness, kubeletIdentity, NODE_GROUP, plainWorld, ROLES, userAssigned } from "./harness.ts";

const OWN_KUBELET = /\/resourcegroups\/MC_rg-app_web_westeurope\/providers\/.*\/web-agentpool$/;

describe("moving a cluster to a user-assigned identity", () => {
  it("shows msi, Updating everywhere and empty identity values in the answer to the PUT", async () => {
    const harness = await Harness.with(plainWorld());
    const { id } = await harness.identity("id-web");
    const before = await harness.get(CLUSTER);
    expect(before).not.toHaveProperty("identity");
    const put = await harness.call("PUT", CLUSTER, await harness.clusterBody({ identity: userAssigned(id) }));
    expect(put.status).toBe(200);
    expect(put.headers["azure-asyncoperation"]).toMatch(
      /^https:\/\/management\.azure\.com\/subscriptions\/.*\/locations\/westeurope\/operations\/[0-9a-f-]{36}\?api-version=2017-08-31&t=\d+&c=.+&s=.+&h=/,
    );
    expect(put.headers).not.toHaveProperty("retry-after");
    expect(put.headers).not.toHaveProperty("location");
    expect(put.body.identity).toEqual({ type: "UserAssigned", userAssignedIdentities: { [id]: {} } });
    expect(put.body.properties.servicePrincipalProfile).toEqual({ clientId: "msi" });
    expect(put.body.properties.provisioningState).toBe("Updating");
    expect(
      put.body.properties.agentPoolProfiles.map((pool: { provisioningState: string }) => pool.provisioningState),
    ).toEqual(["Updating", "Updating"]);
    expect(put.body.properties).not.toHaveProperty("identityProfile");
    expect(put.body.properties.addonProfiles.omsagent).not.toHaveProperty("identity");
  });

  it("fills in every identity in the GET after the operation", async () => {
    const harness = await Harness.with(plainWorld());
    const identity = await harness.identity("id-web");
    await harness.expect(200, "PUT", CLUSTER, await harness.clusterBody({ identity: userAssigned(identity.id) }));
    await harness.advance("2m59s");
    expect((await harness.get(CLUSTER)).properties.provisioningState).toBe("Updating");
    await harness.advance("1s");
    const after = await harness.get(CLUSTER);
    expect(after.properties.provisioningState).toBe("Succeeded");
    expect(after.identity.userAssignedIdentities[identity.id]).toEqual({
      principalId: identity.principalId,
      clientId: identity.clientId,
    });
    expect(after.properties.identityProfile.kubeletidentity.resourceId).toMatch(OWN_KUBELET);
    expect(after.properties.identityProfile.kubeletidentity.objectId).toMatch(/^[0-9a-f-]{36}$/);
    expect(after.properties.addonProfiles.omsagent.identity.resourceId).toMatch(/omsagent-web$/);
  });

  it("keeps nodes as they are in a control-plane-only update, their scale sets one model ahead", async () => {
    const harness = await Harness.with(plainWorld());
    const { id } = await harness.identity("id-web");
    await harness.expect(200, "PUT", CLUSTER, await harness.clusterBody({ identity: userAssigned(id) }));
    await harness.advance("60m");
    const scaleSets = await harness.get(`${NODE_GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets`);
    for (const scaleSet of scaleSets.value) {
      expect(Object.keys(scaleSet.identity.userAssignedIdentities).some((key) => key.endsWith("web-agentpool"))).toBe(
        true,
      );
      const instances = await harness.get(`${scaleSet.id}/virtualMachines`);
      for (const instance of instances.value) expect(instance.properties.latestModelApplied).toBe(false);
    }
    expect((await harness.events()).filter((event) => event.kind.startsWith("node"))).toEqual([]);
  });

  it("answers a system-assigned update with the principal at once", async () => {
    const harness = await Harness.with(plainWorld());
    const put = await harness.call("PUT", CLUSTER, await harness.clusterBody({ identity: { type: "SystemAssigned" } }));
    expect(put.body.identity).toEqual({
      type: "SystemAssigned",
      principalId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      tenantId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(put.body.properties).not.toHaveProperty("identityProfile");
  });

  it("makes the new control-plane principal Contributor on the node resource group, in force at once", async () => {
    const harness = await Harness.with(plainWorld());
    const identity = await harness.identity("id-web");
    await harness.expect(200, "PUT", CLUSTER, await harness.clusterBody({ identity: userAssigned(identity.id) }));
    const listed = await harness.get(
      `${NODE_GROUP}/providers/Microsoft.Authorization/roleAssignments?$filter=principalId eq '${identity.principalId}'`,
    );
    expect(listed.value).toHaveLength(1);
    expect(listed.value[0].properties.createdOn).toBe("2026-11-22T08:00:00.0000000Z");
    expect(listed.value[0]).not.toHaveProperty("_emulator");
  });
});

describe("one PUT with both identities on a service-principal cluster", () => {
  async function combined(behaviour: Record<string, string | boolean> = {}) {
    const harness = await Harness.with(plainWorld(), behaviour);
    const { controlPlane, kubelet } = await harness.preparedIdentities();
    const body = await harness.clusterBody({ identity: userAssigned(controlPlane.id) }, kubeletIdentity(kubelet.id));
    const put = await harness.call("PUT", CLUSTER, body);
    await harness.advance("60m");
    const drained = (await harness.events()).filter((event) => event.kind === "nodeDrained");
    return { harness, put, drained, kubelet, after: await harness.get(CLUSTER) };
  }

  it("rolls every node once, pool by pool, without a failed pull", async () => {
    const { harness, drained, kubelet, after } = await combined();
    expect(drained.map((event) => event.pool)).toEqual(["system", "system", "apps", "apps", "apps"]);
    expect(after.properties.provisioningState).toBe("Succeeded");
    expect(after.properties.identityProfile.kubeletidentity).toEqual({
      resourceId: kubelet.id,
      clientId: kubelet.clientId,
      objectId: kubelet.principalId,
    });
    const events = await harness.events();
    expect(events.filter((event) => !event.ok)).toEqual([]);
    const imaged = events.filter((event) => event.kind === "nodeReimaged");
    expect(new Set(imaged.map((event) => event.identity))).toEqual(new Set([kubelet.principalId]));
    expect(imaged[0].at).toBe("2026-11-22T09:08:00.000Z");
    expect(imaged.at(-1).at).toBe("2026-11-22T09:28:00.000Z");
  });

  it("keeps the node image version through the roll", async () => {
    const harness = await Harness.with(plainWorld());
    const before = await harness.get(`${CLUSTER}/agentPools/apps`);
    const { after } = await combined();
    const apps = after.properties.agentPoolProfiles.find((pool: { name: string }) => pool.name === "apps");
    expect(apps.nodeImageVersion).toBe(before.properties.nodeImageVersion);
  });

  it("sets the identity without a roll under appliesWithoutRoll", async () => {
    const { drained, kubelet, after } = await combined({ combinedIdentityUpdate: "appliesWithoutRoll" });
    expect(drained).toEqual([]);
    expect(after.properties.identityProfile.kubeletidentity.resourceId).toBe(kubelet.id);
  });

  it("is refused with a flat body under refused, and nothing happens", async () => {
    const { put, drained, after } = await combined({ combinedIdentityUpdate: "refused" });
    expect(put.status).toBe(400);
    expect(put.body.code).toBe("CustomKubeletIdentityOnlySupportedOnUserAssignedMSICluster");
    expect(drained).toEqual([]);
    expect(after).not.toHaveProperty("identity");
  });

  it("gets the kubelet identity that AKS makes under ignoresKubelet", async () => {
    const { drained, after } = await combined({ combinedIdentityUpdate: "ignoresKubelet" });
    expect(drained).toEqual([]);
    expect(after.properties.identityProfile.kubeletidentity.resourceId).toMatch(OWN_KUBELET);
  });

  it("makes new instances instead of old ones under replacesInstance", async () => {
    const { harness } = await combined({ reimage: "replacesInstance" });
    const [scaleSet] = (await harness.get(`${NODE_GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets`)).value;
    const { value } = await harness.get(`${scaleSet.id}/virtualMachines?$expand=instanceView`);
    expect(value.map((instance: { instanceId: string }) => instance.instanceId)).toEqual(["2", "3"]);
    expect(value[0].properties.timeCreated > "2026-11-22T09:00:00").toBe(true);
  });

  it("leaves the instance and renews its provisioning time in place", async () => {
    const { harness } = await combined();
    const [scaleSet] = (await harness.get(`${NODE_GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets`)).value;
    const { value } = await harness.get(`${scaleSet.id}/virtualMachines?$expand=instanceView`);
    expect(value.map((instance: { instanceId: string }) => instance.instanceId)).toEqual(["0", "1"]);
    expect(value[0].properties.timeCreated).toBe("2026-11-22T08:00:00.000Z");
    expect(value[0].properties.instanceView.statuses[0]).toMatchObject({
      code: "ProvisioningState/succeeded",
      time: "2026-11-22T09:08:00.000Z",
    });
    expect(value[0].properties.latestModelApplied).toBe(true);
  });

  it("shows instances on the latest model throughout when latestModelApplied is true", async () => {
    const { harness } = await combined({ combinedIdentityUpdate: "appliesWithoutRoll", latestModelApplied: true });
    const [scaleSet] = (await harness.get(`${NODE_GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets`)).value;
    const { value } = await harness.get(`${scaleSet.id}/virtualMachines`);
    expect(
      value.every((item: { properties: { latestModelApplied: boolean } }) => item.properties.latestModelApplied),
    ).toBe(true);
  });
});

describe("what else an identity update does", () => {
  it("rolls in a control-plane-only update when identityUpdateReimagesNodes, and the new kubelet identity cannot pull yet", async () => {
    const harness = await Harness.with(plainWorld(), { identityUpdateReimagesNodes: true });
    const { id } = await harness.identity("id-web");
    await harness.expect(200, "PUT", CLUSTER, await harness.clusterBody({ identity: userAssigned(id) }));
    await harness.advance("60m");
    const events = await harness.events();
    expect(events.filter((event) => event.kind === "nodeDrained")).toHaveLength(5);
    const failed = events.filter((event) => event.kind === "imagePull" && !event.ok);
    expect(failed.length).toBeGreaterThanOrEqual(5);
    expect(failed[0].reason).toContain("Microsoft.ContainerRegistry/registries/pull/read");
  });

  it("rolls the pools when the kubelet identity of a managed-identity cluster changes, and shows the new one at once", async () => {
    const harness = await Harness.with(plainWorld());
    const { controlPlane, kubelet } = await harness.preparedIdentities();
    await harness.expect(200, "PUT", CLUSTER, await harness.clusterBody({ identity: userAssigned(controlPlane.id) }));
    await harness.advance("10m");
    const put = await harness.expect(200, "PUT", CLUSTER, await harness.clusterBody({}, kubeletIdentity(kubelet.id)));
    expect(put.properties.identityProfile.kubeletidentity.objectId).toBe(kubelet.principalId);
    expect(put.properties.addonProfiles.omsagent).not.toHaveProperty("identity");
    await harness.advance("60m");
    expect((await harness.events()).filter((event) => event.kind === "nodeDrained")).toHaveLength(5);
    expect((await harness.get(CLUSTER)).properties.addonProfiles.omsagent.identity.resourceId).toMatch(/omsagent-web$/);
  });

  it("does nothing but run an operation when nothing changes", async () => {
    const harness = await Harness.with(plainWorld());
    const before = await harness.get(CLUSTER);
    await harness.expect(200, "PUT", CLUSTER, before);
    await harness.advance("10m");
    const { eTag: _, ...after } = await harness.get(CLUSTER);
    const { eTag: __, ...same } = before;
    const withoutTags = (pool: Record<string, unknown>) => ({ ...pool, eTag: undefined });
    after.properties.agentPoolProfiles = after.properties.agentPoolProfiles.map(withoutTags);
    same.properties.agentPoolProfiles = same.properties.agentPoolProfiles.map(withoutTags);
    expect(after).toEqual(same);
  });

  it("takes absent fields and empty objects as unchanged", async () => {
    const harness = await Harness.with(plainWorld({ httpProxyConfig: { httpProxy: "http://proxy:3128" } }));
    const body = { location: "westeurope", properties: { storageProfile: {}, dnsPrefix: "web" } };
    await harness.expect(200, "PUT", CLUSTER, body);
    await harness.advance("10m");
    const after = await harness.get(CLUSTER);
    expect(after.properties.storageProfile).toEqual({ diskCSIDriver: { enabled: true } });
    expect(after.properties.httpProxyConfig).toEqual({ httpProxy: "http://proxy:3128" });
    expect(after.properties.agentPoolProfiles).toHaveLength(2);
  });
});

describe("what an identity update is refused for", () => {
  it("a kubelet identity before Managed Identity Operator has come into force", async () => {
    const harness = await Harness.with(plainWorld());
    const controlPlane = await harness.identity("id-web");
    const kubelet = await harness.identity("id-web-kubelet");
    const body = await harness.clusterBody({ identity: userAssigned(controlPlane.id) }, kubeletIdentity(kubelet.id));
    const without = await harness.call("PUT", CLUSTER, body);
    expect(without.status).toBe(400);
    expect(without.body).toMatchObject({
      code: "CustomKubeletIdentityMissingPermissionError",
      details: null,
      subcode: "",
    });
    await harness.grant(kubelet.id, ROLES.managedIdentityOperator, controlPlane.principalId);
    await harness.advance("19m");
    expect((await harness.call("PUT", CLUSTER, body)).status).toBe(400);
    await harness.advance("1m");
    expect((await harness.call("PUT", CLUSTER, body)).status).toBe(200);
  });

  it("accepts the role at a scope above the kubelet identity", async () => {
    const harness = await Harness.with(plainWorld());
    const controlPlane = await harness.identity("id-web");
    const kubelet = await harness.identity("id-web-kubelet");
    await harness.grant(GROUP, ROLES.managedIdentityOperator, controlPlane.principalId);
    await harness.advance("20m");
    const body = await harness.clusterBody({ identity: userAssigned(controlPlane.id) }, kubeletIdentity(kubelet.id));
    expect((await harness.call("PUT", CLUSTER, body)).status).toBe(200);
  });

  it("a kubelet identity without a user-assigned control plane", async () => {
    const harness = await Harness.with(plainWorld());
    const { kubelet } = await harness.preparedIdentities();
    const body = await harness.clusterBody({ identity: { type: "SystemAssigned" } }, kubeletIdentity(kubelet.id));
    const put = await harness.call("PUT", CLUSTER, body);
    expect([put.status, put.body.code]).toEqual([400, "CustomKubeletIdentityOnlySupportedOnUserAssignedMSICluster"]);
  });

  it("an identity that does not exist, and ids that are not the identity's own", async () => {
    const harness = await Harness.with(plainWorld());
    const gone = `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/gone`;
    const missing = await harness.call("PUT", CLUSTER, await harness.clusterBody({ identity: userAssigned(gone) }));
    expect([missing.status, missing.body.error.code]).toEqual([400, "FailedIdentityOperation"]);
    const { id } = await harness.identity("id-web");
    const invented = { type: "UserAssigned", userAssignedIdentities: { [id]: { principalId: "other" } } };
    const wrong = await harness.call("PUT", CLUSTER, await harness.clusterBody({ identity: invented }));
    expect([wrong.status, wrong.body.error.code]).toEqual([400, "InvalidIdentityValues"]);
  });

  it("a second operation while one runs, with a flat 409", async () => {
    const harness = await Harness.with(plainWorld());
    const body = await harness.get(CLUSTER);
    await harness.expect(200, "PUT", CLUSTER, body);
    const second = await harness.call("PUT", CLUSTER, body);
    expect([second.status, second.body.code]).toEqual([409, "OperationNotAllowed"]);
    const upgrade = await harness.call("POST", `${CLUSTER}/agentPools/apps/upgradeNodeImageVersion`);
    expect([upgrade.status, upgrade.body.code]).toEqual([409, "OperationNotAllowed"]);
  });

  it("an eTag that has changed since, with 412", async () => {
    const harness = await Harness.with(plainWorld());
    const before = await harness.get(CLUSTER);
    const send = (eTag: string) => harness.call("PUT", CLUSTER, before, { "if-match": eTag });
    expect((await send("other")).status).toBe(412);
    expect((await send(before.eTag)).status).toBe(200);
    await harness.advance("10m");
    expect((await send(before.eTag)).body.code).toBe("PreconditionFailed");
    expect((await send("*")).status).toBe(200);
  });

  it("a stopped cluster", async () => {
    const harness = await Harness.with(plainWorld({ powerState: { code: "Stopped" } }));
    const put = await harness.call("PUT", CLUSTER, await harness.get(CLUSTER));
    expect([put.status, put.body.code]).toEqual([409, "OperationNotAllowed"]);
  });
});
