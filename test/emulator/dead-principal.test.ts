import { expect, test } from "vitest";
import { APPLICATION, CLUSTER, Harness, plainWorld, SERVICE_PRINCIPAL, userAssigned } from "./harness.ts";

const APPLICATION_OBJECT = "44444444-4444-4444-8444-444444444444";
const DELETED = "/v1.0/directory/deletedItems/microsoft.graph.servicePrincipal";

/** A plain cluster whose service principal's last credential ended in spring. */
async function withExpiredSecret(behaviour = {}): Promise<Harness> {
  const harness = await Harness.with(plainWorld(), behaviour);
  await harness.expect(200, "POST", "/_emulator/resources", [
    {
      type: "Microsoft.Graph/applications",
      id: APPLICATION_OBJECT,
      appId: APPLICATION,
      passwordCredentials: [{ endDateTime: "2026-03-01T00:00:00Z" }],
    },
  ]);
  return harness;
}

/** Switches the cluster to an identity. */
async function switchTo(harness: Harness, name: string) {
  const { id } = await harness.identity(name);
  return harness.call("PUT", CLUSTER, { ...(await harness.clusterBody({})), identity: userAssigned(id) });
}

async function deletePrincipal(harness: Harness): Promise<void> {
  await harness.expect(204, "DELETE", `/v1.0/applications/${APPLICATION_OBJECT}`);
}

test("an update that does not leave an expired service principal is refused, flat, with Entra's own code", async () => {
  const harness = await withExpiredSecret();
  const answer = await harness.call("PUT", CLUSTER, await harness.clusterBody({ tags: { a: "b" } }));
  expect(answer.status).toBe(400);
  expect(answer.body).toMatchObject({ code: "BadRequest", subcode: "" });
  expect(answer.body.message).toMatch(/^The credentials in ServicePrincipalProfile were invalid\..*AADSTS7000222/);
});

test("the update that leaves a dead service principal is accepted or refused, as the switch says", async () => {
  expect((await switchTo(await withExpiredSecret(), "id-web")).status).toBe(200);
  const refusing = await withExpiredSecret({ deadPrincipalUpdate: "refused" });
  expect(await switchTo(refusing, "id-web")).toMatchObject({ status: 400, body: { code: "BadRequest" } });
  await deletePrincipal(refusing);
  const answer = await switchTo(refusing, "id-web-next");
  expect(answer).toMatchObject({ status: 400, body: { code: "ServicePrincipalNotFound" } });
});

test("a deleted application takes its service principal with it, and both can be listed for a while", async () => {
  const harness = await Harness.with(plainWorld());
  await deletePrincipal(harness);
  const filter = `$filter=appId eq '${APPLICATION}'`;
  expect((await harness.get(`/v1.0/servicePrincipals?${filter}`)).value).toEqual([]);
  expect((await harness.get(`/v1.0/applications?${filter}`)).value).toEqual([]);
  const { value } = await harness.get(`${DELETED}?${filter}`);
  expect(value).toMatchObject([{ id: SERVICE_PRINCIPAL, appId: APPLICATION, deletedDateTime: expect.any(String) }]);
  expect((await harness.call("GET", "/v1.0/directory/deletedItems")).status).toBe(400);
});

test("a cluster on a deleted service principal can neither pull nor attach, and its role assignments are still there", async () => {
  const harness = await Harness.with(plainWorld());
  await deletePrincipal(harness);
  await harness.advance("10m");
  const failed = (await harness.events()).filter(({ ok }) => !ok);
  expect(new Set(failed.map(({ kind }) => kind))).toEqual(new Set(["imagePull", "diskAttach", "loadBalancer"]));
  expect(failed[0].reason).toContain("has been deleted");
  const assignments = await harness.get(
    `/subscriptions/11111111-1111-4111-8111-111111111111/providers/Microsoft.Authorization/roleAssignments?$filter=principalId eq '${SERVICE_PRINCIPAL}'`,
  );
  expect(assignments.value.length).toBeGreaterThan(0);
});

test("an object that is put in as deleted is in the bin from the start", async () => {
  const [principal, ...others] = plainWorld();
  const harness = await Harness.with([{ ...principal!, deletedDateTime: "2026-11-20T00:00:00Z" }, ...others]);
  expect((await harness.get(`${DELETED}?$filter=appId eq '${APPLICATION}'`)).value).toHaveLength(1);
  await harness.advance("10m");
  expect((await harness.events()).some(({ ok }) => !ok)).toBe(true);
});

test("what was deleted is restored one by one, or goes for good", async () => {
  const harness = await Harness.with(plainWorld());
  await deletePrincipal(harness);
  await harness.expect(200, "POST", `/v1.0/directory/deletedItems/${SERVICE_PRINCIPAL}/restore`);
  expect((await harness.get(`/v1.0/servicePrincipals?$filter=appId eq '${APPLICATION}'`)).value).toHaveLength(1);
  expect((await harness.get(`/v1.0/applications?$filter=appId eq '${APPLICATION}'`)).value).toEqual([]);
  await harness.advance("10m");
  expect((await harness.events()).every(({ ok }) => ok)).toBe(true);
  await harness.expect(204, "DELETE", `/v1.0/directory/deletedItems/${APPLICATION_OBJECT}`);
  await harness.expect(404, "POST", `/v1.0/directory/deletedItems/${APPLICATION_OBJECT}/restore`);
});

test("a reset of the credentials needs a service principal that is alive, images every node, and is nothing for managed identity", async () => {
  const harness = await withExpiredSecret();
  const reset = () =>
    harness.call("POST", `${CLUSTER}/resetServicePrincipalProfile`, { clientId: APPLICATION, secret: "s3cret" });
  expect(await reset()).toMatchObject({ status: 400, body: { code: "BadRequest" } });
  await harness.expect(200, "POST", "/_emulator/resources", [
    {
      type: "Microsoft.Graph/applications",
      id: APPLICATION_OBJECT,
      appId: APPLICATION,
      passwordCredentials: [{ endDateTime: "2027-03-01T00:00:00Z" }],
    },
  ]);
  expect((await reset()).status).toBe(202);
  await harness.advance("60m");
  expect((await harness.events()).filter(({ kind }) => kind === "nodeReimaged")).toHaveLength(5);
  expect((await harness.get(CLUSTER)).properties.provisioningState).toBe("Succeeded");
  await switchTo(harness, "id-web");
  await harness.advance("60m");
  expect(await reset()).toMatchObject({ status: 400, body: { code: "ChangeServicePrincipalProfileNotAllowed" } });
});
