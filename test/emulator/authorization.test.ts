import { describe, expect, it } from "vitest";
import {
  assignment,
  CLUSTER,
  GROUP,
  Harness,
  plainWorld,
  REGISTRY,
  ROLES,
  roleId,
  SERVICE_PRINCIPAL,
  SUBSCRIPTION,
} from "./harness.ts";

const AT = `/subscriptions/${SUBSCRIPTION}`;
const NAME = "c0000000-0000-4000-8000-000000000001";

function assignmentPath(scope: string, name = NAME): string {
  return `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;
}

describe("role assignments", () => {
  it("come back as Azure shows them, with seven digits in their times", async () => {
    const harness = await Harness.with(plainWorld());
    const body = await harness.expect(201, "PUT", assignmentPath(GROUP), {
      properties: { roleDefinitionId: roleId(ROLES.reader), principalId: SERVICE_PRINCIPAL },
    });
    expect(body).toEqual({
      properties: {
        roleDefinitionId: roleId(ROLES.reader),
        principalId: SERVICE_PRINCIPAL,
        principalType: "ServicePrincipal",
        scope: GROUP,
        condition: null,
        conditionVersion: null,
        createdOn: "2026-11-22T08:00:00.0000000Z",
        updatedOn: "2026-11-22T08:00:00.0000000Z",
        createdBy: null,
        updatedBy: expect.any(String),
        delegatedManagedIdentityResourceId: null,
        description: null,
      },
      id: assignmentPath(GROUP),
      type: "Microsoft.Authorization/roleAssignments",
      name: NAME,
    });
  });

  it("exist once per scope, role and principal: another name is 409, the same name 200", async () => {
    const harness = await Harness.with(plainWorld());
    const properties = {
      roleDefinitionId: roleId(ROLES.acrPull),
      principalId: SERVICE_PRINCIPAL,
      principalType: "ServicePrincipal",
    };
    const other = await harness.call("PUT", assignmentPath(REGISTRY), { properties });
    expect(other.status).toBe(409);
    expect(other.body).toEqual({
      error: { code: "RoleAssignmentExists", message: "The role assignment already exists." },
    });
    await harness.expect(200, "PUT", assignmentPath(REGISTRY, "a0000000-0000-4000-8000-000000000001"), { properties });
  });

  it("do not change their principal or role", async () => {
    const harness = await Harness.with(plainWorld());
    const answer = await harness.grant(
      REGISTRY,
      ROLES.acrPull,
      "d0000000-0000-4000-8000-000000000001",
      "a0000000-0000-4000-8000-000000000001",
    );
    expect([answer.status, answer.body.error.code]).toEqual([400, "RoleAssignmentUpdateNotPermitted"]);
  });

  it("do not see a new principal before the directory has replicated it, unless principalType is sent", async () => {
    const harness = await Harness.with(plainWorld());
    const { principalId } = await harness.identity("id-web");
    const body = { properties: { roleDefinitionId: roleId(ROLES.reader), principalId } };
    const early = await harness.call("PUT", assignmentPath(GROUP), body);
    expect([early.status, early.body.error.code]).toEqual([400, "PrincipalNotFound"]);
    expect(early.body.error.message).toContain(
      `Principal ${principalId.replaceAll("-", "")} does not exist in the directory`,
    );
    expect((await harness.grant(AT, ROLES.reader, principalId)).status).toBe(201);
    await harness.advance("30s");
    expect((await harness.call("PUT", assignmentPath(GROUP), body)).status).toBe(201);
  });

  it("are listed at, above and below a scope, narrowed by filters", async () => {
    const harness = await Harness.with([
      ...plainWorld(),
      assignment("a0000000-0000-4000-8000-000000000002", AT, ROLES.reader, SERVICE_PRINCIPAL),
    ]);
    const list = async (scope: string, filter: string) => {
      const query = filter ? `?$filter=${encodeURIComponent(filter)}` : "";
      const { value } = await harness.get(`${scope}/providers/Microsoft.Authorization/roleAssignments${query}`);
      return value.map((item: { properties: { scope: string } }) => item.properties.scope);
    };
    expect(await list(AT, "atScope()")).toEqual([AT]);
    expect(await list(REGISTRY, "atScope()")).toEqual([REGISTRY, AT]);
    expect(await list(AT, `principalId eq '${SERVICE_PRINCIPAL}'`)).toHaveLength(3);
    expect(await list(REGISTRY, `atScope() and assignedTo('${SERVICE_PRINCIPAL}')`)).toEqual([REGISTRY, AT]);
    expect(await list(AT, "principalId eq 'd0000000-0000-4000-8000-000000000001'")).toEqual([]);
  });

  it("are there and gone with 200 and 204", async () => {
    const harness = await Harness.with(plainWorld());
    const path = assignmentPath(REGISTRY, "a0000000-0000-4000-8000-000000000001");
    expect((await harness.get(path)).properties.createdOn).toMatch(/^2025-11-22T.*0000Z$/);
    await harness.expect(200, "DELETE", path);
    await harness.expect(204, "DELETE", path);
    await harness.expect(404, "GET", path);
  });
});

describe("role definitions", () => {
  it("are found by name at any scope, without regard to case, exactly once", async () => {
    const harness = await Harness.with(plainWorld());
    const path = `${REGISTRY}/providers/Microsoft.Authorization/roleDefinitions`;
    const { value } = await harness.get(`${path}?$filter=roleName eq 'acrpull'`);
    expect(value).toHaveLength(1);
    expect(value[0].id).toBe(roleId(ROLES.acrPull));
    expect((await harness.get(path)).value.length).toBeGreaterThan(20);
    expect((await harness.get(`${path}/${ROLES.acrPull}`)).properties.roleName).toBe("AcrPull");
  });

  it("include roles that were put in, which count for rights", async () => {
    const guid = "e0000000-0000-4000-8000-000000000001";
    const harness = await Harness.with([
      {
        id: `${AT}/providers/Microsoft.Authorization/roleDefinitions/${guid}`,
        type: "Microsoft.Authorization/roleDefinitions",
        properties: { roleName: "Image puller", permissions: [{ actions: ["Microsoft.ContainerRegistry/*/read"] }] },
      },
      ...plainWorld().filter((item) => !item.id?.includes("roleAssignments")),
      assignment("a0000000-0000-4000-8000-000000000003", REGISTRY, guid, SERVICE_PRINCIPAL),
    ]);
    await harness.advance("5m");
    const pulls = (await harness.events()).filter((event) => event.kind === "imagePull");
    expect(pulls).toHaveLength(5);
    expect(pulls.every((pull) => pull.ok)).toBe(true);
    const { value } = await harness.get(
      `${GROUP}/providers/Microsoft.Authorization/roleDefinitions?$filter=roleName eq 'image puller'`,
    );
    expect(value[0].properties.type).toBe("CustomRole");
  });
});

describe("the caller", () => {
  it("is refused what its roles do not hold, with Azure's words", async () => {
    const harness = await Harness.with(plainWorld(), { caller: { roles: [{ role: "Reader", scope: AT }] } });
    const put = await harness.call("PUT", CLUSTER, await harness.get(CLUSTER));
    expect(put.status).toBe(403);
    expect(put.body.error.code).toBe("AuthorizationFailed");
    expect(put.body.error.message).toMatch(
      /^The client 'operator@contoso\.com' with object id '[0-9a-f-]{36}' does not have authorization to perform action 'Microsoft\.ContainerService\/managedClusters\/write' over scope/,
    );
    const grant = await harness.grant(GROUP, ROLES.reader, SERVICE_PRINCIPAL);
    expect([grant.status, grant.body.error.code]).toEqual([403, "AuthorizationFailed"]);
    const { value } = await harness.get(`${GROUP}/providers/Microsoft.Authorization/permissions`);
    expect(value[0].actions).toEqual(["*/read"]);
  });

  it("needs to be allowed to assign the identities of a cluster that it puts", async () => {
    const harness = await Harness.with(plainWorld());
    const { id } = await harness.identity("id-web");
    const body = await harness.clusterBody({
      identity: { type: "UserAssigned", userAssignedIdentities: { [id]: {} } },
    });
    const role = "Azure Kubernetes Service Contributor Role";
    await harness.expect(200, "PATCH", "/_emulator/behaviour", { caller: { roles: [{ role, scope: AT }] } });
    const put = await harness.call("PUT", CLUSTER, body);
    expect([put.status, put.body.error.code]).toEqual([403, "LinkedAuthorizationFailed"]);
    expect(put.body.error.message).toContain("Microsoft.ManagedIdentity/userAssignedIdentities/assign/action");
    const roles = [
      { role, scope: AT },
      { role: "Managed Identity Operator", scope: GROUP },
    ];
    await harness.expect(200, "PATCH", "/_emulator/behaviour", { caller: { roles } });
    expect((await harness.call("PUT", CLUSTER, body)).status).toBe(200);
  });

  it("sees in lists over a subscription only what it may read", async () => {
    const other = CLUSTER.replace("/rg-app/", "/rg-other/");
    const again = { ...plainWorld().at(-1)!, id: other };
    const harness = await Harness.with([...plainWorld(), again], {
      caller: { roles: [{ role: "Reader", scope: GROUP }] },
    });
    const { value } = await harness.get(`${AT}/providers/Microsoft.ContainerService/managedClusters`);
    expect(value.map((cluster: { id: string }) => cluster.id.split("/")[4])).toEqual(["rg-app"]);
    expect((await harness.get(`${AT}/providers/Microsoft.ContainerRegistry/registries`)).value).toHaveLength(1);
    const assignments = await harness.get(`${AT}/providers/Microsoft.Authorization/roleAssignments`);
    expect(assignments.value.every((item: { id: string }) => item.id.includes("/rg-app/"))).toBe(true);
    expect((await harness.get("/subscriptions")).value).toHaveLength(1);
    await harness.expect(200, "PATCH", "/_emulator/behaviour", { caller: { roles: [] } });
    expect((await harness.get("/subscriptions")).value).toEqual([]);
    expect((await harness.call("GET", `${AT}/providers/Microsoft.ContainerService/managedClusters`)).status).toBe(403);
  });

  it("is the principal in the token when that was put in", async () => {
    const harness = await Harness.with(plainWorld());
    const claims = Buffer.from(JSON.stringify({ oid: SERVICE_PRINCIPAL })).toString("base64url");
    const headers = { authorization: `Bearer x.${claims}.y` };
    const own = await harness.call("GET", REGISTRY, undefined, headers);
    expect([own.status, own.body.error.code]).toEqual([403, "AuthorizationFailed"]);
    const unknown = Buffer.from(JSON.stringify({ oid: "someone else" })).toString("base64url");
    expect((await harness.call("GET", REGISTRY, undefined, { authorization: `Bearer x.${unknown}.y` })).status).toBe(
      200,
    );
  });

  it("runs into locks: ReadOnly stops writes, CanNotDelete deletions", async () => {
    const harness = await Harness.with(plainWorld(), { locks: [{ scope: GROUP, level: "ReadOnly" }] });
    const put = await harness.call("PUT", CLUSTER, await harness.get(CLUSTER));
    expect([put.status, put.body.error.code]).toEqual([409, "ScopeLocked"]);
    const { value } = await harness.get(`${GROUP}/providers/Microsoft.Authorization/locks`);
    expect(value[0].properties.level).toBe("ReadOnly");
    await harness.expect(200, "PATCH", "/_emulator/behaviour", { locks: [] });
    await harness.expect(201, "PUT", `${REGISTRY}/providers/Microsoft.Authorization/locks/keep`, {
      properties: { level: "CanNotDelete" },
    });
    const deletion = await harness.call("DELETE", REGISTRY);
    expect([deletion.status, deletion.body.error.code]).toEqual([409, "ScopeLocked"]);
  });

  it("runs into policies, which name what they deny", async () => {
    const type = "Microsoft.ManagedIdentity/userAssignedIdentities";
    const harness = await Harness.with(plainWorld(), { policies: [{ name: "no-identities", type, scope: AT }] });
    const put = await harness.call("PUT", `${GROUP}/providers/${type}/id-web`, { location: "westeurope" });
    expect([put.status, put.body.error.code, put.body.error.target]).toEqual([
      403,
      "RequestDisallowedByPolicy",
      "id-web",
    ]);
    expect(put.body.error.additionalInfo[0].type).toBe("PolicyViolation");
  });

  it("finds those policies among the assignments, wherever they are assigned", async () => {
    const path = "/providers/Microsoft.Authorization/policyAssignments";
    const caller = { roles: [{ role: "Reader", scope: AT }] };
    const policies = [{ name: "everywhere" }, { name: "here", scope: GROUP }, { name: "there", scope: `${GROUP}-2` }];
    const harness = await Harness.with(plainWorld(), { caller, policies });
    const listed = async (scope: string) =>
      (await harness.get(`${scope}${path}`)).value.map((item: { name: string }) => item.name);
    expect(await listed(AT)).toEqual(["everywhere", "here", "there"]);
    expect(await listed(GROUP)).toEqual(["everywhere", "here"]);
    const { value } = await harness.get(`${AT}${path}`);
    expect(value[0].properties.scope).toMatch(/^\/providers\/Microsoft.Management\/managementGroups\//);
  });
});

describe("groups", () => {
  it("pass their rights on to their members", async () => {
    const group = "f0000000-0000-4000-8000-000000000001";
    const harness = await Harness.with([
      { type: "Microsoft.Graph/groups", id: group, displayName: "pullers", members: [SERVICE_PRINCIPAL] },
      ...plainWorld({}, { _emulator: { registries: [REGISTRY] } }).filter(
        (item) => !item.id?.includes("roleAssignments"),
      ),
    ]);
    await harness.advance("5m");
    expect((await harness.events()).filter((event) => event.kind === "imagePull").every((event) => !event.ok)).toBe(
      true,
    );
    await harness.grant(REGISTRY, ROLES.acrPull, group);
    await harness.advance("30m");
    expect((await harness.events()).at(-1)).toMatchObject({ ok: true });
    expect((await harness.events()).filter((event) => event.kind === "imagePull").at(-1)).toMatchObject({ ok: true });
    const filter = encodeURIComponent(`atScope() and assignedTo('${SERVICE_PRINCIPAL}')`);
    expect(
      (await harness.get(`${REGISTRY}/providers/Microsoft.Authorization/roleAssignments?$filter=${filter}`)).value,
    ).toHaveLength(1);
    expect(
      (await harness.get(`/v1.0/servicePrincipals/${SERVICE_PRINCIPAL}/transitiveMemberOf`)).value[0].displayName,
    ).toBe("pullers");
  });
});
